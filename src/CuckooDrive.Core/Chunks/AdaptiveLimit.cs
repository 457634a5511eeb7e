namespace CuckooDrive.Core.Chunks;

/// <summary>
/// How much may be under way over a line whose speed is not known. It moves as a TCP sender's window does (RFC 5681): up by what
/// arrived in good time, down to half when something came late. Not thread safe: guarded by its owner's lock.
/// </summary>
/// <param name="first">To begin with, in the owner's unit.</param>
/// <param name="least">It never sinks below.</param>
/// <param name="most">It never rises above.</param>
/// <param name="good">What takes less is in good time.</param>
/// <param name="late">What takes at least so long is late.</param>
/// <param name="time">The clock.</param>
internal sealed class AdaptiveLimit(long first, long least, long most, TimeSpan good, TimeSpan late, TimeProvider time)
{
    private long _halvedAt = long.MinValue;

    public long Value { get; private set; } = first;

    /// <summary>Something has ended.</summary>
    /// <param name="begun">The timestamp of its beginning.</param>
    /// <param name="gain">What the limit rises by if it was in good time.</param>
    public void Judge(long begun, long gain)
    {
        var took = time.GetElapsedTime(begun);
        // What began before the last halving is late for the same reason.
        if (took >= late && begun >= _halvedAt)
        {
            Value = Math.Max(Value / 2, least);
            _halvedAt = time.GetTimestamp();
        }
        else if (took < good)
        {
            Value = Math.Min(Value + gain, most);
        }
    }
}
