using CsCheck;
using CuckooDrive.Format.Tests.Support;

namespace CuckooDrive.Format.Tests;

public sealed class ValueSealerTests : IDisposable
{
    private readonly DriveKeys _keys = Samples.Keys();
    private readonly ValueSealer _sealer;

    public ValueSealerTests() => _sealer = new ValueSealer(_keys);

    public void Dispose()
    {
        _sealer.Dispose();
        _keys.Dispose();
    }

    [Fact]
    public void What_is_sealed_opens() => Gen.Select(Gen.Byte.Array[0, 25], Gen.Byte.Array[0, 3000]).Sample((key, plain) =>
    {
        var sealedValue = Seal(key, plain);
        Assert.Equal(plain.Length + ValueSealer.Overhead, sealedValue.Length);
        var opened = new byte[plain.Length + 5];
        Assert.True(_sealer.TryOpen(key, sealedValue, opened, out var length));
        Assert.Equal(plain, opened[..length]);
    });

    [Fact]
    public void Every_flipped_bit_other_key_and_length_is_refused()
    {
        var sealedValue = Seal("row"u8, Samples.Random(100));
        var opened = new byte[300];
        for (var bit = 0; bit < sealedValue.Length * 8; bit++)
            AssertRefused("row"u8, Samples.WithFlippedBit(sealedValue, bit));
        AssertRefused("rox"u8, sealedValue);
        AssertRefused("ro"u8, sealedValue);
        AssertRefused("row\0"u8, sealedValue);
        for (var length = 0; length < sealedValue.Length; length++)
            AssertRefused("row"u8, sealedValue.AsSpan(0, length));
        AssertRefused("row"u8, [.. sealedValue, 0]);
        using var otherKeys = Samples.Keys("other");
        using var other = new ValueSealer(otherKeys);
        Assert.False(other.TryOpen("row"u8, sealedValue, opened, out _));
    }

    [Fact]
    public void Nonces_do_not_repeat_even_when_the_counter_ends()
    {
        using var sealer = new ValueSealer(_keys, RandomSource.Secure, firstCounter: uint.MaxValue - 500L);
        var nonces = new System.Collections.Concurrent.ConcurrentDictionary<string, bool>();
        Parallel.For(0, 2000, new ParallelOptions { MaxDegreeOfParallelism = 8 }, _ =>
        {
            var target = new byte[ValueSealer.Overhead];
            sealer.Seal(default, default, target);
            Assert.True(nonces.TryAdd(Convert.ToHexString(target.AsSpan(0, 12)), true));
        });
        Assert.Equal(2, nonces.Keys.Select(nonce => nonce[..16]).Distinct().Count());
    }

    [Fact]
    public void Two_instances_use_different_nonces() =>
        Assert.NotEqual(Seal("a"u8, "b"u8)[..8], SealWith(new ValueSealer(_keys), "a"u8, "b"u8)[..8]);

    [Fact]
    public void Threads_share_one_sealer() =>
        Parallel.For(0, 1000, new ParallelOptions { MaxDegreeOfParallelism = 16 }, i =>
        {
            var plain = Samples.Random(i % 97, $"{i}");
            var opened = new byte[plain.Length];
            Assert.True(_sealer.TryOpen("k"u8, Seal("k"u8, plain), opened, out _));
            Assert.Equal(plain, opened);
        });

    [Fact]
    public void Nothing_is_allocated()
    {
        var plain = Samples.Random(200);
        var target = new byte[plain.Length + ValueSealer.Overhead];
        Assert.Equal(0, Samples.AllocatedBy(() =>
        {
            var length = _sealer.Seal("row"u8, plain, target);
            if (!_sealer.TryOpen("row"u8, target.AsSpan(0, length), plain, out _))
                throw new InvalidOperationException("A value does not open.");
        }));
    }

    private void AssertRefused(ReadOnlySpan<byte> key, ReadOnlySpan<byte> sealedValue)
    {
        Assert.False(_sealer.TryOpen(key, sealedValue, new byte[300], out var length));
        Assert.Equal(0, length);
    }

    private byte[] Seal(ReadOnlySpan<byte> key, ReadOnlySpan<byte> plain) => SealWith(_sealer, key, plain);

    private static byte[] SealWith(ValueSealer sealer, ReadOnlySpan<byte> key, ReadOnlySpan<byte> plain)
    {
        var target = new byte[plain.Length + ValueSealer.Overhead + 3];
        return target[..sealer.Seal(key, plain, target)];
    }
}
