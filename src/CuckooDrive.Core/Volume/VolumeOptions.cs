namespace CuckooDrive.Core.Volume;

/// <summary>Limits and habits of a volume.</summary>
public sealed record VolumeOptions
{
    /// <summary>Nothing is changed, not even access times.</summary>
    public bool IsReadOnly { get; init; }

    /// <summary>Bytes of buffers for data not yet in chunks; writers wait above it.</summary>
    public long DirtyLimit { get; init; } = 32L << 20;

    /// <summary>How long a change may stay in memory only.</summary>
    public TimeSpan CommitInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long an access time that is all that changed of a file may stay in memory only.</summary>
    public TimeSpan AccessTimeDelay { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long after a failed commit the next is tried.</summary>
    public TimeSpan CommitRetryDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long writes wait when nothing can be stored before they are refused: a disk may be full for a moment only.</summary>
    public TimeSpan WritePatience { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Threads that turn dirty data into chunks.</summary>
    public int FlushWorkers { get; init; } = Math.Clamp(Environment.ProcessorCount, 2, 8);

    /// <summary>About how many inodes stay in memory; four directory entries count as one inode.</summary>
    public int InodeCacheLimit { get; init; } = 32_768;

    /// <summary>About how many regions (1 MiB of a file) stay in memory of files that have rows for them; each takes about 300 bytes.</summary>
    public int RegionCacheLimit { get; init; } = 65_536;

    /// <summary>
    /// With so many changed inodes in memory, making another waits for a commit; with half of them a commit begins before its time.
    /// </summary>
    public int ChangedInodeLimit { get; init; } = 16_384;

    /// <summary>How far ahead of a sequential reader chunks are fetched, in bytes.</summary>
    public int PrefetchWindow { get; init; } = 16 << 20;

    /// <summary>Owner of the root directory of a new volume.</summary>
    public Caller RootOwner { get; init; }
}
