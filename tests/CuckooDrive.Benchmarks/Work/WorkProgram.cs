using System.Globalization;

namespace CuckooDrive.Benchmarks.Work;

/// <summary>
/// The load generator: `work NAME PATH ...` in a process of its own, so that one code drives every subject and nothing of
/// it runs in the process that serves a mount. Prints a <see cref="WorkResult"/>.
/// </summary>
internal static class WorkProgram
{
    /// <summary>What the load generator itself needs: compiled at once, and without the locks that .NET takes on open files.</summary>
    public static readonly IReadOnlyDictionary<string, string> Environment = new Dictionary<string, string>
    {
        ["DOTNET_TieredCompilation"] = "0",
        ["DOTNET_SYSTEM_IO_DISABLEFILELOCKING"] = "1",
    };

    public static int Run(ReadOnlySpan<string> arguments)
    {
        try
        {
            Console.Out.WriteLine(RunWork(arguments).ToJson());
            return 0;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or InvalidDataException or System.ComponentModel.Win32Exception)
        {
            Console.Error.WriteLine(failure.Message);
            return 1;
        }
    }

    private static WorkResult RunWork(ReadOnlySpan<string> arguments) => arguments switch
    {
        ["write", var path, var bytes, var kind] => LargeFileWork.Write(path, Number(bytes), Enum.Parse<DataKind>(kind)),
        ["read", var path] => LargeFileWork.Read(path),
        ["first-byte", var path] => LargeFileWork.ReadFirstByte(path),
        ["read-pages", var path, var count, var direct, var order] =>
            LargeFileWork.ReadPages(path, (int)Number(count), bool.Parse(direct), (int)Number(order)),
        ["write-pages", var path, var count, var flushEach, var order] =>
            LargeFileWork.WritePages(path, (int)Number(count), bool.Parse(flushEach), (int)Number(order)),
        ["create", var root, var files, var perFolder] => Warm(SmallFileWork.Create, root, (int)Number(files), (int)Number(perFolder)),
        ["stat", var root] => Warm(SmallFileWork.Stat, root),
        ["read-all", var root] => Warm(SmallFileWork.Read, root),
        ["delete", var root] => Warm(SmallFileWork.Delete, root),
        ["create-many", var root, var files, var length] => ManyFilesWork.Create(root, (int)Number(files), (int)Number(length)),
        ["walk", var root] => ManyFilesWork.Walk(root),
        ["soak", var root, var minutes] => SoakWork.Run(root, double.Parse(minutes, CultureInfo.InvariantCulture)),
        _ => throw new InvalidDataException($"There is no such work: {string.Join(' ', arguments.ToArray())}"),
    };

    private static WorkResult Warm(Func<string, int, int, WorkResult> work, string root, int files, int perFolder)
    {
        WithWarmTree(tree => work(Path.Combine(tree, "new"), 20, 10));
        return work(root, files, perFolder);
    }

    private static WorkResult Warm(Func<string, WorkResult> work, string root)
    {
        WithWarmTree(tree => work(tree));
        return work(root);
    }

    /// <summary>Short workloads run once on a small tree in the temporary folder first: the compiler's time is not theirs.</summary>
    private static void WithWarmTree(Action<string> work)
    {
        var tree = Path.Combine(Path.GetTempPath(), $"cuckoo-bench-warm-{System.Environment.ProcessId}");
        try
        {
            SmallFileWork.Create(tree, 20, 10);
            work(tree);
        }
        finally
        {
            if (Directory.Exists(tree))
                Directory.Delete(tree, recursive: true);
        }
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
