using System.Globalization;
using CuckooDrive.Benchmarks.Mounted;
using CuckooDrive.Benchmarks.Support;

namespace CuckooDrive.Benchmarks.Clouds;

/// <summary>The figures as a table in Markdown.</summary>
internal sealed class CloudReport(CloudOptions options, Results results, Conditions conditions, IReadOnlyList<string> lines)
{
    /// <summary>The rows that miss what is asked of them.</summary>
    public IReadOnlyList<string> Misses =>
    [
        .. from row in CloudRows.All
           where Ratio(row) is { } ratio && ratio.Median < row.Target
           select $"{row.Id}: {Number.Format(Ratio(row)!.Value.Median)} times as good, {Number.Format(row.Target!.Value)} is asked",
    ];

    public void Write(TextWriter output)
    {
        WriteConditions(output);
        var table = new MarkdownTable(["row", "unit", CloudRows.Drive, "compared with", "", "times as good", "asked"]);
        foreach (var row in CloudRows.All.Where(row => results.Of(row, CloudRows.Drive) is not null))
        {
            table.Add([row.Title, row.Unit, Median(row, CloudRows.Drive), CloudRows.PeerOf(row), Median(row, CloudRows.PeerOf(row)),
                Spread(Ratio(row)), Number.Format(row.Target!.Value)]);
        }
        table.Write(output);
        output.WriteLine();
        foreach (var miss in Misses)
            output.WriteLine($"- missed: {miss}");
    }

    private void WriteConditions(TextWriter output)
    {
        output.WriteLine();
        output.WriteLine($"- {conditions.Machine}");
        output.WriteLine($"- in {conditions.Place}; {string.Join("; ", conditions.Versions)}; lighttpd as WebDAV server");
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"- {CloudOptions.Clouds} clouds, of which any one may be lost; to each a round trip of {options.RoundTrip} ms and {options.Rate} MB/s in each direction"));
        foreach (var line in lines)
            output.WriteLine($"- the line with {line}");
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"- {options.Rounds} rounds at scale {options.Scale}: {options.LargeBytes >> 20} MiB, {options.Files} small files, {CloudOptions.ColdFiles} cold files"));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"- load average {conditions.LoadAtStart:0.0} before and {conditions.LoadAtEnd:0.0} after{(conditions.LoadAtStart > 0.5 ? ": the machine was NOT quiet, so trust nothing of this" : "")}"));
        output.WriteLine();
    }

    private Distribution? Ratio(Row row) => results.Of(row, CloudRows.Drive) is null ? null : results.Ratio(row, CloudRows.Drive, CloudRows.PeerOf(row));

    private string Median(Row row, string subject) => results.Of(row, subject) is { } figures ? Number.Format(figures.Median) : "";

    private static string Spread(Distribution? ratio) =>
        ratio is { } r ? $"{Number.Format(r.Median)} ({Number.Format(r.Minimum)} to {Number.Format(r.Maximum)})" : "";
}
