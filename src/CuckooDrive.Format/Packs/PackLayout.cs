namespace CuckooDrive.Format;

/// <summary>The sizes of packs, shards and chunks, in bytes. docs/format.md gives the reasons.</summary>
public static class PackLayout
{
    /// <summary>The largest plaintext of a chunk.</summary>
    public const int MaximumChunkLength = 128 * 1024;

    /// <summary>What sealing adds to a chunk's payload: the authentication tag.</summary>
    public const int SealOverhead = 16;

    /// <summary>
    /// The largest shard: 64 sealed chunks of the largest size (with 8 MiB flat the last one would not fit, and every
    /// shard of a large file would waste 1.5 %), rounded up to a disk page. Not a power of two. Every provider takes an
    /// object of this size in one request or a short session.
    /// </summary>
    public const int ShardCapacity = 64 * MaximumChunkLength + 4096;

    /// <summary>The smallest shard.</summary>
    public const int MinimumShardLength = 4096;

    /// <summary>Bytes of a shard's tag.</summary>
    public const int ShardTagLength = 16;

    /// <summary>The most shards (k + m) of a pack.</summary>
    public const int MaximumShards = 255;

    /// <summary>
    /// The length of every shard of a pack whose fullest data shard holds <paramref name="used"/> bytes: the smallest
    /// padded length that fits. Monotonic, idempotent, at least <see cref="MinimumShardLength"/>, at most
    /// <see cref="ShardCapacity"/>, which is itself a padded length. Padding costs at most 6.25 % above the minimum (see
    /// <see cref="Padding"/>).
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Negative, or more than the capacity.</exception>
    public static int PaddedLength(int used)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(used);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(used, ShardCapacity);
        return Math.Min(Padding.PaddedLength(used, MinimumShardLength), ShardCapacity);
    }

    /// <summary>Whether <see cref="PaddedLength"/> can give <paramref name="length"/>; a reader refuses other shard lengths.</summary>
    public static bool IsPaddedLength(int length) =>
        length is >= MinimumShardLength and <= ShardCapacity && PaddedLength(length) == length;
}
