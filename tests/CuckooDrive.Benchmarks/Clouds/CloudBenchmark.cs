using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using CuckooDrive.Benchmarks.Mounted;
using CuckooDrive.Benchmarks.Support;
using CuckooDrive.Benchmarks.Work;

namespace CuckooDrive.Benchmarks.Clouds;

/// <summary>
/// A mounted drive over four clouds beside rclone with one of them: the same servers behind the same lines. In every round each
/// row runs on both, one after the other.
/// </summary>
internal sealed class CloudBenchmark(CloudOptions options, TextWriter progress, CancellationToken cancellation)
{
    private const double Megabyte = 1e6;

    /// <summary>How long a line is measured in each direction.</summary>
    private const double LineSeconds = 4;

    /// <summary>What a cold read of one byte needs to fetch: a chunk.</summary>
    private const int ChunkLength = 128 << 10;

    /// <summary>As the comparison says; all else are rclone's defaults.</summary>
    private static readonly string[] SmallFileArguments = ["--transfers", "8"];

    private readonly Results _results = new();

    public async Task<CloudReport> RunAsync()
    {
        using var folder = WorkFolder.Create(options.At, options.BytesNeeded);
        var conditions = new Conditions(
            Machine.Describe(), $"{folder.Path} ({Machine.FileSystemOf(folder.Path)})", KernelCaches.CanDrop,
            [await RcloneRemote.VersionAsync(cancellation)], Machine.Load);
        using var farm = new CloudFarm(folder.Make("clouds"), CloudOptions.Clouds, options.Line);
        var lines = new List<string>();
        // The compiler's time is not the line's.
        await farm.MeasureLineAsync(8, (long)(LineSeconds * Megabyte * options.Rate), cancellation);
        foreach (var connections in new[] { 1, 8 })
        {
            var (up, down, cpu) = await farm.MeasureLineAsync(connections, (long)(LineSeconds * Megabyte * options.Rate), cancellation);
            lines.Add(string.Create(CultureInfo.InvariantCulture,
                $"{connections} connections: {up / Megabyte:0.0} MB/s up, {down / Megabyte:0.0} MB/s down, {cpu:0.0} processor seconds for each GB"));
        }
        var rclone = await RcloneRemote.CreateAsync(farm, folder.Path, cancellation);
        var sources = folder.Make("sources");
        await WorkAsync("write", Path.Combine(sources, "large"), options.LargeBytes, DataKind.Random);
        await WorkAsync("create", Path.Combine(sources, "small"), options.Files, CloudOptions.FilesPerFolder);
        for (var round = 1; round <= options.Rounds; round++)
        {
            progress.WriteLine($"round {round} of {options.Rounds}");
            await RunRoundAsync(round, folder, farm, rclone, sources);
        }
        return new CloudReport(options, _results, conditions with { LoadAtEnd = Machine.Load }, lines);
    }

    private async Task RunRoundAsync(int round, WorkFolder folder, CloudFarm farm, RcloneRemote rclone, string sources)
    {
        await using var drive = await CloudDrive.CreateAsync(farm, folder.Path, $"drive{round}");
        if (options.Wants(CloudRows.CopyIn) || options.Wants(CloudRows.CopyOut))
            await LargeAsync(round, folder, drive, rclone, Path.Combine(sources, "large"));
        if (options.Wants(CloudRows.Small))
            await SmallAsync(round, drive, rclone, Path.Combine(sources, "small"));
        if (options.Wants(CloudRows.FirstByte))
            await FirstByteAsync(round, drive, farm);
    }

    private async Task LargeAsync(int round, WorkFolder folder, CloudDrive drive, RcloneRemote rclone, string source)
    {
        var (ours, theirs) = (Path.Combine(folder.Path, "ours"), folder.Make("theirs"));
        double Rate(double seconds) => options.LargeBytes / Megabyte / seconds;
        await MeasureAsync(round, CloudRows.CopyIn, CloudRows.Rclone, Rate, () => rclone.CopyInAsync(source, "large", cancellation));
        var cpu = ProcessMeter.CpuSeconds(drive.ProcessId);
        await MeasureAsync(round, CloudRows.CopyIn, CloudRows.Drive, Rate, () => CopyInAsync(source, drive, "large"));
        progress.WriteLine($"  {Number.Format(ProcessMeter.CpuSeconds(drive.ProcessId) - cpu)} processor seconds of the drive");
        await MeasureAsync(round, CloudRows.CopyOut, CloudRows.Rclone, Rate, () => rclone.CopyOutAsync("large", theirs, cancellation));
        await drive.MakeColdAsync(cancellation);
        cpu = ProcessMeter.CpuSeconds(drive.ProcessId);
        await MeasureAsync(round, CloudRows.CopyOut, CloudRows.Drive, Rate, () => Tool.RunAsync("cp", [drive.PathOf("large"), ours], cancellation: cancellation));
        progress.WriteLine($"  {Number.Format(ProcessMeter.CpuSeconds(drive.ProcessId) - cpu)} processor seconds of the drive");
        foreach (var copy in new[] { ours, Path.Combine(theirs, "large") })
            await Tool.RunAsync("cmp", [source, copy], cancellation: cancellation);
        File.Delete(ours);
        Directory.Delete(theirs, recursive: true);
        await rclone.RemoveAsync("large", cancellation);
        File.Delete(drive.PathOf("large"));
    }

