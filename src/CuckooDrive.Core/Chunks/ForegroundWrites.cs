namespace CuckooDrive.Core.Chunks;

/// <summary>
/// Lets the work on sealed packs step aside while programs write: parity, tags and copies need the processors and the memory bus
/// that the writer needs. A burst is taken in first and protected right after it; who writes for longer than
/// <see cref="LongestDeferral"/>, or waits for the uploads, shares. Not when a cloud is far away: its line is slower than all of this,
/// and what it could have carried meanwhile is lost. Thread safe.
/// </summary>
internal sealed class ForegroundWrites(SpaceManager space, CloudLanes lanes, TimeProvider time)
{
    /// <summary>A writer that pauses for this long has ended its burst.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(30);

    /// <summary>How long a sealed pack may be kept waiting.</summary>
    private static readonly TimeSpan LongestDeferral = TimeSpan.FromSeconds(3);

    private long _last;
    private int _waiting;

    /// <summary>A program writes now.</summary>
    public void Note() => Volatile.Write(ref _last, time.GetTimestamp());

    /// <summary>Somebody waits for uploads until <see cref="EndWait"/>: nothing is deferred.</summary>
    public void BeginWait() => Interlocked.Increment(ref _waiting);

    public void EndWait() => Interlocked.Decrement(ref _waiting);

    /// <summary>Blocks the calling thread while work on a pack sealed at <paramref name="since"/> should wait.</summary>
    public void StepAside(long since, CancellationToken stopping)
    {
        if (lanes.All.Any(static lane => lane.Storage.Capabilities.SpacePool.Length == 0))
            return;
        while (Volatile.Read(ref _waiting) == 0 && !space.IsTight && time.GetElapsedTime(Volatile.Read(ref _last)) < Pause &&
            time.GetElapsedTime(since) < LongestDeferral)
            stopping.WaitHandle.WaitOne(Pause);
    }
}
