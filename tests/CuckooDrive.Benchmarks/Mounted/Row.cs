namespace CuckooDrive.Benchmarks.Mounted;

/// <summary>One line of the report.</summary>
/// <param name="Id">As --only takes it.</param>
/// <param name="Group">Rows of a group share a freshly made file system; see <see cref="MeasuredGroup"/>.</param>
/// <param name="Title">What is measured, for people.</param>
/// <param name="Unit">Of the figures.</param>
internal sealed record Row(string Id, string Group, string Title, string Unit)
{
    /// <summary>Rates are better when higher, times and costs when lower.</summary>
    public bool HigherIsBetter { get; init; }

    /// <summary>The ratio to the best peer that is asked for; null when none is.</summary>
    public double? Target { get; init; }

    /// <summary>The largest figure of our own that is allowed; null when there is no limit.</summary>
    public double? Limit { get; init; }

    /// <summary>How many times better the first is than the second; above 1 is better, whatever the unit.</summary>
    public double Ratio(double ours, double theirs) => HigherIsBetter ? ours / theirs : theirs / ours;
}
