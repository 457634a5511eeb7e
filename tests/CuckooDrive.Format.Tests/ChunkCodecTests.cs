using CsCheck;
using CuckooDrive.Format.Tests.Support;

namespace CuckooDrive.Format.Tests;

public sealed class ChunkCodecTests
{
    private static readonly Gen<byte[]> Compressible = Gen.Select(Gen.Byte.Array[1, 300], Gen.Int[1, 200])
        .Select((unit, times) => Enumerable.Repeat(unit, times).SelectMany(part => part).ToArray());

    [Fact]
    public void What_is_compressed_comes_back() =>
        Gen.OneOf(Compressible, Gen.Byte.Array[0, 2000], Gen.Int[1, PackLayout.MaximumChunkLength].Select(Samples.Text))
            .Sample(plain =>
            {
                var payload = ChunkCodec.Compress(plain, new byte[plain.Length], out var codec);
                Assert.True(codec == ChunkCodec.Uncompressed(plain.Length) ? payload.SequenceEqual(plain) : payload.Length <= plain.Length - plain.Length / 16);
                var back = new byte[plain.Length];
                Assert.True(ChunkCodec.Decompress(codec, payload, back));
                Assert.Equal(plain, back);
            }, iter: 300);

    [Fact]
    public void Text_shrinks_and_noise_stays()
    {
        var text = Samples.Text(PackLayout.MaximumChunkLength);
        var payload = ChunkCodec.Compress(text, new byte[text.Length], out var codec);
        Assert.Equal(ChunkCodec.Zstd, codec);
        Assert.True(payload.Length < text.Length / 2);

        var noise = Samples.Random(PackLayout.MaximumChunkLength);
        Assert.True(CompressionProbe.LooksIncompressible(noise));
        ChunkCodec.Compress(noise, new byte[noise.Length], out codec);
        Assert.Equal(ChunkCodec.Blocks, codec);
        ChunkCodec.Compress(noise.AsSpan(0, PackLayout.BlockLength), new byte[noise.Length], out codec);
        Assert.Equal(ChunkCodec.Raw, codec);
    }

    [Fact]
    public void The_probe_lets_through_what_an_entropy_coder_can_shrink()
    {
        // Seven of eight bits carry content: about an eighth can be saved.
        var sevenBits = Samples.Random(65536).Select(value => (byte)(value & 0x7f)).ToArray();
        Assert.False(CompressionProbe.LooksIncompressible(sevenBits));
        Assert.False(CompressionProbe.LooksIncompressible(Convert.ToBase64String(Samples.Random(65536)).Select(letter => (byte)letter).ToArray()));
        Assert.False(CompressionProbe.LooksIncompressible(new byte[131072]));
    }

    [Fact]
    public void The_probe_sees_a_tenth_of_zeros_anywhere_in_a_page_and_no_more_than_noise_in_noise()
    {
        var noise = Samples.Random(1 << 20);
        for (var start = 0; start < noise.Length; start += 4096)
        {
            var page = noise.AsSpan(start, 4096);
            // A header of small numbers, as records of many formats begin with.
            page[..16].Clear();
            Assert.True(CompressionProbe.LooksIncompressible(page));
            page.Slice(start / 4096 * 14, 400).Clear();
            Assert.False(CompressionProbe.LooksIncompressible(page));
        }
    }

    [Fact]
    public void A_payload_that_gives_another_length_is_refused()
    {
        var plain = Samples.Text(10_000);
        var payload = ChunkCodec.Compress(plain, new byte[plain.Length], out var codec).ToArray();
        Assert.Equal(ChunkCodec.Zstd, codec);
        Assert.False(ChunkCodec.Decompress(codec, payload, new byte[plain.Length - 1]));
        Assert.False(ChunkCodec.Decompress(codec, payload, new byte[plain.Length + 1]));
        Assert.False(ChunkCodec.Decompress(codec, payload.AsSpan(0, payload.Length - 1), new byte[plain.Length]));
        Assert.False(ChunkCodec.Decompress(ChunkCodec.Raw, plain, new byte[plain.Length - 1]));
        Assert.False(ChunkCodec.Decompress(ChunkCodec.Raw, plain, new byte[plain.Length + 1]));
        for (var other = 2; other < 256; other++)
            Assert.False(ChunkCodec.Decompress((byte)other, payload, new byte[plain.Length]));
    }

    [Fact]
    public void A_bomb_writes_nothing_outside_its_plain_length()
    {
        using var compressor = new ZstdSharp.Compressor(19);
        var bomb = compressor.Wrap(new byte[64 * 1024 * 1024]).ToArray();
        Assert.True(bomb.Length < 10_000);
        var guarded = new byte[3 * 4096];
        guarded.AsSpan().Fill(0xAA);
        Assert.False(ChunkCodec.Decompress(ChunkCodec.Zstd, bomb, guarded.AsSpan(4096, 4096)));
        Assert.Equal(-1, guarded.AsSpan(0, 4096).IndexOfAnyExcept((byte)0xAA));
        Assert.Equal(-1, guarded.AsSpan(8192).IndexOfAnyExcept((byte)0xAA));
    }

    [Fact]
    public void Damaged_payloads_are_never_an_exception()
    {
        var plain = Samples.Text(5000);
        var payload = ChunkCodec.Compress(plain, new byte[plain.Length], out _).ToArray();
        Gen.Select(Gen.Int[0, payload.Length - 1], Gen.Byte, Gen.Int[0, payload.Length - 1], Gen.Byte).Sample((at, value, at2, value2) =>
        {
            var damaged = (byte[])payload.Clone();
            damaged[at] ^= value;
            damaged[at2] ^= value2;
            ChunkCodec.Decompress(ChunkCodec.Zstd, damaged, new byte[plain.Length]);
        }, iter: 2000);
        Gen.Byte.Array[0, 300].Sample(noise =>
        {
            ChunkCodec.Decompress(ChunkCodec.Zstd, noise, new byte[100]);
        });
    }

    [Fact]
    public void Nothing_is_allocated()
    {
        var plain = Samples.Text(PackLayout.MaximumChunkLength);
        var scratch = new byte[plain.Length];
        var back = new byte[plain.Length];
        Assert.Equal(0, Samples.AllocatedBy(() =>
        {
            var payload = ChunkCodec.Compress(plain, scratch, out var codec);
            if (!ChunkCodec.Decompress(codec, payload, back))
                throw new InvalidOperationException("A chunk does not come back.");
        }));
    }
}
