using CsCheck;
using CuckooDrive.Format.Tests.Support;

namespace CuckooDrive.Format.Tests;

public sealed class PackCipherTests : IDisposable
{
    private readonly DriveKeys _keys = Samples.Keys();
    private readonly PackCipher _cipher;

    public PackCipherTests() => _cipher = new PackCipher(_keys, Samples.Pack());

    public void Dispose()
    {
        _cipher.Dispose();
        _keys.Dispose();
    }

    [Fact]
    public void What_is_sealed_opens() =>
        Gen.Select(Gen.UInt, Gen.Byte.Where(codec => codec != ChunkCodec.Blocks), Gen.Int[1, PackLayout.MaximumChunkLength], Gen.Byte.Array[0, 5000]).Sample((number, codec, plainLength, payload) =>
        {
            var target = Seal(number, codec, plainLength, payload);
            var opened = new byte[payload.Length];
            Assert.True(_cipher.TryOpen(number, codec, plainLength, target, opened));
            Assert.Equal(payload, opened);
        });

    [Fact]
    public void Every_flipped_bit_is_refused()
    {
        var target = Seal(7, 1, 500, Samples.Random(200));
        var opened = new byte[200];
        for (var bit = 0; bit < target.Length * 8; bit++)
            Assert.False(_cipher.TryOpen(7, 1, 500, Samples.WithFlippedBit(target, bit), opened));
    }

    [Fact]
    public void Number_codec_length_pack_and_drive_are_bound()
    {
        var target = Seal(7, 1, 500, Samples.Random(200));
        var opened = new byte[200];
        for (var bit = 0; bit < 32; bit++)
        {
            Assert.False(_cipher.TryOpen(7 ^ (1u << bit), 1, 500, target, opened));
            Assert.False(_cipher.TryOpen(7, 1, 500 ^ (1 << bit), target, opened));
        }
        for (var codec = 0; codec < 256; codec++)
            Assert.Equal(codec == 1, _cipher.TryOpen(7, (byte)codec, 500, target, opened));
        using var otherPack = new PackCipher(_keys, Samples.Pack("other"));
        Assert.False(otherPack.TryOpen(7, 1, 500, target, opened));
        using var otherKeys = Samples.Keys("other");
        using var otherDrive = new PackCipher(otherKeys, Samples.Pack());
        Assert.False(otherDrive.TryOpen(7, 1, 500, target, opened));
    }

    [Fact]
    public void Cut_and_extended_chunks_are_refused()
    {
        var target = Seal(7, 1, 500, Samples.Random(200));
        var opened = new byte[300];
        for (var length = 0; length < target.Length; length++)
            Assert.False(_cipher.TryOpen(7, 1, 500, target.AsSpan(0, length), opened));
        Assert.False(_cipher.TryOpen(7, 1, 500, [.. target, 0], opened));
    }

    [Fact]
    public void A_refused_chunk_leaves_no_content()
    {
        var target = Seal(7, 1, 500, Samples.Random(200));
        var opened = new byte[200];
        target[^1] ^= 1;
        Assert.False(_cipher.TryOpen(7, 1, 500, target, opened));
        Assert.All(opened, value => Assert.Equal(0, value));
    }

    [Fact]
    public void Sealing_in_place_works()
    {
        var payload = Samples.Random(1000);
        var buffer = new byte[1000 + PackLayout.SealOverhead];
        payload.CopyTo(buffer, 0);
        _cipher.Seal(1, 0, 1000, buffer.AsSpan(0, 1000), buffer);
        Assert.Equal(Seal(1, 0, 1000, payload), buffer);
        Assert.True(_cipher.TryOpen(1, 0, 1000, buffer, buffer));
        Assert.Equal(payload, buffer[..1000]);
    }

