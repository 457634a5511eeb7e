using System.Buffers.Binary;
using System.Text;
using CuckooDrive.Core.Placement;
using CuckooDrive.Format;

namespace CuckooDrive.Core.Chunks;

/// <summary>The value of a P row. docs/format.md, "Metadata rows", gives the layout.</summary>
internal static class PackCodec
{
    public const byte Version = 1;
    private const int HeaderLength = 37;
    private const int ShardLength = 24;
    private const int MaximumHash = 255;
    public const int MaximumLength = HeaderLength + (2 * Redundancy.MaximumDataShards * (ShardLength + MaximumHash));

    public static ReadOnlySpan<byte> Encode(Pack pack, Span<byte> target)
    {
        target[0] = Version;
        pack.Id.Write(target[1..]);
        target[17] = (byte)pack.State;
        target[18] = (byte)pack.Redundancy.DataShards;
        target[19] = (byte)pack.Redundancy.ParityShards;
        target[20] = pack.Tagged ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteInt32LittleEndian(target[21..], pack.PaddedLength);
        BinaryPrimitives.WriteUInt32LittleEndian(target[25..], pack.ChunkCount);
        BinaryPrimitives.WriteInt64LittleEndian(target[29..], pack.LiveBytes);
        var at = HeaderLength;
        foreach (ref readonly var shard in pack.Shards.AsSpan())
            at += EncodeShard(shard, target[at..]);
        return target[..at];
    }

    /// <exception cref="InvalidDataException">The value is not one that <see cref="Encode"/> writes.</exception>
    public static Pack Decode(uint ordinal, ReadOnlySpan<byte> value)
    {
        if (value.Length < HeaderLength || value[0] != Version)
            throw new InvalidDataException("A pack record is of an unknown version.");
        int k = value[18], m = value[19];
        if (k is 0 or > Redundancy.MaximumDataShards || m > Redundancy.MaximumParityShards)
            throw new InvalidDataException("A pack record has an impossible number of shards.");
        var pack = new Pack(ordinal, new PackId(value.Slice(1, PackId.Length)), new Redundancy(k, m))
        {
            State = (PackState)value[17],
            Tagged = value[20] == 1,
            PaddedLength = BinaryPrimitives.ReadInt32LittleEndian(value[21..]),
            ChunkCount = BinaryPrimitives.ReadUInt32LittleEndian(value[25..]),
            LiveBytes = BinaryPrimitives.ReadInt64LittleEndian(value[29..]),
        };
        if (pack.State is < PackState.Open or > PackState.Dead || value[20] > 1 || pack.LiveBytes < 0 || pack.ChunkCount > Pack.MaximumChunks ||
            (pack.PaddedLength != 0 && !PackLayout.IsPaddedLength(pack.PaddedLength)) || (pack.State == PackState.Sealed && pack.PaddedLength == 0))
            throw new InvalidDataException("A pack record is out of range.");
        var rest = value[HeaderLength..];
        foreach (ref var shard in pack.Shards.AsSpan())
            shard = DecodeShard(ref rest);
        if (!rest.IsEmpty)
            throw new InvalidDataException("A pack record has bytes after its end.");
        return pack;
    }

    private static int EncodeShard(in ShardPlace shard, Span<byte> target)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(target, shard.Cloud);
        target[2] = (byte)shard.State;
        BinaryPrimitives.WriteInt32LittleEndian(target[3..], shard.Used);
        shard.Tag.Write(target[7..]);
        var length = shard.Hash is { } hash ? Encoding.ASCII.GetBytes(hash, target.Slice(ShardLength, MaximumHash)) : 0;
        target[23] = (byte)length;
        return ShardLength + length;
    }

    private static ShardPlace DecodeShard(ref ReadOnlySpan<byte> rest)
    {
        if (rest.Length < ShardLength || rest.Length < ShardLength + rest[23])
            throw new InvalidDataException("A pack record is cut short.");
        var shard = new ShardPlace
        {
            Cloud = BinaryPrimitives.ReadUInt16LittleEndian(rest),
            State = (ShardState)rest[2],
            Used = BinaryPrimitives.ReadInt32LittleEndian(rest[3..]),
            Tag = Bytes16.Read(rest[7..]),
            Hash = rest[23] == 0 ? null : Encoding.ASCII.GetString(rest.Slice(ShardLength, rest[23])),
        };
        if (shard.State > ShardState.Gone || shard.Used is < 0 or > PackLayout.ShardCapacity || !IsAscii(shard.Hash))
            throw new InvalidDataException("A shard's record is out of range.");
        rest = rest[(ShardLength + rest[23])..];
        return shard;
    }

    // Encoding.ASCII reads other bytes as '?', which would not write the same bytes again.
    private static bool IsAscii(string? hash) => hash is null || !hash.Contains('?');
}
