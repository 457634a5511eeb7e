namespace CuckooDrive.Core.Chunks;

/// <summary>
/// How many bytes may be on their way into memory at a time: about as many as the lines to the clouds carry in a second or two. More
/// would make those wait that are wanted next, and let requests over a slow line run into their time limit. It moves as a TCP
/// sender's window does (RFC 5681): up by what arrived in good time, down to half when something came late. Thread safe.
/// </summary>
internal sealed class PrefetchBudget(long maximum, TimeProvider time)
{
    private const long First = 2L << 20;
    private const long Least = 1L << 20;

    private static readonly TimeSpan Good = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Late = TimeSpan.FromSeconds(2);

    private readonly Lock _gate = new();
    private long _limit = Math.Min(First, maximum);
    private long _underWay;
    private long _halvedAt = long.MinValue;

    public long Limit
    {
        get
        {
            lock (_gate)
                return _limit;
        }
    }

    /// <summary>How many bytes more may begin now; not above zero when none.</summary>
    public long Room
    {
        get
        {
            lock (_gate)
                return _limit - _underWay;
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
        var took = time.GetElapsedTime(begun);
        lock (_gate)
        {
            var inUse = _underWay >= _limit / 2;
            _underWay -= bytes;
            // What began before the last halving is late for the same reason.
            if (took >= Late && begun >= _halvedAt)
            {
                _limit = Math.Max(_limit / 2, Math.Min(Least, maximum));
                _halvedAt = time.GetTimestamp();
            }
            else if (took < Good && inUse)
            {
                _limit = Math.Min(_limit + bytes, maximum);
            }
        }
    }
}
