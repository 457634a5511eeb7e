using System.CommandLine;
using CuckooDrive.Benchmarks.Subjects;
using CuckooDrive.Benchmarks.Support;

namespace CuckooDrive.Benchmarks.Clouds;

/// <summary>clouds: a mounted drive over far clouds beside rclone.</summary>
internal static class CloudCommand
{
    private static readonly CloudOptions Defaults = new();
    private static readonly Option<int> Rounds = new("--rounds") { Description = "Repetitions of everything", DefaultValueFactory = _ => Defaults.Rounds };
    private static readonly Option<double> Scale = new("--scale") { Description = "The part of the full amount of work, such as 0.05", DefaultValueFactory = _ => Defaults.Scale };
    private static readonly Option<double> RoundTrip = new("--round-trip") { Description = "Milliseconds to each cloud and back", DefaultValueFactory = _ => Defaults.RoundTrip };
    private static readonly Option<double> Rate = new("--rate") { Description = "MB/s of each cloud in each direction", DefaultValueFactory = _ => Defaults.Rate };
    private static readonly Option<string[]> Only = new("--only") { Description = "Rows by id, separated by commas", DefaultValueFactory = _ => [] };
    private static readonly Option<string?> At = new("--at") { Description = "The folder to work in; by default a disk in memory where there is room" };
    private static readonly Option<string?> Program = new("--cuckoo") { Description = "The program to measure; by default the one built with this" };
    private static readonly Option<bool> Check = new("--check") { Description = "End with status 1 when a row misses what is asked" };

    public static Command Create()
    {
        var command = new Command("clouds", "Measures a drive over four far clouds beside rclone with one of them") { Rounds, Scale, RoundTrip, Rate, Only, At, Program, Check };
        command.SetAction(async (parsed, cancellation) =>
        {
            var options = new CloudOptions
            {
                Rounds = parsed.GetValue(Rounds),
                Scale = parsed.GetValue(Scale),
                RoundTrip = parsed.GetValue(RoundTrip),
                Rate = parsed.GetValue(Rate),
                Only = [.. parsed.GetValue(Only)!.SelectMany(text => text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))],
                At = parsed.GetValue(At),
            };
            CheckOptions(options);
            CuckooProgram.Choose(parsed.GetValue(Program));
            var report = await new CloudBenchmark(options, Console.Error, cancellation).RunAsync();
            report.Write(Console.Out);
            return parsed.GetValue(Check) && report.Misses.Count > 0 ? 1 : 0;
        });
        return command;
    }

    private static void CheckOptions(CloudOptions options)
    {
        if (options.Only.FirstOrDefault(name => CloudRows.All.All(row => row.Id != name)) is { } unknown)
            throw new BenchmarkException($"There is no row '{unknown}'; there are {string.Join(", ", CloudRows.All.Select(row => row.Id))}.");
        if (options.Rounds < 1 || options.Scale <= 0 || options.RoundTrip < 0 || options.Rate <= 0)
            throw new BenchmarkException("Rounds, scale and rate must be positive.");
        if (Tool.Find(RcloneRemote.Program) is null)
            throw new BenchmarkException("rclone is not installed; './build.sh bench clouds' installs it.");
    }
}
