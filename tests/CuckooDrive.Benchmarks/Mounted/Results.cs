using CuckooDrive.Benchmarks.Support;

namespace CuckooDrive.Benchmarks.Mounted;

/// <summary>The figures of a run: for each row and subject one for each round, or why there is none.</summary>
internal sealed class Results
{
    private readonly List<Figure> _figures = [];
    private readonly Dictionary<(Row Row, string Subject), string> _failures = [];

    public IReadOnlyList<Figure> Figures => _figures;

    /// <summary>The first failure of each row and subject.</summary>
    public IReadOnlyDictionary<(Row Row, string Subject), string> Failures => _failures;

    public void Add(Figure figure) => _figures.Add(figure);

    public void Fail(Row row, string subject, string reason) => _failures.TryAdd((row, subject), reason);

    public Distribution? Of(Row row, string subject) => Distribution.Of(ByRound(row, subject).Values);

    /// <summary>How many times better one subject is than another, round by round.</summary>
    public Distribution? Ratio(Row row, string subject, string other)
    {
        var theirs = ByRound(row, other);
        return Distribution.Of(ByRound(row, subject).Where(ours => theirs.ContainsKey(ours.Key)).Select(ours => row.Ratio(ours.Value, theirs[ours.Key])));
    }

    /// <summary>The one with the best median, or null when none has a figure.</summary>
    public string? Best(Row row, IEnumerable<string> subjects) => subjects
        .Where(subject => Of(row, subject) is not null)
        .OrderByDescending(subject => row.HigherIsBetter ? Of(row, subject)!.Value.Median : -Of(row, subject)!.Value.Median)
        .FirstOrDefault();

    private Dictionary<int, double> ByRound(Row row, string subject) => _figures
        .Where(figure => figure.Row == row && figure.Subject == subject)
        .ToDictionary(figure => figure.Round, figure => figure.Value);
}

/// <param name="Round">From 1.</param>
/// <param name="CpuSeconds">What the serving process used meanwhile; null when the figure is not a time.</param>
internal sealed record Figure(Row Row, string Subject, int Round, double Value, double? CpuSeconds);
