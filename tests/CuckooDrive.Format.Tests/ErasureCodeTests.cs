using System.Numerics;
using CsCheck;
using CuckooDrive.Format.Tests.Support;

namespace CuckooDrive.Format.Tests;

public sealed class ErasureCodeTests
{
    public static TheoryData<int, int> SmallCodes
    {
        get
        {
            var codes = new TheoryData<int, int>();
            for (var k = 1; k <= 6; k++)
            {
                for (var m = 0; m <= 4; m++)
                    codes.Add(k, m);
            }
            return codes;
        }
    }

    [Theory]
    [MemberData(nameof(SmallCodes))]
    public void Any_k_shards_give_all_the_others(int k, int m)
    {
        var shards = Encoded(new ErasureCode(k, m), 100);
        for (var pattern = 0; pattern < 1 << (k + m); pattern++)
        {
            if (BitOperations.PopCount((uint)pattern) < k)
                continue;
            var present = Enumerable.Range(0, k + m).Where(i => (pattern >> i & 1) != 0).ToArray();
            AssertRebuilds(new ErasureCode(k, m), shards, present, [.. Enumerable.Range(0, k + m)], 0, 100);
        }
    }

    [Fact]
    public void Any_range_of_any_order_of_any_shards_suffices()
    {
        var inputs = Gen.Select(Gen.Int[1, 40], Gen.Int[0, 20], Gen.Int[1, 20_000], Gen.Int, Gen.Int[0, 20_000], Gen.Int[0, 20_000]);
        inputs.Sample((k, m, length, seed, from, count) =>
        {
            var code = new ErasureCode(k, m);
            var shards = Encoded(code, length);
            var order = Enumerable.Range(0, k + m).ToArray();
            new Random(seed).Shuffle(order);
            from %= length + 1;
            count = Math.Min(count, length - from);
            AssertRebuilds(code, shards, order[..k], order[k..], from, count);
            AssertRebuilds(code, shards, order[^k..], order[..^k], from, Math.Min(count, 1));
        }, iter: 60);
    }

    [Fact]
    public void All_kernels_give_the_same_shards()
    {
        var inputs = Gen.Select(Gen.Int[1, 30], Gen.Int[1, 10], Gen.Int[0, 10_000]);
        inputs.Sample((k, m, length) =>
        {
            var reference = Encoded(new ErasureCode(k, m, new ScalarKernel()), length);
            foreach (var kernel in GaloisKernel.Supported())
            {
                var code = new ErasureCode(k, m, kernel);
                var shards = Encoded(code, length);
                for (var i = 0; i < shards.Length; i++)
                    Assert.Equal(reference[i], shards[i]);
                AssertRebuilds(code, shards, [.. Enumerable.Range(m, k)], [.. Enumerable.Range(0, m)], 0, length);
            }
        }, iter: 60);
    }

    [Theory]
    [InlineData(1, 254)]
    [InlineData(254, 1)]
    [InlineData(255, 0)]
    [InlineData(128, 127)]
    public void The_largest_codes_work(int k, int m)
    {
        var code = new ErasureCode(k, m);
        var shards = Encoded(code, 33);
        var order = Enumerable.Range(0, k + m).ToArray();
        new Random(k).Shuffle(order);
        AssertRebuilds(code, shards, order[..k], order[k..], 0, 33);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(17)]
    public void The_first_parity_shard_is_the_xor(int k)
    {
        var shards = Encoded(new ErasureCode(k, 3), 50);
        for (var b = 0; b < 50; b++)
            Assert.Equal(shards[..k].Aggregate(0, (sum, shard) => sum ^ shard[b]), shards[k][b]);
    }

    [Fact]
    public void One_data_shard_is_replication()
    {
        var shards = Encoded(new ErasureCode(1, 5), 50);
        Assert.All(shards, shard => Assert.Equal(shards[0], shard));
    }

    [Fact]
    public void A_wanted_shard_that_is_present_is_copied_even_beyond_the_first_k()
    {
        var code = new ErasureCode(2, 2);
        var shards = Encoded(code, 10);
        var other = Samples.Random(10, "other");
        var output = new byte[10];
        code.Reconstruct([0, 1, 3], [shards[0], shards[1], other], [3], [output]);
        Assert.Equal(other, output);
    }

