using System.CommandLine;
using System.Globalization;
using CuckooDrive.Clouds;
using CuckooDrive.Clouds.Conformance;
using CuckooDrive.Host.CommandLine;
using CuckooDrive.Host.Output;
using CuckooDrive.Host.Storage;

namespace CuckooDrive.Host.Commands.Storage;

/// <summary>cuckoo storage check: whether a provider keeps its promises, on the user's own account.</summary>
internal static class StorageCheckCommand
{
    private const int QuickStream = 4 << 20;
    private const int Stream = 16 << 20;

    public static Command Create()
    {
        var url = StorageCommand.Url();
        var quick = new Option<bool>("--quick") { Description = "Leave out the checks that move hundreds of megabytes or thousands of objects" };
        var json = CommonOptions.Json();
        var command = new Command("check", $"Check in a scratch folder ({ConformanceSuite.Folder}) that a storage keeps every promise, and measure it")
        {
            url, quick, json,
        };
        command.WithExamples(
            "cuckoo storage check file:///mnt/nas/cuckoo",
            "cuckoo storage check file:///mnt/nas/cuckoo --quick --json");
        command.RunWithStorage(url, null, (call, cancellation) =>
            RunAsync(call, call.Result.GetValue(quick), call.Result.GetValue(json), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(StorageCall call, bool quick, bool json, CancellationToken cancellation)
    {
        await TryOutAsync(call.Cloud, cancellation);
        var results = json
            ? await CheckSilentlyAsync(call, quick, cancellation)
            : await CheckAsync(call, quick, result => Print(call.Terminal, result), cancellation);
        var speed = await MeasureAsync(call, quick ? QuickStream : Stream, cancellation);
        var output = new StorageCheckOutput
        {
            Address = call.Url,
            Passed = results.Count(result => result.Outcome == ConformanceOutcome.Passed),
            Failed = results.Count(result => result.Outcome == ConformanceOutcome.Failed),
            Skipped = results.Count(result => result.Outcome == ConformanceOutcome.Skipped),
            Checks = [.. results.Select(StorageCheckResult.From)],
            Capabilities = StorageCapabilitiesOutput.From(call.Cloud.Capabilities),
            Speed = speed,
        };
        if (json)
            OutputJson.Print(call.Terminal, output, OutputJson.Default.StorageCheckOutput);
        else
            Print(call.Terminal, output);
        return output.Failed == 0 ? ExitStatus.Success : ExitStatus.Failure;
    }

    /// <summary>A storage that is not there, needs a login or cannot be written is one sentence, and not sixty failed checks.</summary>
    private static async Task TryOutAsync(ICloudStorage cloud, CancellationToken cancellation)
    {
        var name = $"{ConformanceSuite.Folder}{Guid.NewGuid():n}/first";
        await cloud.WriteAsync(name, CloudContent.FromMemory(new byte[1]), cancellation);
        await cloud.DeleteAsync(name, CancellationToken.None);
    }

    private static async Task<List<ConformanceResult>> CheckSilentlyAsync(StorageCall call, bool quick, CancellationToken cancellation)
    {
        List<ConformanceResult> results = [];
        var total = ConformanceSuite.Checks.Count(check => !quick || !check.IsHeavy);
        var done = 0;
        await ProgressView.RunAsync(call.Terminal, "Checking", async view =>
        {
            view.Report("running the checks", 0, total);
            results = await CheckAsync(call, quick, _ => view.Report("running the checks", ++done, total), cancellation);
        });
        return results;
    }

    private static async Task<List<ConformanceResult>> CheckAsync(
        StorageCall call, bool quick, Action<ConformanceResult> seen, CancellationToken cancellation)
    {
        var results = new List<ConformanceResult>();
        await foreach (var result in ConformanceSuite.RunAsync(call.Cloud, heavy: !quick, cancellationToken: cancellation))
        {
            results.Add(result);
            seen(result);
        }
        return results;
    }

    private static async Task<StorageSpeedOutput?> MeasureAsync(StorageCall call, int length, CancellationToken cancellation)
    {
        try
        {
            return await new StorageMeasurement(call.Cloud, TimeProvider.System).RunAsync(length, cancellation);
        }
        catch (CloudException failure)
        {
            call.Terminal.Note($"The speed could not be measured: {failure.Message}");
            return null;
        }
    }

    private static void Print(Terminal terminal, ConformanceResult result) => terminal.Line(result.Outcome switch
    {
        ConformanceOutcome.Passed => string.Create(CultureInfo.InvariantCulture, $"ok    {result.Check.Name} ({result.Duration.TotalSeconds:0.0} s)"),
        ConformanceOutcome.Skipped => $"skip  {result.Check.Name}: {result.Reason}",
        _ => $"FAIL  {result.Check.Name}: {result.Reason}",
    });

    private static void Print(Terminal terminal, StorageCheckOutput output)
    {
        terminal.Line();
        terminal.Line($"{output.Passed} passed, {output.Failed} failed, {output.Skipped} skipped");
        terminal.Line();
        Print(terminal, output.Capabilities);
        if (output.Speed is not { } speed)
            return;
        terminal.Line(string.Create(CultureInfo.InvariantCulture,
            $"Latency:         write {speed.WriteMilliseconds:0.0} ms, stat {speed.StatMilliseconds:0.0} ms, read {speed.ReadMilliseconds:0.0} ms, delete {speed.DeleteMilliseconds:0.0} ms (medians of 1 KiB)"));
        terminal.Line($"Speed:           {Terminal.Size((long)speed.UploadRate)}/s up, {Terminal.Size((long)speed.DownloadRate)}/s down (one stream)");
    }

    private static void Print(Terminal terminal, StorageCapabilitiesOutput has)
    {
        terminal.Line($"Create once:     {YesNo(has.CreateOnce)}");
        terminal.Line($"Ranged reads:    {YesNo(has.RangeRead)}");
        terminal.Line($"Lists at once:   {YesNo(has.ConsistentList)}");
        terminal.Line($"Move:            {YesNo(has.Move)}");
        terminal.Line($"Tells space:     {YesNo(has.Quota)}");
        terminal.Line($"Hash:            {has.Hash}");
        terminal.Line($"Largest object:  {(has.MaximumObjectSize is { } largest ? Terminal.Size(largest) : "no known limit")}");
        terminal.Line($"Parallel writes: {has.ParallelWrites?.ToString(CultureInfo.InvariantCulture) ?? "no known limit"}");
        terminal.Line($"Failure domain:  {has.FailureDomain}");
    }

    private static string YesNo(bool value) => value ? "yes" : "no";
}