    [Fact]
    public void Shard_tags_see_every_bit_the_length_and_the_place()
    {
        var shard = Samples.Random(4096);
        var tags = new HashSet<string> { Tag(_cipher, 0, shard) };
        for (var bit = 0; bit < shard.Length * 8; bit++)
            Assert.True(tags.Add(Tag(_cipher, 0, Samples.WithFlippedBit(shard, bit))));
        for (var index = 1; index < PackLayout.MaximumShards; index++)
            Assert.True(tags.Add(Tag(_cipher, index, shard)));
        Assert.True(tags.Add(Tag(_cipher, 0, shard.AsSpan(0, 4095))));
        Assert.True(tags.Add(Tag(_cipher, 0, [.. shard, 0])));
        using var other = new PackCipher(_keys, Samples.Pack("other"));
        Assert.True(tags.Add(Tag(other, 0, shard)));
        Assert.Equal(Tag(_cipher, 0, shard), Tag(_cipher, 0, shard));
    }

    [Fact]
    public void Many_threads_share_one_cipher()
    {
        Parallel.For(0, 400, new ParallelOptions { MaxDegreeOfParallelism = 16 }, i =>
        {
            var payload = Samples.Random(100 + i * 7, $"thread {i}");
            var target = Seal((uint)i, 0, payload.Length, payload);
            var opened = new byte[payload.Length];
            Assert.True(_cipher.TryOpen((uint)i, 0, payload.Length, target, opened));
            Assert.Equal(payload, opened);
            target[0] ^= 1;
            Assert.False(_cipher.TryOpen((uint)i, 0, payload.Length, target, opened));
        });
    }

    [Fact]
    public async Task A_disposed_cipher_never_seals_with_zeros()
    {
        var cipher = new PackCipher(_keys, Samples.Pack());
        var work = Task.WhenAll(Enumerable.Range(0, 4).Select(worker => Task.Run(() =>
        {
            var target = new byte[64 + PackLayout.SealOverhead];
            var opened = new byte[64];
            for (uint i = 0; ; i++)
            {
                try
                {
                    cipher.Seal(i, 0, 64, new byte[64], target);
                }
                catch (ObjectDisposedException)
                {
                    return;
                }
                Assert.True(_cipher.TryOpen(i, 0, 64, target, opened));
            }
        })));
        await Task.Delay(20);
        cipher.Dispose();
        await work.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public void Nothing_is_allocated()
    {
        var payload = Samples.Random(4096);
        var target = new byte[payload.Length + PackLayout.SealOverhead];
        var tag = new byte[16];
        Assert.Equal(0, Samples.AllocatedBy(() =>
        {
            _cipher.Seal(1, 0, 4096, payload, target);
            if (!_cipher.TryOpen(1, 0, 4096, target, payload))
                throw new InvalidOperationException("A chunk does not open.");
            _cipher.ShardTag(1, payload, tag);
        }));
    }

    [Fact]
    public void Blocks_open_together_and_one_by_one() =>
        Gen.Select(Gen.UInt, Gen.Int[1, PackLayout.MaximumChunkLength]).Sample((number, length) =>
        {
            var plain = Samples.Random(length);
            var target = Seal(number, ChunkCodec.Blocks, length, plain);
            var opened = new byte[length];
            Assert.True(_cipher.TryOpen(number, ChunkCodec.Blocks, length, target, opened));
            Assert.Equal(plain, opened);
            for (var (block, from) = (0, 0); from < length; block++, from += PackLayout.BlockLength)
            {
                var part = new byte[Math.Min(PackLayout.BlockLength, length - from)];
                Assert.True(_cipher.TryOpenBlock(number, length, block, SealedBlock(target, block), part));
                Assert.True(plain.AsSpan(from, part.Length).SequenceEqual(part));
            }
        }, iter: 50);

    [Fact]
    public void Blocks_are_bound_to_their_place_chunk_and_length()
    {
        const int Length = (3 * PackLayout.BlockLength) + 100;
        var plain = Samples.Random(Length);
        var target = Seal(7, ChunkCodec.Blocks, Length, plain);
        var part = new byte[PackLayout.BlockLength];
        Assert.True(_cipher.TryOpenBlock(7, Length, 1, SealedBlock(target, 1), part));
        foreach (var block in new[] { 0, 2, 3, -1, int.MaxValue })
            Assert.False(_cipher.TryOpenBlock(7, Length, block, SealedBlock(target, 1), part));
        Assert.False(_cipher.TryOpenBlock(8, Length, 1, SealedBlock(target, 1), part));
        Assert.False(_cipher.TryOpenBlock(7, Length - 1, 1, SealedBlock(target, 1), part));
        Assert.All(part, value => Assert.Equal(0, value));

        var whole = new byte[Length];
        var swapped = target.ToArray();
        SealedBlock(target, 0).CopyTo(swapped.AsSpan(PackLayout.BlockLength + PackLayout.SealOverhead));
        SealedBlock(target, 1).CopyTo(swapped);
        Assert.False(_cipher.TryOpen(7, ChunkCodec.Blocks, Length, swapped, whole));
        for (var blocks = 0; blocks < 4; blocks++)
            Assert.False(_cipher.TryOpen(7, ChunkCodec.Blocks, Length, target.AsSpan(0, blocks * (PackLayout.BlockLength + PackLayout.SealOverhead)), whole));
        Assert.False(_cipher.TryOpen(7, ChunkCodec.Blocks, Length, [.. target, .. SealedBlock(target, 3)], new byte[Length + 100]));
        Assert.False(_cipher.TryOpen(7, ChunkCodec.Raw, Length, target, new byte[target.Length]));
    }

    [Fact]
    public void Blocks_that_would_never_open_again_are_not_sealed()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Seal(7, ChunkCodec.Blocks, 99, new byte[100]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Seal(7, ChunkCodec.Blocks, 101, new byte[100]));
    }