    private async Task SmallAsync(int round, CloudDrive drive, RcloneRemote rclone, string source)
    {
        double Rate(double seconds) => options.Files / seconds;
        await MeasureAsync(round, CloudRows.Small, CloudRows.Rclone, Rate, () => rclone.CopyInAsync(source, "small", cancellation, SmallFileArguments));
        await MeasureAsync(round, CloudRows.Small, CloudRows.Drive, Rate, () => CopyInAsync(source, drive, "small"));
        await Tool.RunAsync("diff", ["-r", source, drive.PathOf("small")], cancellation: cancellation);
        await rclone.RemoveAsync("small", cancellation);
    }

    private async Task FirstByteAsync(int round, CloudDrive drive, CloudFarm farm)
    {
        for (var file = 0; file < CloudOptions.ColdFiles; file++)
            await File.WriteAllBytesAsync(drive.PathOf($"cold{file}"), RandomNumberGenerator.GetBytes(1 << 20), cancellation);
        await drive.FlushAsync();
        await drive.MakeColdAsync(cancellation);
        var times = new List<double>();
        for (var file = 0; file < CloudOptions.ColdFiles; file++)
            times.Add((await WorkAsync("first-byte", drive.PathOf($"cold{file}"))).Seconds);
        Record(round, CloudRows.FirstByte, CloudRows.Drive, Median(times) * 1000);
        Record(round, CloudRows.FirstByte, CloudRows.Request, await RequestMillisecondsAsync(farm));
    }

    /// <summary>One round trip (a question about a folder) and one range request of a chunk, over a connection that is open.</summary>
    private async Task<double> RequestMillisecondsAsync(CloudFarm farm)
    {
        using var client = farm.OpenClient();
        using (await client.PutAsync("range", new ByteArrayContent(new byte[1 << 20]), cancellation))
        {
        }
        var times = new List<double>();
        for (var repeat = 0; repeat < CloudOptions.ColdFiles; repeat++)
        {
            var clock = Stopwatch.StartNew();
            using (var question = new HttpRequestMessage(new HttpMethod("PROPFIND"), "") { Headers = { { "Depth", "0" } } })
            using (await client.SendAsync(question, cancellation))
            {
            }
            using var request = new HttpRequestMessage(HttpMethod.Get, "range") { Headers = { Range = new RangeHeaderValue(0, ChunkLength - 1) } };
            using (await client.SendAsync(request, cancellation))
                times.Add(clock.Elapsed.TotalMilliseconds);
        }
        return Median(times);
    }

    private async Task CopyInAsync(string source, CloudDrive drive, string name)
    {
        var clock = Stopwatch.StartNew();
        await Tool.RunAsync("cp", ["-r", source, drive.PathOf(name)], cancellation: cancellation);
        var copied = clock.Elapsed.TotalSeconds;
        await drive.FlushAsync();
        progress.WriteLine($"  {Number.Format(copied)} s to copy, {Number.Format(clock.Elapsed.TotalSeconds - copied)} s until protected");
    }

    private async Task MeasureAsync(int round, Row row, string subject, Func<double, double> figure, Func<Task> work)
    {
        var clock = Stopwatch.StartNew();
        await work();
        Record(round, row, subject, figure(clock.Elapsed.TotalSeconds));
    }

    private void Record(int round, Row row, string subject, double value)
    {
        _results.Add(new Figure(row, subject, round, value, null));
        progress.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {subject,-10} {row.Id,-12} {Number.Format(value)} {row.Unit}"));
    }

    private async Task<WorkResult> WorkAsync(params IEnumerable<object> arguments)
    {
        var texts = arguments.Select(argument => Convert.ToString(argument, CultureInfo.InvariantCulture)!).Prepend("work");
        return WorkResult.Parse(await Tool.RunAsync(
            Environment.ProcessPath!, texts, new ToolOptions { Environment = WorkProgram.Environment }, cancellation));
    }

    private static double Median(IEnumerable<double> values) => Distribution.Of(values)!.Value.Median;
}
