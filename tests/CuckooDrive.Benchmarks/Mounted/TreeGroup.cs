using System.Diagnostics;
using CuckooDrive.Benchmarks.Subjects;
using CuckooDrive.Benchmarks.Support;
using CuckooDrive.Benchmarks.Work;

namespace CuckooDrive.Benchmarks.Mounted;

/// <summary>A source tree, used by the programs that people use. Each runs on a small tree elsewhere first, so that the program itself is not read from the disk while the clock runs.</summary>
internal sealed class TreeGroup : MeasuredGroup
{
    private const int WarmFiles = 30;
    private string _archive = "";
    private string _warmArchive = "";
    private string _warmFolder = "";

    public override string Name => Rows.Tree;

    public override async Task PrepareAsync(string folder, MountedOptions options, CancellationToken cancellation)
    {
        _archive = await SourceTree.MakeAsync(folder, options.TreeFiles, cancellation);
        _warmFolder = Path.Combine(folder, "warm");
        _warmArchive = await SourceTree.MakeAsync(_warmFolder, WarmFiles, cancellation);
    }

    public override async Task RunAsync(GroupContext context, Subject subject)
    {
        var tree = subject.PathOf(SourceTree.FolderName);
        await WarmAsync(context);
        if (await MeasureAsync(Rows.Untar, () => Untar(_archive, subject.MountPoint)) is null)
            return;
        if (context.Wants(Rows.StatusCold, Rows.StatusWarm))
        {
            // The first one after untar reads all files, since their inodes are not those of the index: not measured.
            await GitStatusAsync(tree, context.Cancellation);
            await subject.SettleAsync(context.Cancellation);
            await subject.MakeColdAsync(context.Cancellation);
            await WarmAsync(context);
            await MeasureAsync(Rows.StatusCold, () => GitStatusAsync(tree, context.Cancellation));
            await MeasureAsync(Rows.StatusWarm, () => GitStatusAsync(tree, context.Cancellation));
        }
        if (context.Wants(Rows.DiskUsage))
        {
            await subject.MakeColdAsync(context.Cancellation);
            await WarmAsync(context);
            await MeasureAsync(Rows.DiskUsage, () => DiskUsage(tree));
        }
        if (context.Wants(Rows.Remove))
            await MeasureAsync(Rows.Remove, () => Remove(tree));
        context.RecordPeak(Rows.MemoryTree, subject);

        Task<WorkResult?> MeasureAsync(Row row, Func<Task> work) =>
            context.MeasureAsync(row, subject, () => TimeAsync(work), result => result.Seconds);

        Task Untar(string archive, string target) => Tool.RunAsync("tar", ["-xf", archive, "-C", target], cancellation: context.Cancellation);
        Task Remove(string path) => Tool.RunAsync("rm", ["-rf", path], cancellation: context.Cancellation);
        Task DiskUsage(string path) => Tool.RunAsync("du", ["-s", path], cancellation: context.Cancellation);

        async Task WarmAsync(GroupContext _)
        {
            var warmTree = Path.Combine(_warmFolder, SourceTree.FolderName);
            await Untar(_warmArchive, _warmFolder);
            await GitStatusAsync(warmTree, context.Cancellation);
            await GitStatusAsync(warmTree, context.Cancellation);
            await DiskUsage(warmTree);
            await Remove(warmTree);
        }
    }

    private static async Task GitStatusAsync(string tree, CancellationToken cancellation)
    {
        var options = new ToolOptions { Environment = SourceTree.GitEnvironment };
        var changes = await Tool.RunAsync("git", ["-C", tree, "status", "--porcelain"], options, cancellation);
        if (changes.Length > 0)
            throw new BenchmarkException($"git sees changes that nobody made: {changes.Split('\n')[0]}");
    }

    private static async Task<WorkResult> TimeAsync(Func<Task> work)
    {
        var clock = Stopwatch.StartNew();
        await work();
        return new WorkResult(clock.Elapsed.TotalSeconds, 1, 0);
    }
}
