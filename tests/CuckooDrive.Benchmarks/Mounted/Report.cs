using System.Globalization;
using System.Text.Json;
using CuckooDrive.Benchmarks.Subjects;
using CuckooDrive.Benchmarks.Support;

namespace CuckooDrive.Benchmarks.Mounted;

/// <summary>The figures as tables in Markdown and as JSON.</summary>
internal sealed class Report(MountedOptions options, IReadOnlyList<string> subjects, Results results, Conditions conditions)
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private IEnumerable<string> Peers => subjects.Where(SubjectCatalog.Peers.Contains);

    private IEnumerable<Row> MeasuredRows => Rows.All.Where(row => subjects.Any(subject => results.Of(row, subject) is not null));

    /// <summary>The rows that miss what is asked of them.</summary>
    public IReadOnlyList<string> Misses =>
    [
        .. from row in Rows.All
           where row.Target is not null && Ratio(row, results.Best(row, Peers)) is { } ratio && ratio.Median < row.Target
           select $"{row.Id}: {Number.Format(Ratio(row, results.Best(row, Peers))!.Value.Median)} of the best peer, {row.Target:0.0} is asked",
        .. from row in Rows.All
           where row.Limit is not null && results.Of(row, CuckooSubject.Name)?.Maximum > row.Limit
           select $"{row.Id}: {Number.Format(results.Of(row, CuckooSubject.Name)!.Value.Maximum)} {row.Unit}, {row.Limit} is the limit",
    ];

    public void Write(TextWriter output)
    {
        WriteConditions(output);
        var table = new MarkdownTable(["row", "unit", .. subjects, "to best peer", "asked", "to floor"]);
        foreach (var row in MeasuredRows)
        {
            table.Add([row.Title, row.Unit, .. subjects.Select(subject => Median(row, subject)),
                Spread(Ratio(row, results.Best(row, Peers))), Asked(row), Spread(Ratio(row, FloorSubject.Name))]);
        }
        table.Write(output);
        output.WriteLine();
        WriteSpread(output);
        foreach (var ((row, subject), reason) in results.Failures)
            output.WriteLine($"- {subject}, {row.Title}: {reason}");
        foreach (var miss in Misses)
            output.WriteLine($"- missed: {miss}");
    }

    public void WriteJson(string path)
    {
        var document = new
        {
            conditions,
            options.Scale,
            options.Rounds,
            Rows = MeasuredRows.Select(row => new
            {
                row.Id,
                row.Title,
                row.Unit,
                row.HigherIsBetter,
                row.Target,
                row.Limit,
                BestPeer = results.Best(row, Peers),
                RatioToBestPeer = Ratio(row, results.Best(row, Peers)),
                RatioToFloor = Ratio(row, FloorSubject.Name),
                Subjects = subjects.ToDictionary(subject => subject, subject => results.Of(row, subject)),
            }),
            Figures = results.Figures.Select(figure => new { Row = figure.Row.Id, figure.Subject, figure.Round, figure.Value, figure.CpuSeconds }),
            Failures = results.Failures.Select(failure => new { Row = failure.Key.Row.Id, failure.Key.Subject, Reason = failure.Value }),
        };
        File.WriteAllText(path, JsonSerializer.Serialize(document, Indented));
    }

    private void WriteConditions(TextWriter output)
    {
        output.WriteLine();
        output.WriteLine($"- {conditions.Machine}");
        output.WriteLine($"- in {conditions.Place}; cold: {(conditions.CachesDropped ? "a new mount after dropping the kernel's caches" : "a new mount (not root: the kernel's other caches stay)")}");
        output.WriteLine($"- {string.Join("; ", conditions.Versions)}");
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"- {options.Rounds} rounds at scale {options.Scale}: {options.LargeBytes >> 20} MiB, {options.Files} small files, a tree of {options.TreeFiles} files, {options.PagesRead} random reads, {options.PagesWritten} random writes, {options.PagesFlushed} with fsync each"));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"- load average {conditions.LoadAtStart:0.0} before and {conditions.LoadAtEnd:0.0} after{(conditions.LoadAtStart > 0.5 ? ": the machine was NOT quiet, so trust nothing of this" : "")}"));
        output.WriteLine();
    }

    private void WriteSpread(TextWriter output)
    {
        var table = new MarkdownTable(["minimum / median / maximum", "unit", .. subjects]);
        foreach (var row in MeasuredRows)
            table.Add([row.Id, row.Unit, .. subjects.Select(subject => All(results.Of(row, subject)))]);
        table.Write(output);
        output.WriteLine();
    }

    private Distribution? Ratio(Row row, string? other) => other is null ? null : results.Ratio(row, CuckooSubject.Name, other);

    private string Median(Row row, string subject) => results.Of(row, subject) is { } figures
        ? Number.Format(figures.Median)
        : results.Failures.ContainsKey((row, subject)) ? "failed" : "";

    private static string Asked(Row row) => (row.Target, row.Limit) switch
    {
        ({ } target, _) => target.ToString("0.0", CultureInfo.InvariantCulture),
        (_, { } limit) => $"at most {limit}",
        _ => "",
    };

    private static string Spread(Distribution? ratio) =>
        ratio is { } r ? $"{Number.Format(r.Median)} ({Number.Format(r.Minimum)} to {Number.Format(r.Maximum)})" : "";

    private static string All(Distribution? figures) =>
        figures is { } f ? $"{Number.Format(f.Minimum)} / {Number.Format(f.Median)} / {Number.Format(f.Maximum)}" : "";
}
