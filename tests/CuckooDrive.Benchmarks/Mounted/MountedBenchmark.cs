using CuckooDrive.Benchmarks.Subjects;
using CuckooDrive.Benchmarks.Support;

namespace CuckooDrive.Benchmarks.Mounted;

/// <summary>
/// All subjects side by side: in every round each group of rows runs on one subject after another, each on a new file
/// system, in an order that turns from round to round, so that what the machine does besides hits all alike.
/// </summary>
internal sealed class MountedBenchmark(MountedOptions options, TextWriter progress)
{
    private readonly Results _results = new();

    public async Task<Report> RunAsync(CancellationToken cancellation)
    {
        var subjects = options.Subjects.Where(IsThere).ToList();
        MeasuredGroup[] groups = [new LargeGroup(), new SmallGroup(), new TreeGroup()];
        var wanted = groups.Where(group => Rows.All.Any(row => row.Group == group.Name && options.Wants(row))).ToList();
        var versions = new List<string>();
        foreach (var subject in subjects)
            versions.Add(await SubjectCatalog.DescribeAsync(subject, cancellation));
        using var folder = WorkFolder.Create(options.At, options.BytesNeeded);
        var conditions = new Conditions(Machine.Describe(), $"{folder.Path} ({Machine.FileSystemOf(folder.Path)})", KernelCaches.CanDrop, versions, Machine.Load);
        foreach (var group in wanted)
            await group.PrepareAsync(folder.Make(group.Name), options, cancellation);
        for (var round = 1; round <= options.Rounds; round++)
            foreach (var group in wanted)
            {
                progress.WriteLine($"round {round} of {options.Rounds}, {group.Name}");
                for (var turn = 0; turn < subjects.Count; turn++)
                    await RunGroupAsync(group, subjects[(turn + round - 1) % subjects.Count], round, folder, cancellation);
            }
        return new Report(options, subjects, _results, conditions with { LoadAtEnd = Machine.Load });
    }

    private bool IsThere(string subject)
    {
        if (SubjectCatalog.WhyMissing(subject) is not { } reason)
            return true;
        progress.WriteLine($"Left out: {reason}.");
        return false;
    }

    private async Task RunGroupAsync(MeasuredGroup group, string name, int round, WorkFolder folder, CancellationToken cancellation)
    {
        var context = new GroupContext(options, _results, name, round, progress, cancellation);
        try
        {
            await using var subject = SubjectCatalog.Create(name, Path.Combine(folder.Path, name));
            await subject.StartAsync(cancellation);
            await group.RunAsync(context, subject);
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            // One subject's failure must not cost the figures of the others.
            foreach (var row in Rows.All.Where(row => row.Group == group.Name && _results.Of(row, name) is null))
                context.Fail(row, failure.Message.ReplaceLineEndings(" "));
        }
    }
}

/// <summary>What the figures were made under.</summary>
/// <param name="CachesDropped">Whether the kernel's caches were dropped for cold rows.</param>
/// <param name="Versions">Of each subject.</param>
/// <param name="LoadAtStart">Over the last minute: above a half somebody else was at work.</param>
internal sealed record Conditions(string Machine, string Place, bool CachesDropped, IReadOnlyList<string> Versions, double LoadAtStart)
{
    public double LoadAtEnd { get; init; }
}
