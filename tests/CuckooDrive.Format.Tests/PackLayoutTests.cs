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
    public void A_full_shard_holds_64_of_the_largest_chunks()
    {
        const int used = 64 * (PackLayout.MaximumChunkLength + PackLayout.SealOverhead);
        Assert.Equal(PackLayout.ShardCapacity, PackLayout.PaddedLength(used));
        Assert.True(PackLayout.ShardCapacity - used < 4096);
        Assert.Equal(0, PackLayout.ShardCapacity % 4096);
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
