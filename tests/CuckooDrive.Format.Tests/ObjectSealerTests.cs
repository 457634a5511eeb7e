using CsCheck;
using CuckooDrive.Format.Tests.Support;

namespace CuckooDrive.Format.Tests;

public sealed class ObjectSealerTests : IDisposable
{
    private const string Name = "journal/0000000000000001-0000000000000002";
    private readonly DriveKeys _keys = Samples.Keys();
    private readonly ObjectSealer _sealer;

    public ObjectSealerTests() => _sealer = new ObjectSealer(_keys);

    public void Dispose() => _keys.Dispose();

    [Fact]
    public void What_is_sealed_opens() =>
        Gen.Select(Gen.OneOf(Gen.Byte.Array[0, 6000], Gen.Int[0, 200_000].Select(Samples.Text)), Gen.Byte.Array[0, 100]).Sample((plain, context) =>
        {
            var sealedObject = _sealer.Seal(KeyPurpose.Journal, context, plain);
            Assert.True(_sealer.TryOpen(KeyPurpose.Journal, context, sealedObject, out var opened, out var error));
            Assert.Equal(ObjectOpenError.None, error);
            Assert.Equal(plain, opened);
        }, iter: 200);

    [Fact]
    public void Lengths_tell_little()
    {
        foreach (var length in new[] { 0, 1, 100, 3900 })
            Assert.Equal(4096, _sealer.Seal(KeyPurpose.Lease, Name, Samples.Random(length)).Length);
        for (var length = 4000; length < 40_000; length += 501)
        {
            var sealedLength = _sealer.Seal(KeyPurpose.Root, Name, Samples.Random(length)).Length;
            Assert.Equal(Padding.PaddedLength(sealedLength, 4096), sealedLength);
            Assert.True(sealedLength - length < 101 + length * 0.12);
        }
        // Compressible content is compressed first.
        Assert.Equal(4096, _sealer.Seal(KeyPurpose.Root, Name, new byte[100_000]).Length);
    }

    [Fact]
    public void Every_flipped_bit_is_refused()
    {
        var sealedObject = _sealer.Seal(KeyPurpose.Journal, Name, Samples.Text(5000));
        var reasons = new HashSet<ObjectOpenError>();
        for (var bit = 0; bit < sealedObject.Length * 8; bit++)
        {
            Assert.False(_sealer.TryOpen(KeyPurpose.Journal, Name, Samples.WithFlippedBit(sealedObject, bit), out var opened, out var error));
            Assert.Null(opened);
            reasons.Add(error);
        }
        Assert.DoesNotContain(ObjectOpenError.None, reasons);
        Assert.DoesNotContain(ObjectOpenError.Malformed, reasons);
    }

    [Fact]
    public void Reasons_are_told_apart()
    {
        var plain = Samples.Text(500);
        var good = _sealer.Seal(KeyPurpose.Journal, Name, plain);
        for (var length = 0; length < good.Length; length += 7)
            AssertRefused(good[..length], ObjectOpenError.Truncated);
        AssertRefused([.. good, 0], ObjectOpenError.Extended);
        AssertRefused(Samples.Random(4096), ObjectOpenError.NotAnObject);
        AssertRefused(Changed(good, 4), ObjectOpenError.UnsupportedVersion);
        AssertRefused(Changed(good, 20), ObjectOpenError.WrongKey); // salt
        AssertRefused(Changed(good, 50), ObjectOpenError.WrongKey); // key check
        AssertRefused(Changed(good, 70), ObjectOpenError.WrongContext);
        AssertRefused(Changed(good, 100), ObjectOpenError.Damaged);
        AssertRefused(_sealer.Seal(KeyPurpose.Root, Name, plain), ObjectOpenError.WrongKind);
        AssertRefused(_sealer.Seal(KeyPurpose.Journal, Name[..^1] + "3", plain), ObjectOpenError.WrongContext);
        using var otherKeys = Samples.Keys("other");
        AssertRefused(new ObjectSealer(otherKeys).Seal(KeyPurpose.Journal, Name, plain), ObjectOpenError.WrongKey);
    }

