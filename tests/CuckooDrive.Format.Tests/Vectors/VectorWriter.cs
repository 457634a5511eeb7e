using System.Text;
using System.Text.Json;
using CuckooDrive.Format.Tests.Support;

namespace CuckooDrive.Format.Tests.Vectors;

/// <summary>Makes the committed vectors again, byte for byte: all randomness comes from <see cref="FixedRandom"/>.</summary>
internal static class VectorWriter
{
    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        NewLine = "\n",
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
    };

    private static readonly string Master = Hex(new FixedRandom("drive master").Bytes(32));
    private static readonly string DriveId = Hex(new FixedRandom("drive id").Bytes(16));

    public static Dictionary<string, string> WriteAll() => new()
    {
        ["keys.json"] = Text(Keys()),
        ["chunks.json"] = Text(Chunks()),
        ["hashes.json"] = Text(Hashes()),
        ["objects.json"] = Text(ObjectVectors.Write(Master, DriveId)),
        ["headers.json"] = Text(HeaderVectors.Write()),
        ["erasure.json"] = Text(Erasure()),
        ["values.json"] = Text(Values()),
    };

    public static T[] Read<T>(string file) =>
        JsonSerializer.Deserialize<T[]>(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Vectors", file)), Json)!;

    public static string Hex(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(bytes);

    private static string Text<T>(IEnumerable<T> vectors) => JsonSerializer.Serialize(vectors, Json) + "\n";

    private static IEnumerable<KeyVector> Keys()
    {
        using var keys = Samples.Keys();
        foreach (var purpose in Enum.GetValues<KeyPurpose>())
        {
            foreach (var context in new[] { "", "context" })
            {
                var key = new byte[32];
                keys.Derive(purpose, Encoding.ASCII.GetBytes(context), key);
                yield return new KeyVector($"{purpose} with context '{context}'", Master, DriveId, purpose.ToString(), Hex(Encoding.ASCII.GetBytes(context)), Hex(key));
            }
        }
    }

    private static IEnumerable<ChunkVector> Chunks()
    {
        using var keys = Samples.Keys();
        var pack = Samples.Pack();
        using var cipher = new PackCipher(keys, pack);
        ChunkVector Case(string note, uint number, byte codec, int plainLength, byte[] bytes, byte[]? plain, PackId? other = null) =>
            new(note, Master, DriveId, (other ?? pack).ToString(), number, codec, plainLength, Hex(bytes), plain is null ? null : Hex(plain));

        var raw = Samples.Random(40);
        var first = Seal(cipher, 0, ChunkCodec.Raw, 40, raw);
        yield return Case("raw", 0, ChunkCodec.Raw, 40, first, raw);
        var one = Seal(cipher, uint.MaxValue, ChunkCodec.Raw, 1, [7]);
        yield return Case("one byte, the last number", uint.MaxValue, ChunkCodec.Raw, 1, one, [7]);
        var text = Samples.Text(600);
        var payload = ChunkCodec.Compress(text, new byte[600], out var codec).ToArray();
        var compressed = Seal(cipher, 1, codec, 600, payload);
        yield return Case("zstd", 1, codec, 600, compressed, text);
        var noise = Samples.Random(PackLayout.BlockLength + 6);
        var blocks = Seal(cipher, 5, ChunkCodec.Blocks, noise.Length, noise);
        yield return Case("two blocks", 5, ChunkCodec.Blocks, noise.Length, blocks, noise);
        yield return Case("the first of two blocks alone", 5, ChunkCodec.Blocks, noise.Length, blocks[..(PackLayout.BlockLength + 16)], null);
        yield return Case("one block, not the first", 5, ChunkCodec.Blocks, noise.Length, blocks[(PackLayout.BlockLength + 16)..], null);
        yield return Case("truncated by one byte", 0, ChunkCodec.Raw, 40, first[..^1], null);
        yield return Case("only a tag's length", 0, ChunkCodec.Raw, 0, first[..16], null);
        yield return Case("empty", 0, ChunkCodec.Raw, 0, [], null);
        yield return Case("extended by one byte", 0, ChunkCodec.Raw, 40, [.. first, 0], null);
        yield return Case("swapped with another chunk of the pack", 1, codec, 600, Seal(cipher, 2, codec, 600, payload), null);
        yield return Case("another codec", 1, ChunkCodec.Raw, 600, compressed, null);
        yield return Case("another plain length", 1, codec, 599, compressed, null);
        yield return Case("from another pack", 0, ChunkCodec.Raw, 40, first, null, Samples.Pack("other"));
        yield return Case("ciphertext changed", 0, ChunkCodec.Raw, 40, Samples.WithFlippedBit(first, 5), null);
        yield return Case("tag changed", 0, ChunkCodec.Raw, 40, Samples.WithFlippedBit(first, first.Length * 8 - 1), null);
        yield return Case("authentic, but the payload gives fewer bytes than it should", 3, codec, 601, Seal(cipher, 3, codec, 601, payload), null);
        yield return Case("authentic, but of an unknown codec", 4, 9, 40, Seal(cipher, 4, 9, 40, raw), null);
        using var otherKeys = Samples.Keys("other");
        using var otherCipher = new PackCipher(otherKeys, pack);
        yield return Case("sealed with another drive's key", 0, ChunkCodec.Raw, 40, Seal(otherCipher, 0, ChunkCodec.Raw, 40, raw), null);
    }

    private static IEnumerable<HashVector> Hashes()
    {
        using var keys = Samples.Keys();
        using var chunks = new ChunkHasher(keys);
        using var names = new NameHasher(keys);
        using var cipher = new PackCipher(keys, Samples.Pack());
        foreach (var length in new[] { 0, 1, 15, 16, 17, 600 })
            yield return new HashVector("chunk-id", Master, DriveId, "", Hex(Samples.Text(length)), chunks.Compute(Samples.Text(length)).ToString());

        var hash = new byte[16];
        foreach (var name in new[] { "a", "cuckoo.txt", "\u00e9" })
        {
            var bytes = Encoding.UTF8.GetBytes(name);
            names.Compute(1, bytes, hash);
            yield return new HashVector("name-hash", Master, DriveId, "0100000000000000", Hex(bytes), Hex(hash));
        }

        var id = new byte[16];
        Samples.Pack().Write(id);
        foreach (var index in new byte[] { 0, 1, 254 })
        {
            var shard = Samples.Random(200);
            cipher.ShardTag(index, shard, hash);
            yield return new HashVector("shard-tag", Master, DriveId, Hex([.. id, index, 0, 0, 0]), Hex(shard), Hex(hash));
        }
    }

    private static IEnumerable<ErasureVector> Erasure()
    {
        foreach (var (k, m) in new[] { (1, 2), (3, 1), (2, 2), (4, 3), (10, 4) })
        {
            var data = Enumerable.Range(0, k).Select(i => Samples.Random(16, $"shard {i}")).ToArray();
            var parity = Enumerable.Range(0, m).Select(_ => new byte[16]).ToArray();
            new ErasureCode(k, m, new ScalarKernel()).Encode(
                [.. data.Select(shard => (ReadOnlyMemory<byte>)shard)],
                [.. parity.Select(shard => (Memory<byte>)shard)]);
            yield return new ErasureVector(k, m, [.. data.Select(shard => Hex(shard))], [.. parity.Select(shard => Hex(shard))]);
        }
    }

    private static IEnumerable<ValueVector> Values()
    {
        using var keys = Samples.Keys();
        using var sealer = new ValueSealer(keys, new FixedRandom("values"));
        var plain = Samples.Text(50);
        var target = new byte[plain.Length + ValueSealer.Overhead];
        sealer.Seal("row"u8, plain, target);
        ValueVector Case(string note, string key, byte[] bytes, byte[]? opened) =>
            new(note, Master, DriveId, Hex(Encoding.ASCII.GetBytes(key)), Hex(bytes), opened is null ? null : Hex(opened));

        yield return Case("good", "row", target, plain);
        yield return Case("truncated", "row", target[..^1], null);
        yield return Case("extended", "row", [.. target, 0], null);
        yield return Case("moved to another row", "rox", target, null);
        yield return Case("changed", "row", Samples.WithFlippedBit(target, 100), null);
        yield return Case("shorter than the overhead", "row", target[..27], null);
    }

    private static byte[] Seal(PackCipher cipher, uint number, byte codec, int plainLength, byte[] payload)
    {
        var target = new byte[PackLayout.SealedLength(codec, payload.Length)];
        cipher.Seal(number, codec, plainLength, payload, target);
        return target;
    }
}
