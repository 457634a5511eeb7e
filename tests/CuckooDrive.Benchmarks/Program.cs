using System.CommandLine;
using CuckooDrive.Benchmarks.Clouds;
using CuckooDrive.Benchmarks.Kernels;
using CuckooDrive.Benchmarks.Memory;
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
if (args is [KernelsCommand.Name, .. var kernels])
    return KernelsCommand.Run(kernels);
// The comparison is what the program is for: its name may be left out.
if (args.Length == 0 || args[0].StartsWith("--", StringComparison.Ordinal) && args[0] is not ("--help" or "--version"))
    args = [MountedCommand.Name, .. args];

var root = new RootCommand("""
    Measurements of CuckooDrive; docs/benchmarks.md explains them. Besides the commands below there are
      kernels [BenchmarkDotNet's options]   the inner loops, such as kernels --filter '*Seal*'
      floor MOUNTPOINT                      mounts a file system in memory: the floor of the comparisons
    """)
{
    MountedCommand.Create(),
    MemoryCommand.Create(),
    CloudCommand.Create(),
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