    [Fact]
    public void Wrong_arguments_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new ErasureCode(0, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ErasureCode(1, -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ErasureCode(200, 56));
        var code = new ErasureCode(2, 1);
        var a = new byte[4];
        var shorter = new byte[3];
        Assert.Throws<ArgumentException>(() => code.Encode([a], [a]));
        Assert.Throws<ArgumentException>(() => code.Encode([a, a], []));
        Assert.Throws<ArgumentException>(() => code.Encode([a, shorter], [a]));
        Assert.Throws<ArgumentException>(() => code.Encode([a, a], [shorter]));
        Assert.Throws<ArgumentException>(() => code.Reconstruct([0], [a], [1], [a]));
        Assert.Throws<ArgumentException>(() => code.Reconstruct([0, 0], [a, a], [1], [a]));
        Assert.Throws<ArgumentException>(() => code.Reconstruct([0, 3], [a, a], [1], [a]));
        Assert.Throws<ArgumentException>(() => code.Reconstruct([0, -1], [a, a], [1], [a]));
        Assert.Throws<ArgumentException>(() => code.Reconstruct([0, 1], [a], [2], [a]));
        Assert.Throws<ArgumentException>(() => code.Reconstruct([0, 1], [a, a], [3], [a]));
        Assert.Throws<ArgumentException>(() => code.Reconstruct([0, 1], [a, a], [2], []));
        Assert.Throws<ArgumentException>(() => code.Reconstruct([0, 1], [a, shorter], [2], [a]));
    }

    [Theory]
    [InlineData(1, 2)]
    [InlineData(3, 1)]
    [InlineData(5, 3)]
    public void Shard_by_shard_gives_the_parity_of_all_at_once(int k, int m)
    {
        var code = new ErasureCode(k, m);
        var shards = Encoded(code, 10_001);
        var parity = Enumerable.Range(0, m).Select(_ => Samples.Random(10_001, "what was there before")).ToArray();
        Memory<byte>[] buffers = [.. parity.Select(buffer => buffer.AsMemory())];
        for (var shard = 0; shard < k; shard++)
            code.AddShard(shard, shards[shard], buffers);
        Assert.Equal(shards[k..], parity);
        Assert.Throws<ArgumentException>(() => code.AddShard(0, shards[0].AsSpan(1), buffers));
        Assert.Throws<ArgumentException>(() => code.AddShard(0, shards[0], []));
        Assert.Throws<ArgumentOutOfRangeException>(() => code.AddShard(k, shards[0], buffers));
    }

    [Fact]
    public void Nothing_is_allocated()
    {
        var code = new ErasureCode(3, 2);
        var shards = Encoded(code, 10_000);
        ReadOnlyMemory<byte>[] data = [shards[0], shards[1], shards[2]];
        Memory<byte>[] parity = [new byte[10_000], new byte[10_000]];
        ReadOnlyMemory<byte>[] present = [shards[2], shards[3], shards[4]];
        int[] presentIndexes = [2, 3, 4];
        int[] wanted = [0, 1];
        Assert.Equal(0, Samples.AllocatedBy(() =>
        {
            code.Encode(data, parity);
            code.Reconstruct(presentIndexes, present, wanted, parity);
        }));
    }

    private static byte[][] Encoded(ErasureCode code, int length)
    {
        var shards = Enumerable.Range(0, code.TotalShards)
            .Select(i => i < code.DataShards ? Samples.Random(length, $"shard {i}") : new byte[length])
            .ToArray();
        code.Encode(
            [.. shards[..code.DataShards].Select(shard => (ReadOnlyMemory<byte>)shard)],
            [.. shards[code.DataShards..].Select(shard => (Memory<byte>)shard)]);
        return shards;
    }

    private static void AssertRebuilds(ErasureCode code, byte[][] shards, int[] present, int[] wanted, int from, int count)
    {
        var output = wanted.Select(_ => new byte[count]).ToArray();
        code.Reconstruct(
            present,
            [.. present.Select(i => (ReadOnlyMemory<byte>)shards[i].AsMemory(from, count))],
            wanted,
            [.. output.Select(buffer => (Memory<byte>)buffer)]);
        for (var i = 0; i < wanted.Length; i++)
            Assert.True(shards[wanted[i]].AsSpan(from, count).SequenceEqual(output[i]), $"shard {wanted[i]} from {string.Join(' ', present)}");
    }
}
