using System.Buffers.Binary;
using CuckooDrive.Core.Chunks;
using CuckooDrive.Core.Metadata;
using CuckooDrive.Core.Volume;
using CuckooDrive.Format;

namespace CuckooDrive.Core.Drives;

/// <summary>The value of an R row: the chunks that a checkpoint's pages are, each referred to once by it.</summary>
internal sealed record CheckpointRecord(ulong Number, IReadOnlyList<(ChunkId Id, ChunkRef Chunk)> Pages)
{
    private const byte Version = 1;

    public static List<CheckpointRecord> ReadAll(IMetadataStore store)
    {
        var records = new List<CheckpointRecord>();
        store.Scan([MetadataKey.TypeRoot], [MetadataKey.TypeRoot + 1], (key, value) =>
        {
            records.Add(Decode(BinaryPrimitives.ReadUInt64BigEndian(key[1..]), value));
            return true;
        });
        return records;
    }

    public void AddTo(MetadataBatch batch)
    {
        var writer = new RecordWriter();
        writer.U8(Version).U32((uint)Pages.Count);
        Span<byte> id = stackalloc byte[ChunkId.Length];
        foreach (var (chunkId, chunk) in Pages)
        {
            chunkId.Write(id);
            writer.Bytes(id).U32(chunk.Pack).U32(chunk.Number);
        }
        batch.Put(MetadataKey.Root(stackalloc byte[MetadataKey.MaximumLength], Number), writer.Written);
    }

    public void RemoveFrom(MetadataBatch batch) =>
        batch.Delete(MetadataKey.Root(stackalloc byte[MetadataKey.MaximumLength], Number));

    private static CheckpointRecord Decode(ulong number, ReadOnlySpan<byte> value)
    {
        var reader = new RecordReader(value);
        Records.CheckVersion(reader.U8(), Version);
        var pages = new (ChunkId, ChunkRef)[reader.U32()];
        for (var i = 0; i < pages.Length; i++)
            pages[i] = (new ChunkId(reader.Bytes(ChunkId.Length)), new ChunkRef(reader.U32(), reader.U32()));
        reader.End();
        return new CheckpointRecord(number, pages);
    }
}