    [Fact]
    public void The_kind_chooses_the_key()
    {
        var sealedObject = _sealer.Seal(KeyPurpose.Journal, Name, Samples.Text(500));
        sealedObject[6] = (byte)KeyPurpose.Root;
        Assert.False(_sealer.TryOpen(KeyPurpose.Root, Name, sealedObject, out _, out var error));
        Assert.Equal(ObjectOpenError.WrongKey, error);
    }

    [Fact]
    public void Equal_content_never_looks_equal()
    {
        var first = _sealer.Seal(KeyPurpose.Journal, Name, "content"u8);
        var second = _sealer.Seal(KeyPurpose.Journal, Name, "content"u8);
        Assert.NotEqual(first[12..], second[12..]);
        Assert.NotEqual(ObjectHash.Compute(first), ObjectHash.Compute(second));
        Assert.Equal(ObjectHash.Length, ObjectHash.None.Length);
    }

    [Fact]
    public void Random_bytes_are_never_an_exception() =>
        Gen.Select(Gen.Byte.Array[0, 300], Gen.Int[0, 100]).Sample((noise, kept) =>
        {
            var good = _sealer.Seal(KeyPurpose.Journal, Name, "content"u8);
            Assert.False(_sealer.TryOpen(KeyPurpose.Journal, Name, noise, out _, out _));
            Assert.False(_sealer.TryOpen(KeyPurpose.Journal, Name, [.. good[..kept], .. noise], out _, out _));
        });

    [Fact]
    public void Contents_that_no_writer_gives_are_malformed()
    {
        Assert.NotNull(SealedContent.Unpack(SealedContent.Pack("content"u8, length => length + 10), 100));
        Assert.Null(SealedContent.Unpack(SealedContent.Pack("content"u8, length => length + 10), 6));
        Assert.Null(SealedContent.Unpack(new byte[8], 100));
        Assert.Null(SealedContent.Unpack([5, 0, 0, 0, 6, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6], 100)); // lengths differ
        Assert.Null(SealedContent.Unpack([5, 0, 0, 0, 5, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6], 100)); // padding not zero
        Assert.Null(SealedContent.Unpack([5, 0, 0, 0, 5, 0, 0, 0, 9, 1, 2, 3, 4, 5, 0], 100)); // codec
        Assert.Null(SealedContent.Unpack([5, 0, 0, 0, 5, 0, 0, 0x80, 0, 1, 2, 3, 4, 5, 0], 100));
        Assert.Null(SealedContent.Unpack([5, 0, 0, 0x80, 5, 0, 0, 0, 0, 1, 2, 3, 4, 5, 0], 100));
        Assert.NotNull(SealedContent.Unpack([5, 0, 0, 0, 5, 0, 0, 0, 0, 1, 2, 3, 4, 5, 0], 100));
        Gen.Byte.Array[0, 60].Sample(noise => { SealedContent.Unpack(noise, 1000); });
    }

    [Fact]
    public void Too_much_content_is_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => _sealer.Seal(KeyPurpose.Root, Name, new byte[ObjectSealer.MaximumPlainLength + 1]));

    [Fact]
    public void Every_reason_has_words()
    {
        foreach (var error in Enum.GetValues<ObjectOpenError>())
            Assert.NotEmpty(error.Describe());
        foreach (var error in Enum.GetValues<HeaderError>())
            Assert.NotEmpty(error.Describe());
        foreach (var error in Enum.GetValues<UnlockError>())
            Assert.NotEmpty(error.Describe());
    }

    private void AssertRefused(byte[] sealedObject, ObjectOpenError expected)
    {
        Assert.False(_sealer.TryOpen(KeyPurpose.Journal, Name, sealedObject, out _, out var error));
        Assert.Equal(expected, error);
    }

    private static byte[] Changed(byte[] bytes, int at) => Samples.WithFlippedBit(bytes, at * 8);
}
