using System.Buffers.Binary;
using System.Security.Cryptography;
using CsCheck;
using CuckooDrive.Format.Tests.Support;

namespace CuckooDrive.Format.Tests;

public sealed class DriveHeaderTests : IDisposable
{
    private readonly Secret _passphrase = Secret.FromPassphrase("right");
    private readonly DriveKeys _keys;
    private readonly DriveHeader _header;

    public DriveHeaderTests() => _header = DriveHeader.Create(_passphrase, "laptop", out _keys, Argon2Cost.Minimum);

    public void Dispose()
    {
        _keys.Dispose();
        _passphrase.Dispose();
    }

    [Fact]
    public void A_header_comes_back_and_unlocks()
    {
        var bytes = _header.Encode();
        Assert.True(DriveHeader.TryDecode(bytes, out var header, out var error));
        Assert.Equal(HeaderError.None, error);
        Assert.Equal(1, header.Sequence);
        Assert.Equal(_keys.DriveId, header.DriveId);
        Assert.Equal(bytes, header.Encode());
        Assert.True(header.TryUnlock(_passphrase, out var keys, out var unlock));
        using (keys)
            Assert.Equal(_keys.Master, keys.Master);
        Assert.Equal(UnlockError.None, unlock);
        Assert.True(header.IsAuthentic(_keys));
        Assert.Equal([new KeySlotInfo(_header.Slots[0].Number, SecretKind.Passphrase, "laptop", Argon2Cost.Minimum)], header.DescribeSlots(_keys));
    }

    [Fact]
    public void The_default_cost_is_written_and_used()
    {
        var header = DriveHeader.Create(_passphrase, "", out var keys);
        keys.Dispose();
        Assert.Equal(Argon2Cost.Default, header.Slots[0].Cost);
        Assert.True(header.TryUnlock(_passphrase, out var unlocked));
        unlocked.Dispose();
    }

    [Fact]
    public void Wrong_secrets_are_refused_with_the_reason()
    {
        using var wrong = Secret.FromPassphrase("wrong");
        Assert.False(_header.TryUnlock(wrong, out _, out var error));
        Assert.Equal(UnlockError.WrongSecret, error);
        using var sameBytesOtherKind = Secret.FromKeyFile("right right right"u8);
        Assert.False(_header.TryUnlock(sameBytesOtherKind, out _, out error));
        Assert.Equal(UnlockError.NoSuchSlot, error);
    }

    [Fact]
    public void The_same_slots_under_a_higher_number_are_a_newer_header()
    {
        var later = DriveHeader.Join(_keys, [_header], []);
        Assert.Equal(_header.Sequence + 1, later.Sequence);
        Assert.True(DriveHeader.TryDecode(later.Encode(), out var decoded, out _));
        Assert.Equal(_header.DescribeSlots(_keys), decoded.DescribeSlots(_keys));
        Assert.True(decoded.TryUnlock(_passphrase, out var keys));
        keys.Dispose();
    }

