namespace CuckooDrive.Benchmarks.Support;

/// <summary>A table that reads well as plain text and in Markdown.</summary>
internal sealed class MarkdownTable(IReadOnlyList<string> header)
{
    private readonly List<IReadOnlyList<string>> _rows = [];

    public void Add(IReadOnlyList<string> cells) => _rows.Add(cells);

    public void Write(TextWriter output)
    {
        var widths = header.Select((title, column) => _rows.Select(row => row[column].Length).Append(title.Length).Append(3).Max()).ToArray();
        WriteLine(header);
        WriteLine([.. widths.Select(width => new string('-', width))]);
        foreach (var row in _rows)
            WriteLine(row);

        void WriteLine(IReadOnlyList<string> cells) =>
            output.WriteLine($"| {string.Join(" | ", cells.Select((cell, column) => cell.PadRight(widths[column])))} |");
    }
}
