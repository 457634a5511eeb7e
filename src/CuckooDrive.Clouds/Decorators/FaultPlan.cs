namespace CuckooDrive.Clouds.Decorators;

/// <summary>
/// What a <see cref="FaultStorage"/> does wrong. Every member may be changed at any time, also while calls run; several storages
/// may share a plan. Shares are probabilities from 0 to 1. With the same seed and the same sequence of calls the same calls
/// fail; which bytes and objects <see cref="CorruptShare"/> and <see cref="LostShare"/> hit depends on the seed and the
/// object's name alone.
/// </summary>
public sealed class FaultPlan(int seed)
{
    private readonly Lock _gate = new();
    private readonly Random _random = new(seed);
    private long _injected;
    private volatile TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _hangs;

    public int Seed => seed;

    /// <summary>How many calls were made to fail, hang, tear or lie so far.</summary>
    public long Injected => Interlocked.Read(ref _injected);

    /// <summary>Only these calls are treated badly; all if null.</summary>
    public Func<CloudRequest, bool>? Only { get; set; }

    /// <summary>Calls that fail before they have any effect.</summary>
    public double FailBeforeShare { get; set; }

    /// <summary>Calls that take effect and then fail: the answer is lost.</summary>
    public double FailAfterShare { get; set; }

    /// <summary>Streams that break after some of their bytes.</summary>
    public double BreakStreamShare { get; set; }

    /// <summary>How failing calls fail.</summary>
    public CloudErrorKind ErrorKind { get; set; } = CloudErrorKind.Transient;

    /// <summary>What failing calls say about waiting.</summary>
    public TimeSpan? RetryAfter { get; set; }

    /// <summary>Every call waits that long first.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>The cloud cannot be reached: every call fails.</summary>
    public bool Offline { get; set; }

    /// <summary>The cloud can be read but not written: writes and moves are <see cref="CloudErrorKind.Forbidden"/>.</summary>
    public bool RefuseWrites { get; set; }

    /// <summary>The account is full: writes are <see cref="CloudErrorKind.QuotaExceeded"/>, and no space is free.</summary>
    public bool Full { get; set; }

    /// <summary>Writes that leave a visible beginning of the object and fail: what no provider may do, and some do.</summary>
    public double TornWriteShare { get; set; }

    /// <summary>Lists show what was there when this was switched on: new objects are missing, deleted ones appear.</summary>
    public bool StaleLists { get; set; }

    /// <summary>The share of objects that the cloud has lost; always the same ones.</summary>
    public double LostShare { get; set; }

    /// <summary>The share of 4 KiB blocks that are read with a wrong bit; always the same ones.</summary>
    public double CorruptShare { get; set; }

    /// <summary>Calls hang until they are cancelled or this is switched off, and then go on.</summary>
    public bool Hang
    {
        get => _hangs;
        set
        {
            lock (_gate)
            {
                if (_hangs == value)
                    return;
                _hangs = value;
                if (value)
                    _released = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                else
                    _released.SetResult();
            }
        }
    }

    internal bool AppliesTo(CloudRequest request) => Only?.Invoke(request) ?? true;

    internal Task WaitWhileHangingAsync(CancellationToken cancellationToken)
    {
        if (!_hangs)
            return Task.CompletedTask;
        Count();
        return _released.Task.WaitAsync(cancellationToken);
    }

    internal bool Draw(double share)
    {
        if (share <= 0)
            return false;
        lock (_gate)
        {
            if (_random.NextDouble() >= share)
                return false;
        }
        Count();
        return true;
    }

    internal long Pick(long limit)
    {
        lock (_gate)
            return _random.NextInt64(limit);
    }

    internal void Count() => Interlocked.Increment(ref _injected);

    internal bool IsLost(string name) => Mix(name, -1) % 1_000_000 < LostShare * 1_000_000;

    /// <summary>Flips one bit in each block that the plan wants corrupt; the same whichever part of it is read.</summary>
    internal void Corrupt(string name, long offset, Span<byte> data)
    {
        const int Block = 4096;
        if (CorruptShare <= 0)
            return;
        for (var block = offset / Block; block * Block < offset + data.Length; block++)
        {
            var mix = Mix(name, block);
            if (mix % 1_000_000 >= CorruptShare * 1_000_000)
                continue;
            // The last block of an object may be short: then a position past its end hits nothing.
            var position = (block * Block) + (long)(mix >> 32) % Block - offset;
            if (position >= 0 && position < data.Length)
            {
                data[(int)position] ^= (byte)(1 << (int)(mix >> 24 & 7));
                Count();
            }
        }
    }

    // FNV-1a with a finaliser: stable across runs, which string.GetHashCode is not.
    private ulong Mix(string name, long block)
    {
        var hash = 14695981039346656037UL ^ (uint)seed;
        foreach (var letter in name)
            hash = (hash ^ letter) * 1099511628211UL;
        hash = (hash ^ (ulong)block) * 1099511628211UL;
        hash = (hash ^ hash >> 33) * 0xff51afd7ed558ccdUL;
        hash = (hash ^ hash >> 33) * 0xc4ceb9fe1a85ec53UL;
        return hash ^ hash >> 33;
    }
}
