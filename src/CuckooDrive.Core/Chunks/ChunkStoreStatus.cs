namespace CuckooDrive.Core.Chunks;

/// <summary>A snapshot for people: what waits, what each cloud holds and how it does.</summary>
public sealed record ChunkStoreStatus
{
    /// <summary>Bytes of shards that are not on their clouds yet.</summary>
    public required long PendingBytes { get; init; }

    public required int PendingPacks { get; init; }

    /// <summary>All packs of the drive, pending ones included.</summary>
    public required int Packs { get; init; }

    /// <summary>Sealed bytes of chunks that something refers to.</summary>
    public required long LiveBytes { get; init; }

    /// <summary>Bytes in the staging folder, and in the disk cache.</summary>
    public required long StagedBytes { get; init; }

    public required long CachedBytes { get; init; }

    /// <summary>Bytes of plaintext in memory.</summary>
    public required long MemoryBytes { get; init; }

    /// <summary>Shards found missing or damaged and not rebuilt yet.</summary>
    public required int DamagedShards { get; init; }

    /// <summary>Packs with something alive in them that can be had neither from this machine's disk nor from the clouds, and how much of it; they are not pending.</summary>
    public required int LostPacks { get; init; }

    public required long LostBytes { get; init; }

    /// <summary>Chunks that were answered from other shards because their own was missing, damaged or slow.</summary>
    public required long DegradedReads { get; init; }

    /// <summary>Chunks appended that an equal one stood in for.</summary>
    public required long DeduplicatedChunks { get; init; }

    public required IReadOnlyList<CloudStatus> Clouds { get; init; }
}

/// <summary>How one cloud does.</summary>
/// <param name="Reachable">Its last answer was not a failure.</param>
/// <param name="LastError">One sentence; null while reachable.</param>
/// <param name="Shards">Shards on it, and their bytes.</param>
/// <param name="PendingShards">Shards that wait for it.</param>
/// <param name="UploadedBytes">Sent since the start.</param>
/// <param name="UploadBytesPerSecond">While sending; 0 before the first shard.</param>
/// <param name="FreeBytes">What still fits on it; null when it does not say.</param>
public sealed record CloudStatus(
    ushort Id,
    string Name,
    bool Reachable,
    string? LastError,
    long Shards,
    long StoredBytes,
    int PendingShards,
    long PendingBytes,
    long UploadedBytes,
    double UploadBytesPerSecond,
    long? FreeBytes);
