using System.CommandLine;
using CuckooDrive.Benchmarks.Mounted;
using CuckooDrive.Benchmarks.Support;
using CuckooDrive.Benchmarks.Work;
using CuckooDrive.Testing.FileSystems;

if (args is ["floor", var mountPoint])
{
    await FloorMount.RunAsync(mountPoint);
    return 0;
}
if (args is ["work", .. var work])
    return WorkProgram.Run(work);

var root = new RootCommand("Measurements of CuckooDrive; docs/benchmarks.md explains them. Also: floor MOUNTPOINT, a file system in memory, until unmounted.")
{
    MountedCommand.Create(),
};
try
{
    return await root.Parse(args).InvokeAsync(new InvocationConfiguration
    {
        EnableDefaultExceptionHandler = false,
        // Unmounting and deleting may take a while after Ctrl-C.
        ProcessTerminationTimeout = TimeSpan.FromMinutes(3),
    });
}
catch (BenchmarkException failure)
{
    Console.Error.WriteLine(failure.Message);
    return 1;
}
catch (OperationCanceledException)
{
    Console.Error.WriteLine("Interrupted; everything is unmounted and deleted.");
    return 1;
}
