using CuckooDrive.Format;

namespace CuckooDrive.Core.Chunks;

/// <summary>Limits and habits of a <see cref="ChunkStore"/>. Sizes are in bytes.</summary>
public sealed record ChunkStoreOptions
{
    /// <summary>Folder of the packs that are not yet completely on the clouds. Created when missing; used by one store at a time.</summary>
    public required string StagingDirectory { get; init; }

    /// <summary>Folder of ciphertext that is on the clouds as well. On the staging folder's file system a pack moves there without being written again.</summary>
    public required string CacheDirectory { get; init; }

    /// <summary>At most this much waits in the staging folder for the clouds; at least two packs are always allowed.</summary>
    public long StagingLimit { get; init; } = 10L << 30;

    /// <summary>At most this much ciphertext is kept in the cache folder.</summary>
    public long DiskCacheLimit { get; init; } = 10L << 30;

    /// <summary>At most this much plaintext is kept in memory.</summary>
    public long MemoryCacheLimit { get; init; } = 48L << 20;

    /// <summary>
    /// Pages of 64 chunk records (about 4 KiB each) kept in memory: those of 16 GiB in chunks of 128 KiB. Changed ones stay beyond it
    /// until committed.
    /// </summary>
    public int DirectoryPageLimit { get; init; } = 2048;

    /// <summary>Chunks that deduplication remembers, 12 bytes each.</summary>
    public int DedupLimit { get; init; } = 1 << 20;

    /// <summary>Shards written to one cloud at once, where it does not ask for fewer.</summary>
    public int UploadsPerCloud { get; init; } = 2;

    /// <summary>Whether chunks that shrink are stored compressed.</summary>
    public bool Compression { get; init; } = true;

    /// <summary>Whether a read from the local disk completes on the caller's thread; otherwise on the thread pool.</summary>
    public bool ReadLocalInline { get; init; } = true;

    /// <summary>Bytes of chunks that may be on their way into memory because of <see cref="IChunkStore.Prefetch"/>.</summary>
    public long PrefetchLimit { get; init; } = 24L << 20;

    /// <summary>Only read: nothing is uploaded, healed or removed, however much waits for it.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>The largest shard; tests make it small.</summary>
    public int ShardCapacity { get; init; } = PackLayout.ShardCapacity;

    /// <summary>A range request counts as failed after this time without any answer of its cloud, to it or to others.</summary>
    public TimeSpan ReadTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>An upload of which nothing is seen for this long, and a second for every 16 KiB of it, counts as failed.</summary>
    public TimeSpan UploadTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>A staged shard that waited longer than this for its cloud is compared with its tag before it is uploaded: it comes from the disk again.</summary>
    public TimeSpan TrustPrepared { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A read that has waited this long, and longer than its cloud usually takes, asks other clouds as well.</summary>
    public TimeSpan HedgeAfter { get; init; } = TimeSpan.FromMilliseconds(150);

    /// <summary>The first pause after a failure of a cloud; doubled with each further one up to <see cref="MaximumBackoff"/>.</summary>
    public TimeSpan InitialBackoff { get; init; } = TimeSpan.FromSeconds(1);

    public TimeSpan MaximumBackoff { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>A cloud that has failed for this long loses its waiting shards to others, where a failure domain is free.</summary>
    public TimeSpan ReplaceAfter { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>A writer waits this long without any upload's progress for staging space before it gets ENOSPC.</summary>
    public TimeSpan ReserveWait { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How often each cloud is asked for its free space.</summary>
    public TimeSpan QuotaInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Before a writer gets ENOSPC, clouds whose free space is known for longer than this are asked again.</summary>
    public TimeSpan QuotaAge { get; init; } = TimeSpan.FromSeconds(5);
}
