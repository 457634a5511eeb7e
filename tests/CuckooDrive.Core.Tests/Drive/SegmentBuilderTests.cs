using CsCheck;
using CuckooDrive.Core.Drives;
using CuckooDrive.Core.Metadata;
using CuckooDrive.Testing.Chunks;
using CuckooDrive.Testing.Metadata;
using Xunit;

namespace CuckooDrive.Core.Tests.Drives;

public sealed class SegmentBuilderTests
{
    private static readonly Gen<(byte[] Key, byte[]? Value)[][]> Batches = Gen.Select(
        Gen.Byte.Array[1, 2].Select(bytes => bytes.Select(b => (byte)(b & 7)).Prepend((byte)'I').ToArray()),
        Gen.Frequency((3, Gen.Byte.Array[0, 40].Select(value => (byte[]?)value)), (1, Gen.Const((byte[]?)null)))).Array[1, 10].Array[1, 20];

    [Fact]
    public void PartsGiveWhatTheBatchesGave() => Gen.Select(Batches, Gen.Int[0, 20], Gen.Int[1, 300]).Sample((batches, after, partSize) =>
    {
        using var store = new MemoryMetadataStore();
        var expected = new SortedDictionary<string, string?>(StringComparer.Ordinal);
        var sequence = 0L;
        foreach (var operations in batches)
        {
            var batch = new MetadataBatch();
            foreach (var (key, value) in operations)
            {
                if (value is null)
                    batch.Delete(key);
                else
                    batch.Put(key, value);
                if (sequence >= after)
                    expected[Convert.ToHexString(key)] = value is null ? null : Convert.ToHexString(value);
            }
            sequence = store.Commit(batch, durable: true);
        }
        var found = new SortedDictionary<string, string?>(StringComparer.Ordinal);
        var continues = new List<bool>();
        new SegmentBuilder(store, new MemoryChunkStore(store), partSize).Build(after, sequence, (operations, more) =>
        {
            continues.Add(more);
            foreach (var operation in MetadataBatch.Read(operations))
                found[Convert.ToHexString(operation.Key)] = operation.IsDelete ? null : Convert.ToHexString(operation.Value);
        });
        Assert.Equal(expected, found);
        Assert.Equal(expected.Count > 0, continues.Count > 0);
        for (var i = 0; i < continues.Count; i++)
            Assert.Equal(i < continues.Count - 1, continues[i]);
    }, iter: 300, threads: 1);

    /// <summary>What is left out of a round is what the last one has sent, not what an earlier part of the same round has changed since.</summary>
    [Fact]
    public void APackThatIsAgainWhatItWasIsSentWhenAnEarlierPartHasChangedIt()
    {
        using var store = new MemoryMetadataStore();
        var builder = new SegmentBuilder(store, new MemoryChunkStore(store), partSize: 100);
        byte[] pack = [MetadataKey.TypePack, 0, 0, 0, 7];
        var found = new Dictionary<string, byte>(StringComparer.Ordinal);
        var sent = 0L;
        Ship(1);
        Ship(2, 1);
        Assert.Equal(1, found[Convert.ToHexString(pack)]);

        void Ship(params byte[] values)
        {
            var sequence = 0L;
            foreach (var value in values)
            {
                var batch = new MetadataBatch();
                batch.Put(pack, [value]);
                batch.Put("I"u8, new byte[100]);
                sequence = store.Commit(batch, durable: true);
            }
            builder.Build(sent, sequence, (operations, _) =>
            {
                foreach (var operation in MetadataBatch.Read(operations))
                    found[Convert.ToHexString(operation.Key)] = operation.Value[0];
            });
            builder.Accept();
            sent = sequence;
        }
    }
}
