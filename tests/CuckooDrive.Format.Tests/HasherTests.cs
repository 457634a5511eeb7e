using System.Security.Cryptography;
using CsCheck;
using CuckooDrive.Format.Tests.Support;

namespace CuckooDrive.Format.Tests;

public sealed class HasherTests : IDisposable
{
    private readonly DriveKeys _keys = Samples.Keys();
    private readonly ChunkHasher _chunks;
    private readonly NameHasher _names;

    public HasherTests()
    {
        _chunks = new ChunkHasher(_keys);
        _names = new NameHasher(_keys);
    }

    public void Dispose()
    {
        _chunks.Dispose();
        _names.Dispose();
        _keys.Dispose();
    }

    [Fact]
    public void Equal_content_has_equal_ids_and_other_content_has_not() =>
        Gen.Select(Gen.Byte.Array[0, 3000], Gen.Int, Gen.Byte[1, 255]).Sample((plain, at, change) =>
        {
            var id = _chunks.Compute(plain);
            Assert.Equal(id, _chunks.Compute((byte[])plain.Clone()));
            Assert.NotEqual(id, _chunks.Compute([.. plain, 0]));
            Assert.NotEqual(id, _chunks.Compute([0, .. plain]));
            if (plain.Length == 0)
                return;
            plain[(uint)at % (uint)plain.Length] ^= change;
            Assert.NotEqual(id, _chunks.Compute(plain));
        });

    [Fact]
    public void Zeros_of_every_length_have_their_own_id()
    {
        var ids = Enumerable.Range(0, 4097).Select(length => _chunks.Compute(new byte[length])).ToHashSet();
        Assert.Equal(4097, ids.Count);
    }

    [Fact]
    public void Another_drive_has_other_ids()
    {
        using var otherKeys = Samples.Keys("other");
        using var other = new ChunkHasher(otherKeys);
        Assert.NotEqual(_chunks.Compute("content"u8), other.Compute("content"u8));
    }

    [Fact]
    public void Name_hashes_are_truncated_hmacs() =>
        Gen.Select(Gen.ULong, Gen.Byte.Array[0, 600]).Sample((parent, name) =>
        {
            var key = new byte[32];
            _keys.Derive(KeyPurpose.NameHash, default, key);
            var message = new byte[8 + name.Length];
            System.Buffers.Binary.BinaryPrimitives.WriteUInt64LittleEndian(message, parent);
            name.CopyTo(message, 8);
            var hash = new byte[16];
            _names.Compute(parent, name, hash);
            Assert.Equal(HMACSHA256.HashData(key, message)[..16], hash);
        }, iter: 300);

    [Fact]
    public void Threads_agree()
    {
        var content = Enumerable.Range(0, 64).Select(i => Samples.Random(i * 100, $"{i}")).ToArray();
        var expected = content.Select(part => _chunks.Compute(part)).ToArray();
        Parallel.For(0, 2000, new ParallelOptions { MaxDegreeOfParallelism = 16 }, i =>
            Assert.Equal(expected[i % 64], _chunks.Compute(content[i % 64])));
    }

    [Fact]
    public void Disposed_hashers_refuse()
    {
        _chunks.Dispose();
        _names.Dispose();
        Assert.Throws<ObjectDisposedException>(() => _chunks.Compute("content"u8));
        Assert.Throws<ObjectDisposedException>(() => _names.Compute(1, "name"u8, new byte[16]));
    }

    [Fact]
    public void Nothing_is_allocated()
    {
        var plain = Samples.Random(4096);
        var hash = new byte[16];
        Assert.Equal(0, Samples.AllocatedBy(() =>
        {
            _chunks.Compute(plain).Write(hash);
            _names.Compute(1, plain.AsSpan(0, 255), hash);
        }));
    }
}