    [Fact]
    public void Slots_are_added_and_removed()
    {
        using var file = Secret.FromKeyFile(Samples.Random(64));
        using var recovery = Secret.NewRecoveryKey(out _);
        var second = _header.AddSlot(_keys, file, "stick", Argon2Cost.Minimum);
        var third = second.AddSlot(_keys, recovery, "Drucker é", Argon2Cost.Minimum);
        Assert.Equal(3, third.Sequence);
        Assert.True(DriveHeader.TryDecode(third.Encode(), out var header, out _));
        Assert.Equal(["laptop", "stick", "Drucker é"], header.DescribeSlots(_keys).Select(slot => slot.Label));
        foreach (var secret in new[] { _passphrase, file, recovery })
        {
            Assert.True(header.TryUnlock(secret, out var keys));
            keys.Dispose();
        }

        var numbers = header.Slots.Select(slot => slot.Number).ToList();
        Assert.Equal(3, numbers.Distinct().Count());
        Assert.All(numbers, number => Assert.InRange(number, 10_000_000, 99_999_999));
        var fourth = header.RemoveSlot(_keys, 0);
        Assert.Equal(4, fourth.Sequence);
        Assert.Equal(numbers[1..], fourth.DescribeSlots(_keys).Select(slot => slot.Number));
        Assert.False(fourth.TryUnlock(_passphrase, out _, out var error));
        Assert.Equal(UnlockError.NoSuchSlot, error);
        Assert.Equal(["stick", "Drucker é"], fourth.DescribeSlots(_keys).Select(slot => slot.Label));
        Assert.True(fourth.TryUnlock(recovery, out var recovered));
        recovered.Dispose();

        var last = fourth.RemoveSlot(_keys, 0);
        Assert.Throws<InvalidOperationException>(() => last.RemoveSlot(_keys, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => last.RemoveSlot(_keys, 1));
    }

    [Fact]
    public void A_new_slot_never_gets_the_number_of_another()
    {
        var first = _header.Slots[0].Salt.ToArray();
        var second = _header.AddSlot(_keys, _passphrase, "", Argon2Cost.Minimum, new SaltThenRandom(first));
        Assert.NotEqual(second.Slots[0].Number, second.Slots[1].Number);
        Assert.Equal(_header.Slots[0].Number, second.Slots[0].Number);
    }

    [Fact]
    public void Two_headers_of_one_number_are_joined_with_the_slots_of_both()
    {
        using var left = Secret.FromPassphrase("left");
        using var right = Secret.FromPassphrase("right side");
        var one = _header.AddSlot(_keys, left, "left", Argon2Cost.Minimum);
        var other = _header.AddSlot(_keys, right, "right", Argon2Cost.Minimum);
        Assert.False(one.HasSameSlots(other));
        var joined = DriveHeader.Join(_keys, [one, other], []);
        Assert.True(DriveHeader.TryDecode(joined.Encode(), out var read, out _));
        Assert.Equal((3, 3), (read.Sequence, read.Slots.Count));
        Assert.Equal(["laptop", "left", "right"], read.DescribeSlots(_keys).Select(slot => slot.Label));
        foreach (var secret in new[] { _passphrase, left, right })
        {
            Assert.True(read.TryUnlock(secret, out var keys));
            keys.Dispose();
        }
        Assert.True(joined.HasSameSlots(DriveHeader.Join(_keys, [other, one], [])));
        Assert.Equal(["laptop", "right"], DriveHeader.Join(_keys, [one, other], one.SlotsNotIn(_header)).DescribeSlots(_keys).Select(slot => slot.Label));
        Assert.Throws<ArgumentException>(() => DriveHeader.Join(_keys, [_header], _header.Slots));
    }

    [Fact]
    public void Joining_keeps_what_most_headers_have_when_there_is_no_room_for_all()
    {
        var full = _header;
        while (full.Slots.Count < DriveHeader.MaximumSlots - 1)
            full = full.AddSlot(_keys, _passphrase, "both", Argon2Cost.Minimum);
        DriveHeader[] headers = [full.AddSlot(_keys, _passphrase, "", Argon2Cost.Minimum), full.AddSlot(_keys, _passphrase, "", Argon2Cost.Minimum)];
        var joined = DriveHeader.Join(_keys, headers, []);
        Assert.Equal(DriveHeader.MaximumSlots, joined.Slots.Count);
        Assert.Empty(full.SlotsNotIn(joined));
        Assert.True(joined.HasSameSlots(DriveHeader.Join(_keys, [.. headers.Reverse()], [])));
    }

    [Fact]
    public void There_is_room_for_so_many_slots_and_so_long_labels()
    {
        var header = _header;
        while (header.Slots.Count < DriveHeader.MaximumSlots)
            header = header.AddSlot(_keys, _passphrase, new string('x', DriveHeader.MaximumLabelLength), Argon2Cost.Minimum);
        Assert.Throws<InvalidOperationException>(() => header.AddSlot(_keys, _passphrase, "", Argon2Cost.Minimum));
        Assert.Equal(DriveHeader.MaximumEncodedLength, header.Encode().Length);
        Assert.True(DriveHeader.TryDecode(header.Encode(), out var read, out _));
        Assert.True(read.IsAuthentic(_keys));
        Assert.Throws<ArgumentException>(() => _header.AddSlot(_keys, _passphrase, new string('é', 32), Argon2Cost.Minimum));
        Assert.Throws<ArgumentException>(() => DriveHeader.Create(_passphrase, new string('x', 64), out _, Argon2Cost.Minimum));
    }

    [Fact]
    public void Nothing_readable_is_stored()
    {
        var text = System.Text.Encoding.Latin1.GetString(_header.Encode());
        Assert.DoesNotContain("laptop", text);
        Assert.DoesNotContain("right", text);
    }

    [Fact]
    public void Every_flipped_bit_is_refused()
    {
        var bytes = _header.Encode();
        for (var bit = 0; bit < bytes.Length * 8; bit++)
        {
            if (!DriveHeader.TryDecode(Samples.WithFlippedBit(bytes, bit), out var header, out var error))
            {
                Assert.NotEqual(HeaderError.None, error);
                continue;
            }
            Assert.False(header.IsAuthentic(_keys));
            Assert.Throws<CryptographicException>(() => header.DescribeSlots(_keys));
            // Some flips ask for a dear but acceptable derivation: not worth the test's time.
            if (header.Slots[0].Cost is { MemoryKibibytes: < 4096 })
            {
                Assert.False(header.TryUnlock(_passphrase, out _, out var unlock));
                Assert.NotEqual(UnlockError.None, unlock);
            }
        }
    }

    [Fact]
    public void A_change_outside_the_opened_slot_is_told_from_a_wrong_secret()
    {
        using var file = Secret.FromKeyFile(Samples.Random(64));
        var bytes = _header.AddSlot(_keys, file, "", Argon2Cost.Minimum).Encode();
        bytes[HeaderCodec.FixedLength + KeySlot.EncodedLength + 40] ^= 1; // the second slot's salt
        Assert.True(DriveHeader.TryDecode(bytes, out var header, out _));
        Assert.False(header.TryUnlock(_passphrase, out _, out var error));
        Assert.Equal(UnlockError.HeaderChanged, error);
        Assert.False(header.TryUnlock(file, out _, out error));
        Assert.Equal(UnlockError.WrongSecret, error);
    }

    [Fact]
    public void A_slot_cannot_be_moved_to_another_drive()
    {
        var other = DriveHeader.Create(_passphrase, "", out var otherKeys, Argon2Cost.Minimum).Encode();
        otherKeys.Dispose();
        _header.Slots[0].Encoded.CopyTo(other.AsSpan(HeaderCodec.FixedLength));
        Assert.True(DriveHeader.TryDecode(other, out var header, out _));
        Assert.False(header.TryUnlock(_passphrase, out _, out var error));
        Assert.Equal(UnlockError.WrongSecret, error);
        Assert.False(header.IsAuthentic(_keys));
    }

    [Fact]
    public void Cut_extended_and_foreign_bytes_are_told_apart()
    {
        var bytes = _header.Encode();
        for (var length = 0; length < bytes.Length; length++)
            AssertRefused(bytes[..length], HeaderError.Truncated);
        AssertRefused([.. bytes, 0], HeaderError.Extended);
        AssertRefused(Samples.Random(300), HeaderError.NotAHeader);
        var later = (byte[])bytes.Clone();
        later[8] = 2;
        AssertRefused(later, HeaderError.UnsupportedVersion);
        var dear = (byte[])bytes.Clone();
        BinaryPrimitives.WriteInt32LittleEndian(dear.AsSpan(HeaderCodec.FixedLength + 8), int.MaxValue);
        AssertRefused(dear, HeaderError.Malformed);
        var sequence = (byte[])bytes.Clone();
        BinaryPrimitives.WriteInt32LittleEndian(sequence.AsSpan(16), 0);
        AssertRefused(sequence, HeaderError.Malformed);
    }

    [Fact]
    public void Random_bytes_are_never_an_exception()
    {
        var bytes = _header.Encode();
        Gen.Select(Gen.Byte.Array[0, 400], Gen.Int[0, bytes.Length]).Sample((noise, kept) =>
        {
            DriveHeader.TryDecode(noise, out _, out _);
            if (DriveHeader.TryDecode([.. bytes[..kept], .. noise], out var header, out _))
                Assert.False(header.IsAuthentic(_keys));
        });
    }

    private static void AssertRefused(byte[] bytes, HeaderError expected)
    {
        Assert.False(DriveHeader.TryDecode(bytes, out var header, out var error));
        Assert.Null(header);
        Assert.Equal(expected, error);
        Assert.NotEmpty(error.Describe());
    }

    private sealed class SaltThenRandom(byte[] salt) : RandomSource
    {
        private bool _given;

        public override void Fill(Span<byte> target)
        {
            if (!_given)
                salt.CopyTo(target);
            else
                RandomNumberGenerator.Fill(target);
            _given = true;
        }
    }
}
