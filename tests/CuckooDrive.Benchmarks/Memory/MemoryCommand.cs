using System.CommandLine;
using CuckooDrive.Benchmarks.Subjects;

namespace CuckooDrive.Benchmarks.Memory;

/// <summary>memory: the resident set of the mounted program.</summary>
internal static class MemoryCommand
{
    private static readonly MemoryOptions Defaults = new();
    private static readonly Option<double> Gibibytes = new("--gib") { Description = "GiB to copy in and read back", DefaultValueFactory = _ => Defaults.Gibibytes };
    private static readonly Option<int> Files = new("--files") { Description = "Files to make and to walk", DefaultValueFactory = _ => Defaults.Files };
    private static readonly Option<double> Minutes = new("--minutes") { Description = "Minutes of mixed load", DefaultValueFactory = _ => Defaults.Minutes };
    private static readonly Option<int> Limit = new("--limit") { Description = "MiB that the resident set may reach", DefaultValueFactory = _ => Defaults.LimitMebibytes };
    private static readonly Option<string?> At = new("--at") { Description = "The folder to work in; by default the temporary folder" };
    private static readonly Option<string?> Program = new("--cuckoo") { Description = "The program to measure; by default the one built with this" };

    public static Command Create()
    {
        var command = new Command("memory", "Measures the memory of a mounted drive; ends with status 1 above the limit") { Gibibytes, Files, Minutes, Limit, At, Program };
        command.SetAction(async (parsed, cancellation) =>
        {
            CuckooProgram.Choose(parsed.GetValue(Program));
            var options = new MemoryOptions
            {
                Gibibytes = parsed.GetValue(Gibibytes),
                Files = parsed.GetValue(Files),
                Minutes = parsed.GetValue(Minutes),
                LimitMebibytes = parsed.GetValue(Limit),
                At = parsed.GetValue(At),
            };
            return await new MemoryBenchmark(options, Console.Out).RunAsync(cancellation) ? 0 : 1;
        });
        return command;
    }
}
