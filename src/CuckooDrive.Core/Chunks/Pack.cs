using CuckooDrive.Core.Placement;
using CuckooDrive.Format;

namespace CuckooDrive.Core.Chunks;

internal enum PackState : byte
{
    /// <summary>Takes chunks.</summary>
    Open = 1,
    /// <summary>Its content is fixed; its shards are on the clouds or on their way.</summary>
    Sealed = 2,
    /// <summary>Nothing in it is needed; it leaves the clouds, then the metadata.</summary>
    Dead = 3,
}

internal enum ShardState : byte
{
    /// <summary>Not known to be on its cloud.</summary>
    Pending = 0,
    Stored = 1,
    /// <summary>Its cloud says that there is no such object.</summary>
    Missing = 2,
    /// <summary>Its cloud returned bytes that are not the shard's.</summary>
    Damaged = 3,
    /// <summary>Deleted, with its pack.</summary>
    Gone = 4,
}

/// <summary>Where one shard is.</summary>
internal struct ShardPlace
{
    public const ushort Nowhere = ushort.MaxValue;

    public ushort Cloud;
    public ShardState State;
    /// <summary>Bytes of chunks in a data shard; padding follows.</summary>
    public int Used;
    public Bytes16 Tag;
    /// <summary>The provider's own hash, as it prints it.</summary>
    public string? Hash;

    /// <summary>An upload or a delete of this shard runs now. Only in memory.</summary>
    public bool Busy;
}

/// <summary>What is known of a pack. Guarded by the index's gate, except what is said to be constant.</summary>
internal sealed class Pack(uint ordinal, PackId id, Redundancy redundancy)
{
    /// <summary>Chunk numbers above are not used: the highest ones give the padding's key stream.</summary>
    public const uint MaximumChunks = 1 << 24;

    public readonly uint Ordinal = ordinal;
    public readonly PackId Id = id;
    public readonly Redundancy Redundancy = redundancy;
    public readonly ShardPlace[] Shards = NewShards(redundancy.Width);

    public PackState State = PackState.Open;
    /// <summary>The length of every shard; 0 while open.</summary>
    public int PaddedLength;
    public uint ChunkCount;
    /// <summary>Sealed bytes of chunks with references.</summary>
    public long LiveBytes;
    /// <summary>Whether the shards' tags are known: padding and parity are in the local file.</summary>
    public bool Tagged;

    /// <summary>Chunks without references that an appender holds.</summary>
    public int HeldChunks;
    /// <summary>Appends that have a place and are not written yet.</summary>
    public int PendingWrites;
    public bool Dirty;
    public bool InCommit;
    /// <summary>All rows of it are to be deleted by the next commit.</summary>
    public bool Gone;

    /// <summary>The commit that named the pack first, that sealed it, and that recorded its death; <see cref="long.MaxValue"/> until it is durable.</summary>
    public long NamedSequence = long.MaxValue;
    public long SealSequence = long.MaxValue;
    public long DeathSequence = long.MaxValue;
    /// <summary>A journal on the clouds may name the pack alive.</summary>
    public bool MaybeJournaled;
    /// <summary>All shards stored, and a durable commit says so: the local file may be evicted.</summary>
    public bool CompleteDurable;
    /// <summary>The timestamp at which this process sealed it; 0 for one from before.</summary>
    public long SealedAt;
    /// <summary>In the preparer's queue or hands; and: its shards have been made and queued in this run.</summary>
    public bool Preparing;
    public bool Prepared;
    /// <summary>The timestamp at which its shards were made in this run.</summary>
    public long PreparedAt;
    /// <summary>Its objects are being deleted: no upload begins any more.</summary>
    public bool Deleting;

    /// <summary>Owned by <see cref="PackCiphers"/>.</summary>
    public PackCipher? Cipher;

    public LocalPackFile? Local;
    /// <summary>The local file could not be read, or is not what was written: the uploader takes nothing from it, the healer what is right in it.</summary>
    public bool LocalIsSuspect;
    /// <summary>The timestamp at which the last attempt to heal it began, if that found too few right shards, here and at the clouds together.</summary>
    public long? UnhealedAt;
    public LinkedListNode<Pack>? CacheNode;

    public int DataShards => Redundancy.DataShards;

    public int Width => Redundancy.Width;

    public int StoredShards
    {
        get
        {
            var count = 0;
            foreach (ref readonly var shard in Shards.AsSpan())
                count += shard.State == ShardState.Stored ? 1 : 0;
            return count;
        }
    }

    public bool IsComplete => State != PackState.Open && StoredShards == Width;

    /// <summary>Shards known to be missing or damaged at their clouds.</summary>
    public int BadShards
    {
        get
        {
            var count = 0;
            foreach (ref readonly var shard in Shards.AsSpan())
                count += shard.State is ShardState.Missing or ShardState.Damaged ? 1 : 0;
            return count;
        }
    }

    /// <summary>
    /// What is in it cannot be had from here nor from the clouds, as far as these answer. Nobody waits for it; the healer goes on trying, and
    /// the local file stays.
    /// </summary>
    public bool IsLost => UnhealedAt is not null && StoredShards < DataShards && (LocalIsSuspect || !IsWholeLocally);

    /// <summary>Whether the local file holds every byte of the data shards.</summary>
    public bool IsWholeLocally => Local is { IsWhole: true };

    public int MaximumUsed
    {
        get
        {
            var maximum = 0;
            for (var shard = 0; shard < DataShards; shard++)
                maximum = Math.Max(maximum, Shards[shard].Used);
            return maximum;
        }
    }

    private static ShardPlace[] NewShards(int width)
    {
        var shards = new ShardPlace[width];
        foreach (ref var shard in shards.AsSpan())
            shard.Cloud = ShardPlace.Nowhere;
        return shards;
    }
}
