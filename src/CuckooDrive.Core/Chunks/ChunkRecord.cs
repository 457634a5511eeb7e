using CuckooDrive.Format;

namespace CuckooDrive.Core.Chunks;

/// <summary>One chunk of a pack: where its sealed bytes lie and who needs it.</summary>
internal struct ChunkRecord
{
    public ChunkId Id;
    /// <summary>Byte offset of the sealed chunk in its shard.</summary>
    public int Offset;
    public int SealedLength;
    public int PlainLength;
    /// <summary>Extents that refer to the chunk.</summary>
    public uint References;
    /// <summary>Holds of appenders; only in memory, so a crash ends them.</summary>
    public ushort Holds;
    public byte Shard;
    public byte Codec;
    /// <summary>The commit that first recorded the chunk; 0 until then.</summary>
    public long Birth;
    /// <summary>The commit that recorded its last reference's end; 0 while it is alive.</summary>
    public long Death;

    public readonly bool IsAlive => References > 0 || Holds > 0;
}

/// <summary>64 chunk records of one pack: the unit that is loaded, kept, changed and committed together. Guarded by the index's gate.</summary>
internal sealed class ChunkPage(uint pack, uint index)
{
    public const int Capacity = 64;

    public readonly uint Pack = pack;
    public readonly uint Index = index;
    public readonly ChunkRecord[] Records = new ChunkRecord[Capacity];
    public int Count;

    /// <summary>Chunks of this page with holds: they live only in memory, so the page must stay.</summary>
    public int HeldChunks;

    /// <summary>Changed since it was last collected.</summary>
    public bool Dirty;

    /// <summary>Collected for a commit that is not known to be durable: the store's row may be older than this.</summary>
    public bool InCommit;

    public LinkedListNode<ChunkPage>? Node;

    public bool CanLeave => !Dirty && !InCommit && HeldChunks == 0;
}
