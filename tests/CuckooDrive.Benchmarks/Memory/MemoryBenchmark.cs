using System.Diagnostics;
using System.Globalization;
using CuckooDrive.Benchmarks.Subjects;
using CuckooDrive.Benchmarks.Support;
using CuckooDrive.Benchmarks.Work;

namespace CuckooDrive.Benchmarks.Memory;

/// <summary>How much memory the real program holds while much is copied, while many files are walked, and over time.</summary>
internal sealed class MemoryBenchmark(MemoryOptions options, TextWriter output)
{
    private const double Mebibyte = 1 << 20;
    private const long PieceLength = 256L << 20;

    /// <summary>What a soak may gain between its second and its last quarter: the garbage collector's breathing.</summary>
    private const double GrowthAllowed = 1.10;
    private const double GrowthAllowedMebibytes = 16;

    /// <summary>Before that, caches are still filling.</summary>
    private const double MinutesThatTell = 20;

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan SoakInterval = TimeSpan.FromSeconds(10);
    private readonly List<string> _misses = [];

    /// <returns>Whether all stayed within the limit.</returns>
    public async Task<bool> RunAsync(CancellationToken cancellation)
    {
        output.WriteLine($"- {Machine.Describe()}");
        using var folder = WorkFolder.Create(options.At ?? Path.GetTempPath(), options.BytesNeeded);
        if (options.Gibibytes > 0)
            await OnNewDriveAsync(folder, subject => CopyAsync(subject, cancellation), cancellation);
        if (options.Files > 0)
            await OnNewDriveAsync(folder, subject => WalkAsync(subject, cancellation), cancellation);
        if (options.Minutes > 0)
            await OnNewDriveAsync(folder, subject => SoakAsync(subject, cancellation), cancellation);
        foreach (var miss in _misses)
            output.WriteLine($"- missed: {miss}");
        return _misses.Count == 0;
    }

    private static async Task OnNewDriveAsync(WorkFolder folder, Func<Subject, Task> action, CancellationToken cancellation)
    {
        await using var subject = new CuckooSubject(Path.Combine(folder.Path, CuckooSubject.Name));
        await subject.StartAsync(cancellation);
        await action(subject);
    }

    private async Task CopyAsync(Subject subject, CancellationToken cancellation)
    {
        var bytes = (long)(options.Gibibytes * (1 << 30));
        var pieces = (int)((bytes + PieceLength - 1) / PieceLength);
        string PathOf(int piece) => subject.PathOf($"piece-{piece:d4}");
        await PhaseAsync(subject, $"copy {options.Gibibytes} GiB in", async () =>
        {
            for (var piece = 0; piece < pieces; piece++)
                await WorkAsync(["write", PathOf(piece), Number(Math.Min(PieceLength, bytes - piece * PieceLength)), nameof(DataKind.Random)], cancellation);
        });
        await PhaseAsync(subject, "until all is protected", () => subject.SettleAsync(cancellation));
        await subject.MakeColdAsync(cancellation);
        await PhaseAsync(subject, $"read {options.Gibibytes} GiB back, cold", async () =>
        {
            for (var piece = 0; piece < pieces; piece++)
                await WorkAsync(["read", PathOf(piece)], cancellation);
        });
    }

    private async Task WalkAsync(Subject subject, CancellationToken cancellation)
    {
        const int fileLength = 64;
        var root = subject.PathOf("many");
        await PhaseAsync(subject, $"create {options.Files} files of {fileLength} bytes", () =>
            WorkAsync(["create-many", root, Number(options.Files), Number(fileLength)], cancellation));
        await PhaseAsync(subject, "until all is protected", () => subject.SettleAsync(cancellation));
        var clock = Stopwatch.StartNew();
        await subject.MakeColdAsync(cancellation);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"- unmount and mount with {options.Files} files: {clock.Elapsed.TotalSeconds:0.0} s"));
        for (var pass = 1; pass <= 2; pass++)
        {
            await PhaseAsync(subject, $"walk {options.Files} files, pass {pass}", async () =>
            {
                var walked = await WorkAsync(["walk", root], cancellation);
                if (walked.Operations != options.Files || walked.Bytes != (long)options.Files * fileLength)
                    throw new BenchmarkException($"The walk found {walked.Operations} files of {walked.Bytes} bytes in all.");
            });
        }
    }

    private async Task SoakAsync(Subject subject, CancellationToken cancellation)
    {
        var samples = await PhaseAsync(
            subject,
            string.Create(CultureInfo.InvariantCulture, $"mixed load for {options.Minutes} minutes"),
            () => WorkAsync(["soak", subject.PathOf("soak"), Number(options.Minutes)], cancellation),
            TimeSpan.FromMinutes(options.Minutes / 100) is var fine && fine < SoakInterval ? fine : SoakInterval);
        var quarter = samples.Count / 4;
        if (quarter < 2)
            return;
        var early = Median(samples.Skip(quarter).Take(quarter));
        var late = Median(samples.TakeLast(quarter));
        output.WriteLine($"- resident in the second quarter {Format(early)}, in the last {Format(late)}");
        if (options.Minutes >= MinutesThatTell && late > early * GrowthAllowed && late > early + GrowthAllowedMebibytes * Mebibyte)
            _misses.Add($"the resident set grew from {Format(early)} to {Format(late)} during the mixed load");
    }

    /// <summary>Runs work and prints the serving process's resident set during it.</summary>
    private async Task<IReadOnlyList<long>> PhaseAsync(Subject subject, string title, Func<Task> work, TimeSpan? interval = null)
    {
        await using var sampler = new ResidentSampler(subject.ProcessId, interval ?? Interval);
        var clock = Stopwatch.StartNew();
        await work();
        var seconds = clock.Elapsed.TotalSeconds;
        await sampler.StopAsync();
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"- {title}: peak {Format(sampler.Peak)}, median {Format(Median(sampler.Samples.DefaultIfEmpty(sampler.Peak)))}, {seconds:0.0} s"));
        if (sampler.Peak > options.LimitMebibytes * Mebibyte)
            _misses.Add($"{title}: {Format(sampler.Peak)}, the limit is {options.LimitMebibytes} MiB");
        return sampler.Samples;
    }

    private static async Task<WorkResult> WorkAsync(IEnumerable<string> arguments, CancellationToken cancellation) => WorkResult.Parse(
        await Tool.RunAsync(Environment.ProcessPath!, arguments.Prepend("work"), new ToolOptions { Environment = WorkProgram.Environment }, cancellation));

    private static double Median(IEnumerable<long> values) => Distribution.Of(values.Select(value => (double)value))!.Value.Median;

    private static string Format(double bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / Mebibyte:0} MiB");

    private static string Number(double number) => number.ToString(CultureInfo.InvariantCulture);
}
