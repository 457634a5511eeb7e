using System.Buffers.Binary;
using CuckooDrive.Format;

namespace CuckooDrive.Core.Chunks;

/// <summary>The value of a C row. docs/format.md, "Metadata rows", gives the layout.</summary>
internal static class ChunkPageCodec
{
    public const byte Version = 1;
    public const int HeaderLength = 2;
    public const int RecordLength = 50;
    public const int MaximumLength = HeaderLength + (ChunkPage.Capacity * RecordLength);

    public static ReadOnlySpan<byte> Encode(ReadOnlySpan<ChunkRecord> records, Span<byte> target)
    {
        target[0] = Version;
        target[1] = (byte)records.Length;
        var at = HeaderLength;
        foreach (ref readonly var record in records)
        {
            var row = target.Slice(at, RecordLength);
            record.Id.Write(row);
            BinaryPrimitives.WriteInt32LittleEndian(row[16..], record.Offset);
            BinaryPrimitives.WriteInt32LittleEndian(row[20..], record.SealedLength);
            BinaryPrimitives.WriteInt32LittleEndian(row[24..], record.PlainLength);
            BinaryPrimitives.WriteUInt32LittleEndian(row[28..], record.References);
            BinaryPrimitives.WriteInt64LittleEndian(row[32..], record.Birth);
            BinaryPrimitives.WriteInt64LittleEndian(row[40..], record.Death);
            row[48] = record.Shard;
            row[49] = record.Codec;
            at += RecordLength;
        }
        return target[..at];
    }

    /// <summary>Fills <paramref name="target"/> and returns the number of records.</summary>
    /// <exception cref="InvalidDataException">The value is not one that <see cref="Encode"/> writes.</exception>
    public static int Decode(ReadOnlySpan<byte> value, Span<ChunkRecord> target)
    {
        if (value.Length < HeaderLength || value[0] != Version)
            throw new InvalidDataException("A chunk directory page is of an unknown version.");
        int count = value[1];
        if (count > ChunkPage.Capacity || value.Length != HeaderLength + (count * RecordLength))
            throw new InvalidDataException("A chunk directory page has a wrong length.");
        for (var i = 0; i < count; i++)
        {
            var row = value.Slice(HeaderLength + (i * RecordLength), RecordLength);
            ref var record = ref target[i];
            record = new ChunkRecord
            {
                Id = new ChunkId(row[..ChunkId.Length]),
                Offset = BinaryPrimitives.ReadInt32LittleEndian(row[16..]),
                SealedLength = BinaryPrimitives.ReadInt32LittleEndian(row[20..]),
                PlainLength = BinaryPrimitives.ReadInt32LittleEndian(row[24..]),
                References = BinaryPrimitives.ReadUInt32LittleEndian(row[28..]),
                Birth = BinaryPrimitives.ReadInt64LittleEndian(row[32..]),
                Death = BinaryPrimitives.ReadInt64LittleEndian(row[40..]),
                Shard = row[48],
                Codec = row[49],
            };
            Check(record);
        }
        return count;
    }

    private static void Check(in ChunkRecord record)
    {
        if (record.PlainLength is < 1 or > PackLayout.MaximumChunkLength ||
            record.SealedLength <= PackLayout.SealOverhead || record.SealedLength > PackLayout.MaximumSealedLength ||
            record.Offset < 0 || record.Offset > PackLayout.ShardCapacity - record.SealedLength ||
            record.Birth < 0 || record.Death < 0)
            throw new InvalidDataException("A chunk record is out of range.");
    }
}
