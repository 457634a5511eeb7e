namespace CuckooDrive.Core.Placement;

/// <summary>How much user data fits on clouds of different sizes, after redundancy and the rule of one shard for each domain.</summary>
public static class StripeSpace
{
    /// <summary>
    /// Bytes of user data that fit into failure domains with these free bytes. With T stripes a domain takes
    /// min(free, T) of them, so T is possible exactly when the sum of those is at least width x T.
    /// </summary>
    public static long UserBytes(ReadOnlySpan<long> domainFree, Redundancy redundancy)
    {
        if (domainFree.Length < redundancy.Width)
            return 0;
        long low = 0, high = long.MaxValue / 64;
        while (low < high)
        {
            var middle = low + (high - low + 1) / 2;
            if (Fits(domainFree, middle, redundancy.Width))
                low = middle;
            else
                high = middle - 1;
        }
        return (long)Int128.Min((Int128)low * redundancy.DataShards, long.MaxValue);
    }

    private static bool Fits(ReadOnlySpan<long> domainFree, long stripes, int width)
    {
        Int128 sum = 0;
        foreach (var free in domainFree)
            sum += Math.Clamp(free, 0, stripes);
        return sum >= (Int128)stripes * width;
    }
}
