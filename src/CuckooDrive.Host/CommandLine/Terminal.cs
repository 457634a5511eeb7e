using System.Globalization;
using Spectre.Console;

namespace CuckooDrive.Host.CommandLine;

/// <summary>Where a command prints: data and results to standard output, everything else to standard error.</summary>
internal sealed class Terminal
{
    private readonly Lazy<IAnsiConsole> _out;

    public Terminal()
    {
        _out = new Lazy<IAnsiConsole>(() => CreateConsole(Console.Out, Console.IsOutputRedirected));
    }

    /// <summary>Whether progress bars make sense: somebody is looking at standard error.</summary>
    public bool IsInteractive => !Console.IsErrorRedirected && Environment.GetEnvironmentVariable("TERM") is not (null or "dumb");

    /// <summary>Whether a question can be asked.</summary>
    public bool CanAsk => !Console.IsInputRedirected;

    public void Line(string text = "") => Console.Out.WriteLine(text);

    /// <summary>The last word of a command that failed: where it cannot be printed, the exit status still tells.</summary>
    public void Error(string sentence) => Note($"cuckoo: {sentence}");

    /// <summary>
    /// A remark that is not the command's result: to standard error. Where it cannot be printed the command goes on; some come from
    /// a timer's thread, where a failure would end the program.
    /// </summary>
    public void Note(string text)
    {
        try
        {
            Console.Error.WriteLine(text);
        }
        catch (IOException)
        {
            // The disk behind standard error is full.
        }
    }

    /// <summary>Prints rows under headings, aligned; no borders, so that it also reads well in a file.</summary>
    public void Table(IReadOnlyList<string> headings, IEnumerable<IReadOnlyList<string>> rows)
    {
        var table = new Table { Border = TableBorder.None, ShowHeaders = true };
        foreach (var heading in headings)
            table.AddColumn(new TableColumn(Markup.Escape(heading.ToUpperInvariant())).PadRight(2).NoWrap());
        foreach (var row in rows)
            table.AddRow(row.Select(cell => new Text(cell)));
        _out.Value.Write(table);
    }

    /// <summary>Makes a console on standard error for progress and prompts.</summary>
    public static IAnsiConsole CreateErrorConsole() => CreateConsole(Console.Error, Console.IsErrorRedirected);

    /// <summary>Bytes for people, such as "1.5 GiB".</summary>
    public static string Size(long bytes)
    {
        string[] units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
        double value = bytes;
        var unit = 0;
        while (value >= 1024 && unit < units.Length - 1)
        {
            value /= 1024;
            unit++;
        }
        return unit == 0
            ? $"{bytes} B"
            : string.Create(CultureInfo.InvariantCulture, $"{value:0.0} {units[unit]}");
    }

    private static IAnsiConsole CreateConsole(TextWriter writer, bool redirected)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(writer) });
        if (redirected)
            console.Profile.Width = 4096; // Lines in a file or pipe are never broken to fit a screen.
        return console;
    }
}
