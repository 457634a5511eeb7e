using CsCheck;

namespace CuckooDrive.Format.Tests;

public sealed class PackLayoutTests
{
    [Fact]
    public void Padding_fits_is_monotonic_idempotent_and_cheap()
    {
        var previous = 0;
        for (var used = 0; used <= PackLayout.ShardCapacity; used += used < 70_000 ? 1 : 997)
        {
            var padded = PackLayout.PaddedLength(used);
            Assert.True(padded >= used && padded >= previous && padded <= PackLayout.ShardCapacity);
            Assert.Equal(padded, PackLayout.PaddedLength(padded));
            Assert.True(PackLayout.IsPaddedLength(padded));
            Assert.True(padded == PackLayout.MinimumShardLength || padded - used <= used * 0.0625);
            previous = padded;
        }
        Assert.Equal(PackLayout.ShardCapacity, PackLayout.PaddedLength(PackLayout.ShardCapacity));
    }

    [Fact]
    public void A_full_shard_of_the_largest_chunks_wastes_nothing()
    {
        const int used = 63 * PackLayout.MaximumSealedLength;
        Assert.True(used + PackLayout.MaximumSealedLength > PackLayout.ShardCapacity);
        Assert.Equal(PackLayout.FullLength, PackLayout.PaddedLength(used));
        Assert.True(PackLayout.FullLength - used < 4096);
        Assert.Equal(0, PackLayout.FullLength % 4096);
        Assert.Equal(PackLayout.MaximumSealedLength, PackLayout.SealedLength(ChunkCodec.Blocks, PackLayout.MaximumChunkLength));
    }

    /// <summary>Drives from before there were blocks have shards of these lengths.</summary>
    [Fact]
    public void A_shard_of_64_of_the_largest_chunks_with_one_tag_each_is_still_one()
    {
        const int used = 64 * (PackLayout.MaximumChunkLength + PackLayout.SealOverhead);
        Assert.Equal(PackLayout.ShardCapacity, PackLayout.PaddedLength(used));
        Assert.True(PackLayout.IsPaddedLength(8_392_704));
        Assert.True(PackLayout.IsPaddedLength(8_388_608));
        Assert.Equal(0, PackLayout.ShardCapacity % 4096);
    }

    [Fact]
    public void Sealed_lengths_and_payload_lengths_are_inverse()
    {
        foreach (var codec in new byte[] { ChunkCodec.Raw, ChunkCodec.Zstd, ChunkCodec.Blocks })
        {
            var possible = new HashSet<int>();
            for (var length = 1; length <= PackLayout.MaximumChunkLength; length++)
            {
                var sealedLength = PackLayout.SealedLength(codec, length);
                possible.Add(sealedLength);
                Assert.Equal(length, PackLayout.PayloadLength(codec, sealedLength));
            }
            for (var sealedLength = 0; sealedLength <= PackLayout.MaximumSealedLength; sealedLength++)
                Assert.True(possible.Contains(sealedLength) || sealedLength - PackLayout.SealOverhead > PackLayout.MaximumChunkLength || PackLayout.PayloadLength(codec, sealedLength) <= 0);
        }
        Assert.Equal(PackLayout.BlockLength + 16, PackLayout.SealedLength(ChunkCodec.Blocks, PackLayout.BlockLength));
        Assert.Equal(PackLayout.BlockLength + 33, PackLayout.SealedLength(ChunkCodec.Blocks, PackLayout.BlockLength + 1));
        Assert.Equal(-1, PackLayout.PayloadLength(ChunkCodec.Blocks, PackLayout.BlockLength + 32));
        Assert.True(PackLayout.PayloadLength(ChunkCodec.Blocks, int.MaxValue) < int.MaxValue);
    }

    [Fact]
    public void Few_lengths_are_possible()
    {
        var lengths = new HashSet<int>();
        for (var used = 0; used <= PackLayout.ShardCapacity; used += 64)
            lengths.Add(PackLayout.PaddedLength(used));
        Assert.InRange(lengths.Count, 100, 300);
    }

    [Theory]
    [InlineData(0, 4096)]
    [InlineData(4096, 4096)]
    [InlineData(4097, 4352)]
    [InlineData(100_000, 100_352)]
    [InlineData(1_000_000, 1_015_808)]
    [InlineData(8_257_536, 8_257_536)]
    [InlineData(8_257_537, 8_273_920)]
    [InlineData(8_273_920, 8_273_920)]
    [InlineData(8_273_921, 8_388_608)]
    [InlineData(8_388_607, 8_388_608)]
    [InlineData(8_388_609, 8_392_704)]
    public void Worked_lengths(int used, int padded) => Assert.Equal(padded, PackLayout.PaddedLength(used));

    [Fact]
    public void Lengths_out_of_bounds_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => PackLayout.PaddedLength(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => PackLayout.PaddedLength(PackLayout.ShardCapacity + 1));
        Assert.False(PackLayout.IsPaddedLength(0));
        Assert.False(PackLayout.IsPaddedLength(4095));
        Assert.False(PackLayout.IsPaddedLength(4097));
        Assert.False(PackLayout.IsPaddedLength(int.MaxValue));
        Assert.False(PackLayout.IsPaddedLength(-4096));
    }

    [Fact]
    public void Padding_keeps_few_bits() => Gen.Int[4097, int.MaxValue / 2].Sample(length =>
    {
        var padded = Padding.PaddedLength(length, 4096);
        var significant = 32 - System.Numerics.BitOperations.LeadingZeroCount((uint)padded) - System.Numerics.BitOperations.TrailingZeroCount(padded);
        Assert.InRange(significant, 1, 6);
    });
}
