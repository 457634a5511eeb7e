using CuckooDrive.Core.Placement;

namespace CuckooDrive.Core.Chunks;

/// <summary>
/// Reservations: room in the staging area and on its disk, and on the clouds after redundancy. Thread safe; the normal case takes no lock.
/// </summary>
internal sealed class SpaceManager
{
    private readonly ChunkStoreOptions _options;
    private readonly Redundancy _redundancy;
    private readonly CloudLanes _lanes;
    private readonly TimeProvider _time;
    private readonly long _stagingLimit;
    private long _staged;
    private long _reserved;
    private long _cloudRoom = long.MaxValue;
    private long _lastProgress;
    private long _diskRoom = long.MaxValue;
    private long _appended;
    private long _appendedWhenMeasured;

    public SpaceManager(ChunkStoreOptions options, Redundancy redundancy, CloudLanes lanes, TimeProvider time)
    {
        _options = options;
        _redundancy = redundancy;
        _lanes = lanes;
        _time = time;
        // With less than two packs a writer could wait for an upload that only further writes would start.
        _stagingLimit = Math.Max(options.StagingLimit, 2L * redundancy.Width * options.ShardCapacity);
        _lastProgress = time.GetTimestamp();
    }

    /// <summary>Fires whenever room may have appeared.</summary>
    public Pulse Changed { get; } = new();

    /// <summary>Has the clouds tell their free space where that may be more than is known. Returns within seconds.</summary>
    public Func<Task> AskClouds { get; set; } = static () => Task.CompletedTask;

    /// <summary>Tells how many bytes the local disk can still take, after making room where that costs nothing. May be slow.</summary>
    public Func<long> MeasureDisk { get; set; } = static () => long.MaxValue;

    public long Staged => Volatile.Read(ref _staged);

    /// <summary>Half of the staging area is in use, or writers wait: uploads are not to be put off.</summary>
    public bool IsTight => IsShort || Staged > _stagingLimit / 2;

    /// <summary>Writers wait: the open pack should be sealed and sent although it is not full.</summary>
    public bool IsShort { get; private set; }

    public void AddStaged(long bytes)
    {
        Interlocked.Add(ref _staged, bytes);
        if (bytes < 0)
            ReportProgress();
        else
            Interlocked.Add(ref _appended, bytes);
    }

    /// <summary>An upload got on: hope for those who wait.</summary>
    public void ReportProgress()
    {
        Volatile.Write(ref _lastProgress, _time.GetTimestamp());
        ReportRoom();
    }

    /// <summary>The clouds may have more room than before.</summary>
    public void ReportRoom()
    {
        UpdateClouds();
        Changed.Fire();
    }

    /// <summary>Computes again what the clouds can take.</summary>
    public void UpdateClouds() => Volatile.Write(ref _cloudRoom, UserRoom(static lane => lane.Free));

    /// <summary>Asks the local disk again; between two questions what was appended is counted.</summary>
    public void UpdateDisk()
    {
        var appended = Volatile.Read(ref _appended);
        Volatile.Write(ref _diskRoom, MeasureDisk());
        Volatile.Write(ref _appendedWhenMeasured, appended);
    }

    public ValueTask<bool> ReserveAsync(long bytes, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        return TryReserve(bytes) ? new ValueTask<bool>(true) : WaitAsync(bytes, cancellationToken);
    }

    public void Unreserve(long bytes)
    {
        Interlocked.Add(ref _reserved, -bytes);
        if (IsShort)
            Changed.Fire();
    }

    public DriveSpace GetSpace(long liveBytes)
    {
        UpdateClouds();
        var room = Volatile.Read(ref _cloudRoom);
        // No cloud tells its size: show plenty, not a number that overflows those who multiply it.
        var free = Math.Clamp(room - Volatile.Read(ref _reserved), 0, 1L << 50);
        return new DriveSpace(free + liveBytes, free);
    }

    private bool TryReserve(long bytes)
    {
        var reserved = Interlocked.Add(ref _reserved, bytes);
        if (Volatile.Read(ref _staged) + reserved <= _stagingLimit && reserved <= Volatile.Read(ref _cloudRoom) && FitsDisk(reserved))
        {
            // Whoever still waits says so again when it looks next.
            if (IsShort)
                IsShort = false;
            return true;
        }
        Interlocked.Add(ref _reserved, -bytes);
        return false;
    }

    // A pack takes its parity on the disk as well.
    private bool FitsDisk(long reserved)
    {
        var room = Volatile.Read(ref _diskRoom);
        var wanted = Volatile.Read(ref _appended) - Volatile.Read(ref _appendedWhenMeasured) + reserved;
        return room == long.MaxValue || wanted <= room / _redundancy.Width * _redundancy.DataShards;
    }

    private async ValueTask<bool> WaitAsync(long bytes, CancellationToken cancellationToken)
    {
        var started = _time.GetTimestamp();
        var asked = false;
        while (true)
        {
            var changed = Changed.Next;
            UpdateClouds();
            if (TryReserve(bytes))
                return true;
            if (bytes > _stagingLimit)
                return false;
            if (Volatile.Read(ref _reserved) + bytes > Volatile.Read(ref _cloudRoom))
            {
                // Somebody may have made room since the clouds were asked; nobody is refused on old figures.
                if (asked)
                    return false;
                asked = true;
                await AskClouds().WaitAsync(cancellationToken).ConfigureAwait(false);
                continue;
            }
            if (!FitsDisk(Volatile.Read(ref _reserved) + bytes))
            {
                UpdateDisk();
                if (TryReserve(bytes))
                    return true;
                // Nothing of ours is on its way off the disk.
                if (Volatile.Read(ref _staged) == 0)
                    return false;
            }
            IsShort = true;
            var since = Math.Max(started, Volatile.Read(ref _lastProgress));
            var patience = _options.ReserveWait - _time.GetElapsedTime(since);
            if (patience <= TimeSpan.Zero)
                return false;
            using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            await Task.WhenAny(changed, Task.Delay(patience, _time, timer.Token)).ConfigureAwait(false);
            await timer.CancelAsync().ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    // Accounts of one failure domain add up: a pack has one shard in either of them.
    private long UserRoom(Func<CloudLane, long> free)
    {
        var domains = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var lane in _lanes.All)
        {
            if (!lane.TakesShards)
                continue;
            var sum = domains.GetValueOrDefault(lane.Member.FailureDomain);
            domains[lane.Member.FailureDomain] = free(lane) > long.MaxValue - sum ? long.MaxValue : sum + free(lane);
        }
        return StripeSpace.UserBytes([.. domains.Values], _redundancy);
    }
}
