using System.CommandLine;
using CuckooDrive.Benchmarks.Subjects;
using CuckooDrive.Benchmarks.Support;

namespace CuckooDrive.Benchmarks.Mounted;

/// <summary>mounted: the mounted drive beside others.</summary>
internal static class MountedCommand
{
    public const string Name = "mounted";
    private static readonly Option<int> Rounds = new("--rounds") { Description = "Repetitions of everything", DefaultValueFactory = _ => 3 };
    private static readonly Option<double> Scale = new("--scale") { Description = "The part of the full amount of work, such as 0.05", DefaultValueFactory = _ => 1 };
    private static readonly Option<string> Subjects = new("--subjects") { Description = $"Any of {string.Join(",", SubjectCatalog.Names)}", DefaultValueFactory = _ => string.Join(',', SubjectCatalog.Names) };
    private static readonly Option<string[]> Only = new("--only") { Description = "Rows by id or groups (large, small, tree), separated by commas; what they need runs too", DefaultValueFactory = _ => [] };
    private static readonly Option<string?> At = new("--at") { Description = "The folder to work in; by default a disk in memory where there is room" };
    private static readonly Option<string?> Json = new("--json") { Description = "Write all figures to this file as well" };
    private static readonly Option<string?> Program = new("--cuckoo") { Description = "The program to measure; by default the one built with this" };
    private static readonly Option<bool> Check = new("--check") { Description = "End with status 1 when a row misses what is asked" };

    public static Command Create()
    {
        var command = new Command(Name, "Measures mounted drives side by side") { Rounds, Scale, Subjects, Only, At, Json, Program, Check };
        command.SetAction(async (parsed, cancellation) =>
        {
            var options = new MountedOptions
            {
                Rounds = parsed.GetValue(Rounds),
                Scale = parsed.GetValue(Scale),
                Subjects = Split(parsed.GetValue(Subjects)!),
                Only = [.. parsed.GetValue(Only)!.SelectMany(Split)],
                At = parsed.GetValue(At),
                Json = parsed.GetValue(Json),
            };
            CheckNames(options);
            CuckooProgram.Choose(parsed.GetValue(Program));
            var report = await new MountedBenchmark(options, Console.Error).RunAsync(cancellation);
            report.Write(Console.Out);
            if (options.Json is not null)
                report.WriteJson(options.Json);
            return parsed.GetValue(Check) && report.Misses.Count > 0 ? 1 : 0;
        });
        return command;
    }

    private static void CheckNames(MountedOptions options)
    {
        if (options.Subjects.FirstOrDefault(name => !SubjectCatalog.Names.Contains(name)) is { } subject)
            throw new BenchmarkException($"There is no subject '{subject}'; there are {string.Join(", ", SubjectCatalog.Names)}.");
        if (options.Only.FirstOrDefault(name => !Rows.All.Any(row => row.Id == name || row.Group == name)) is { } unknown)
            throw new BenchmarkException($"There is no row '{unknown}'; there are {string.Join(", ", Rows.All.Select(row => row.Id))}.");
        if (options.Rounds < 1 || options.Scale <= 0)
            throw new BenchmarkException("Rounds and scale must be positive.");
    }

    private static string[] Split(string text) => text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
