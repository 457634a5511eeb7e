namespace CuckooDrive.Benchmarks.Support;

/// <summary>The middle and the ends of repeated figures.</summary>
internal readonly record struct Distribution(double Minimum, double Median, double Maximum, int Count)
{
    public static Distribution? Of(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        if (sorted.Length == 0)
            return null;
        var middle = sorted.Length / 2;
        var median = sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
        return new Distribution(sorted[0], median, sorted[^1], sorted.Length);
    }
}
