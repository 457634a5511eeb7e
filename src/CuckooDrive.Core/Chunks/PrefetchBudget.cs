namespace CuckooDrive.Core.Chunks;

/// <summary>
/// How many bytes may be on their way into memory at a time: about as many as the lines to the clouds carry in a second or two. More
/// would make those wait that are wanted next, and let requests over a slow line run into their time limit. Thread safe.
/// </summary>
internal sealed class PrefetchBudget(long maximum, TimeProvider time)
{
    private const long First = 2L << 20;
    private const long Least = 1L << 20;

    private readonly Lock _gate = new();
    private readonly AdaptiveLimit _limit = new(
        Math.Min(First, maximum), Math.Min(Least, maximum), maximum, good: TimeSpan.FromSeconds(1), late: TimeSpan.FromSeconds(2), time);

    private long _underWay;

    public long Limit
    {
        get
        {
            lock (_gate)
                return _limit.Value;
        }
    }

    /// <summary>How many bytes more may begin now; not above zero when none.</summary>
    public long Room
    {
        get
        {
            lock (_gate)
                return _limit.Value - _underWay;
        }
    }

    /// <summary>So many bytes begin; the result goes to <see cref="End"/>.</summary>
    public long Begin(long bytes)
    {
        lock (_gate)
            _underWay += bytes;
        return time.GetTimestamp();
    }

    /// <summary>They have come, or will not come.</summary>
    public void End(long bytes, long begun)
    {
        lock (_gate)
        {
            // What was not used up proves nothing.
            var gain = _underWay >= _limit.Value / 2 ? bytes : 0;
            _underWay -= bytes;
            _limit.Judge(begun, gain);
        }
    }
}
