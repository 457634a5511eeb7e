using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using CuckooDrive.Format.Tests.Vectors;

namespace CuckooDrive.Format.Tests;

/// <summary>
/// The committed vectors under Vectors/, good and bad. Run with CUCKOO_WRITE_VECTORS=1 to write them after a deliberate
/// change of the format, which needs a new format version.
/// </summary>
public sealed class VectorTests
{
    [Fact]
    public void The_program_still_writes_the_committed_bytes()
    {
        var files = VectorWriter.WriteAll();
        if (Environment.GetEnvironmentVariable("CUCKOO_WRITE_VECTORS") == "1")
        {
            foreach (var (name, text) in files)
                File.WriteAllText(Path.Combine(SourceFolder(), "Vectors", name), text);
            Assert.Fail("The vectors were written; build and run again without CUCKOO_WRITE_VECTORS.");
        }
        Assert.Equal(files.Keys.Order(), Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Vectors"), "*.json").Select(Path.GetFileName).Order());
        foreach (var (name, text) in files)
            Assert.Equal(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Vectors", name)), text);
    }

    [Fact]
    public void Keys()
    {
        foreach (var vector in Read<KeyVector>("keys.json", 20))
        {
            using var keys = DriveKeys.FromMaster(Hex(vector.Master), Hex(vector.DriveId));
            var key = new byte[32];
            keys.Derive(Enum.Parse<KeyPurpose>(vector.Purpose), Hex(vector.Context), key);
            Assert.Equal(vector.Key, VectorWriter.Hex(key));
        }
    }

    [Fact]
    public void Chunks()
    {
        foreach (var vector in Read<ChunkVector>("chunks.json", 12))
        {
            using var keys = DriveKeys.FromMaster(Hex(vector.Master), Hex(vector.DriveId));
            using var cipher = new PackCipher(keys, PackId.Parse(vector.Pack));
            var bytes = Hex(vector.Sealed);
            var payload = new byte[Math.Max(0, PackLayout.PayloadLength(vector.Codec, bytes.Length))];
            var plain = new byte[vector.PlainLength];
            var opened = cipher.TryOpen(vector.Number, vector.Codec, vector.PlainLength, bytes, payload)
                && ChunkCodec.Decompress(vector.Codec, payload, plain);
            Assert.True(opened == vector.Plain is not null, vector.Note);
            if (opened)
                Assert.Equal(vector.Plain, VectorWriter.Hex(plain));
        }
    }

    [Fact]
    public void Hashes()
    {
        foreach (var vector in Read<HashVector>("hashes.json", 12))
        {
            using var keys = DriveKeys.FromMaster(Hex(vector.Master), Hex(vector.DriveId));
            var context = Hex(vector.Context);
            var hash = new byte[16];
            switch (vector.Kind)
            {
                case "chunk-id":
                    using (var hasher = new ChunkHasher(keys))
                        hasher.Compute(Hex(vector.Input)).Write(hash);
                    break;
                case "name-hash":
                    using (var hasher = new NameHasher(keys))
                        hasher.Compute(BinaryPrimitives.ReadUInt64LittleEndian(context), Hex(vector.Input), hash);
                    break;
                case "shard-tag":
                    using (var cipher = new PackCipher(keys, new PackId(context.AsSpan(0, 16))))
                        cipher.ShardTag(BinaryPrimitives.ReadInt32LittleEndian(context.AsSpan(16)), Hex(vector.Input), hash);
                    break;
                default:
                    Assert.Fail($"Unknown kind {vector.Kind}.");
                    break;
            }
            Assert.Equal(vector.Hash, VectorWriter.Hex(hash));
        }
    }

    [Fact]
    public void Objects()
    {
        foreach (var vector in Read<ObjectVector>("objects.json", 18))
        {
            using var keys = DriveKeys.FromMaster(Hex(vector.Master), Hex(vector.DriveId));
            var purpose = Enum.Parse<KeyPurpose>(vector.Purpose);
            var opened = new ObjectSealer(keys).TryOpen(purpose, vector.Name, Hex(vector.Sealed), out var plain, out var error);
            Assert.True(vector.Error == error.ToString(), $"{vector.Note}: {error}");
            Assert.Equal(vector.Plain, plain is null ? null : VectorWriter.Hex(plain));
            if (opened)
                Assert.True(vector.PayloadIsValid == IsValid(purpose, plain!), vector.Note);
        }
    }

    [Fact]
    public void Headers()
    {
        foreach (var vector in Read<HeaderVector>("headers.json", 20))
        {
            DriveHeader.TryDecode(Hex(vector.Bytes), out var header, out var decode);
            Assert.True(vector.DecodeError == decode.ToString(), $"{vector.Note}: {decode}");
            Assert.Equal(vector.UnlockError is null, header is null);
            if (header is null)
                continue;
            using var secret = ReadSecret(vector);
            header.TryUnlock(secret, out var keys, out var unlock);
            using (keys)
            {
                Assert.True(vector.UnlockError == unlock.ToString(), $"{vector.Note}: {unlock}");
                Assert.Equal(vector.Master, keys is null ? null : VectorWriter.Hex(keys.Master));
                Assert.Equal(vector.Labels, keys is null ? null : [.. header.DescribeSlots(keys).Select(slot => slot.Label)]);
            }
        }
    }

    [Fact]
    public void Erasure()
    {
        foreach (var vector in Read<ErasureVector>("erasure.json", 5))
        {
            var data = vector.Data.Select(shard => (ReadOnlyMemory<byte>)Hex(shard)).ToArray();
            foreach (var kernel in GaloisKernel.Supported())
            {
                var parity = vector.Parity.Select(shard => new byte[shard.Length / 2]).ToArray();
                new ErasureCode(vector.K, vector.M, kernel).Encode(data, [.. parity.Select(shard => (Memory<byte>)shard)]);
                Assert.Equal(vector.Parity, parity.Select(shard => VectorWriter.Hex(shard)));
            }
        }
    }

    [Fact]
    public void Values()
    {
        foreach (var vector in Read<ValueVector>("values.json", 6))
        {
            using var keys = DriveKeys.FromMaster(Hex(vector.Master), Hex(vector.DriveId));
            using var sealer = new ValueSealer(keys);
            var plain = new byte[1000];
            var opened = sealer.TryOpen(Hex(vector.Key), Hex(vector.Sealed), plain, out var length);
            Assert.Equal(vector.Plain, opened ? VectorWriter.Hex(plain.AsSpan(0, length)) : null);
        }
    }

    /// <summary>All vectors of a file; too few means that the file is not what it should be.</summary>
    private static T[] Read<T>(string file, int atLeast)
    {
        var vectors = VectorWriter.Read<T>(file);
        Assert.True(vectors.Length >= atLeast, $"{file} holds {vectors.Length} vectors.");
        return vectors;
    }

    private static bool IsValid(KeyPurpose purpose, byte[] plain) => purpose switch
    {
        KeyPurpose.Journal => JournalSegment.TryDecode(plain, out _),
        KeyPurpose.Root => RootObject.TryDecode(plain, out _),
        KeyPurpose.Lease => Lease.TryDecode(plain, out _),
        KeyPurpose.Member => Member.TryDecode(plain, out _),
        _ => throw new ArgumentOutOfRangeException(nameof(purpose)),
    };

    private static Secret ReadSecret(HeaderVector vector)
    {
        if (vector.SecretKind == nameof(SecretKind.RecoveryKey))
        {
            Assert.True(Secret.TryParseRecoveryKey(vector.Secret, out var secret));
            return secret;
        }
        return vector.SecretKind == nameof(SecretKind.KeyFile)
            ? Secret.FromKeyFile(Hex(vector.Secret))
            : Secret.FromPassphrase(vector.Secret);
    }

    private static byte[] Hex(string text) => Convert.FromHexString(text);

    private static string SourceFolder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