    [Fact]
    public void A_chunk_with_one_bad_block_leaves_no_content()
    {
        const int Length = 3 * PackLayout.BlockLength;
        var target = Seal(7, ChunkCodec.Blocks, Length, Samples.Random(Length));
        for (var block = 0; block < 3; block++)
        {
            var opened = new byte[Length];
            var bad = target.ToArray();
            bad[(block * (PackLayout.BlockLength + PackLayout.SealOverhead)) + 1000] ^= 1;
            Assert.False(_cipher.TryOpen(7, ChunkCodec.Blocks, Length, bad, opened));
            Assert.False(opened.AsSpan().ContainsAnyExcept((byte)0));
        }
    }

    /// <summary>A chunk's number may be sealed once only, whichever codec: its first block uses the nonce of a chunk under one seal.</summary>
    [Fact]
    public void Blocks_have_nonces_of_their_own()
    {
        var zeros = new byte[PackLayout.MaximumChunkLength];
        var target = Seal(7, ChunkCodec.Blocks, zeros.Length, zeros);
        var streams = Enumerable.Range(0, 16).Select(block => Convert.ToHexString(SealedBlock(target, block)[..32])).ToHashSet();
        Assert.Equal(16, streams.Count);
        var next = Seal(8, ChunkCodec.Blocks, zeros.Length, zeros);
        Assert.All(Enumerable.Range(0, 16), block => Assert.True(streams.Add(Convert.ToHexString(SealedBlock(next, block)[..32]))));
    }

    private static ReadOnlySpan<byte> SealedBlock(ReadOnlySpan<byte> sealedChunk, int block)
    {
        var rest = sealedChunk[(block * (PackLayout.BlockLength + PackLayout.SealOverhead))..];
        return rest[..Math.Min(rest.Length, PackLayout.BlockLength + PackLayout.SealOverhead)];
    }

    private byte[] Seal(uint number, byte codec, int plainLength, byte[] payload)
    {
        var target = new byte[PackLayout.SealedLength(codec, payload.Length)];
        _cipher.Seal(number, codec, plainLength, payload, target);
        return target;
    }

    private static string Tag(PackCipher cipher, int index, ReadOnlySpan<byte> shard)
    {
        var tag = new byte[16];
        cipher.ShardTag(index, shard, tag);
        return Convert.ToHexString(tag);
    }
}
