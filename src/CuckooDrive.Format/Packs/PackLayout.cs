namespace CuckooDrive.Format;

/// <summary>The sizes of packs, shards and chunks, in bytes. docs/format.md gives the reasons.</summary>
public static class PackLayout
{
    /// <summary>The largest plaintext of a chunk.</summary>
    public const int MaximumChunkLength = 128 * 1024;

    /// <summary>The authentication tag: what sealing adds to a chunk's payload, or to each of its blocks.</summary>
    public const int SealOverhead = 16;

    /// <summary>
    /// The payload under one seal in a chunk of the codec <see cref="ChunkCodec.Blocks"/>; the last block may be shorter. A random read
    /// opens one. The smaller they are, the more time and room their seals take (docs/decisions/0004).
    /// </summary>
    public const int BlockLength = 8 * 1024;

    /// <summary>The largest sealed chunk.</summary>
    public const int MaximumSealedLength = MaximumChunkLength + (MaximumChunkLength / BlockLength * SealOverhead);

    /// <summary>
    /// The largest shard: 64 of the largest chunks with one tag each, as they were sealed before there were blocks, rounded up to a disk page.
    /// Not a power of two. Every provider takes an object of this size in one request or a short session.
    /// </summary>
    public const int ShardCapacity = 64 * MaximumChunkLength + 4096;

    /// <summary>
    /// What 63 of the largest chunks take, rounded up to a disk page: as many fit into a shard. A padded length of its own, since the next
    /// one would waste 1.5 % in every shard of a large file.
    /// </summary>
    public const int FullLength = ((63 * MaximumSealedLength) + 4095) / 4096 * 4096;

    /// <summary>The smallest shard.</summary>
    public const int MinimumShardLength = 4096;

    /// <summary>Bytes of a shard's tag.</summary>
    public const int ShardTagLength = 16;

    /// <summary>The most shards (k + m) of a pack.</summary>
    public const int MaximumShards = 255;

    /// <summary>Bytes of a chunk whose payload has <paramref name="payloadLength"/>, sealed.</summary>
    public static int SealedLength(byte codec, int payloadLength) =>
        payloadLength + (SealOverhead * (codec == ChunkCodec.Blocks ? Blocks(payloadLength, BlockLength) : 1));

    /// <summary>The inverse of <see cref="SealedLength"/>; negative when no payload is that long sealed.</summary>
    public static int PayloadLength(byte codec, int sealedLength)
    {
        if (codec != ChunkCodec.Blocks)
            return sealedLength - SealOverhead;
        var payload = sealedLength - (SealOverhead * Blocks(sealedLength, BlockLength + SealOverhead));
        return payload > 0 && SealedLength(codec, payload) == sealedLength ? payload : -1;
    }

    private static int Blocks(int length, int blockLength) => (int)(((uint)length + (uint)blockLength - 1) / (uint)blockLength);

    /// <summary>
    /// The length of every shard of a pack whose fullest data shard holds <paramref name="used"/> bytes: the smallest
    /// padded length that fits. Monotonic, idempotent, at least <see cref="MinimumShardLength"/>, at most
    /// <see cref="ShardCapacity"/>, which is itself a padded length as <see cref="FullLength"/> is. Padding costs at most 6.25 % above the minimum (see
    /// <see cref="Padding"/>).
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Negative, or more than the capacity.</exception>
    public static int PaddedLength(int used)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(used);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(used, ShardCapacity);
        var padded = Math.Min(Padding.PaddedLength(used, MinimumShardLength), ShardCapacity);
        return used <= FullLength && padded > FullLength ? FullLength : padded;
    }

    /// <summary>Whether <see cref="PaddedLength"/> can give <paramref name="length"/>; a reader refuses other shard lengths.</summary>
    public static bool IsPaddedLength(int length) =>
        length is >= MinimumShardLength and <= ShardCapacity && PaddedLength(length) == length;
}
