using CuckooDrive.Core.Chunks;

namespace CuckooDrive.Core.Volume;

/// <summary>
/// The values of the volume's metadata rows (docs/format.md, section on metadata rows). Readers check version, ranges,
/// exact length; malformed bytes are an <see cref="InvalidDataException"/>.
/// </summary>
internal static class VolumeRecords
{
    /// <summary>Files with at most this many extents keep them in the inode's record.</summary>
    public const int InlineExtents = 8;

    public const byte OrphanDelete = 1;
    public const byte OrphanTrim = 2;

    private const byte Version = 1;
    private const byte FlagInline = 1;
    private const byte FlagRows = 2;

    public static void WriteInode(RecordWriter writer, Inode inode)
    {
        var extents = inode.Extents;
        writer.Clear().U8(Version).U8(extents.HasRows ? FlagRows : FlagInline)
            .U32(inode.Mode).U32(inode.Uid).U32(inode.Gid).U32(inode.LinkCount).U32(inode.Device).U32(inode.Generation)
            .I64(Math.Min(inode.PersistSize, inode.Size))
            .Time(inode.AccessTime).Time(inode.ModifyTime).Time(inode.ChangeTime).Time(inode.BirthTime)
            .U64(inode.Parent).I64(inode.EntryCount).U32((uint)inode.ExtendedAttributeCount).I64(extents.MappedBytes);
        var target = inode.LinkTarget ?? [];
        writer.U16((ushort)target.Length).Bytes(target);
        if (extents.HasRows)
            return;
        foreach (var (number, region) in extents.Regions)
        {
            foreach (var extent in region.Extents)
                writer.I64(number).U32((uint)extent.Start).U32((uint)extent.Length).U32(extent.Chunk.Pack).U32(extent.Chunk.Number).U32((uint)extent.ChunkOffset);
        }
    }

    public static Inode ReadInode(ulong number, ReadOnlySpan<byte> record)
    {
        var reader = new RecordReader(record);
        if (reader.U8() != Version)
            throw new InvalidDataException($"The record of inode {number} has an unknown version.");
        var flags = reader.U8();
        var inode = new Inode(number, new ExtentMap(isComplete: flags == FlagInline))
        {
            Mode = reader.U32(),
            Uid = reader.U32(),
            Gid = reader.U32(),
            LinkCount = reader.U32(),
            Device = reader.U32(),
            Generation = reader.U32(),
            Size = reader.I64(),
            AccessTime = reader.Time(),
            ModifyTime = reader.Time(),
            ChangeTime = reader.Time(),
            BirthTime = reader.Time(),
            Parent = reader.U64(),
            EntryCount = reader.I64(),
            ExtendedAttributeCount = (int)reader.U32(),
        };
        inode.PersistSize = inode.Size;
        inode.Extents.MappedBytes = reader.I64();
        var target = reader.Bytes(reader.U16());
        inode.LinkTarget = inode.IsSymbolicLink ? target.ToArray() : null;
        while (flags == FlagInline && reader.Remaining > 0)
        {
            var regionNumber = reader.I64();
            var region = inode.Extents.Find(regionNumber);
            if (region is null)
                inode.Extents.AddLoaded(regionNumber, region = new Region());
            region.AddLoaded(ReadExtent(ref reader, region));
        }
        reader.End();
        return inode.Size >= 0 && inode.EntryCount >= 0 ? inode : throw new InvalidDataException($"The record of inode {number} is malformed.");
    }

    public static void WriteRegion(RecordWriter writer, Region region)
    {
        writer.Clear().U8(Version);
        foreach (var extent in region.Extents)
            writer.U32((uint)extent.Start).U32((uint)extent.Length).U32(extent.Chunk.Pack).U32(extent.Chunk.Number).U32((uint)extent.ChunkOffset);
    }

    public static Region ReadRegion(ReadOnlySpan<byte> record)
    {
        var reader = new RecordReader(record);
        if (reader.U8() != Version)
            throw new InvalidDataException("A record of extents has an unknown version.");
        var region = new Region();
        while (reader.Remaining > 0)
            region.AddLoaded(ReadExtent(ref reader, region));
        return region;
    }

    public static void WriteEntry(RecordWriter writer, DirectoryEntry entry) =>
        writer.Clear().U8(Version).U64(entry.Inode).U8(entry.Type).Bytes(entry.Name);

    public static DirectoryEntry ReadEntry(ReadOnlySpan<byte> hash, ReadOnlySpan<byte> record)
    {
        var reader = new RecordReader(record);
        var version = reader.U8();
        var inode = reader.U64();
        var type = reader.U8();
        if (version != Version || inode == 0 || reader.Remaining is 0 or > 255)
            throw new InvalidDataException("A directory entry is malformed.");
        return new DirectoryEntry(reader.Bytes(reader.Remaining).ToArray(), hash.ToArray(), inode, type);
    }

    public static void WriteExtendedAttribute(RecordWriter writer, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) =>
        writer.Clear().U8(Version).U8((byte)name.Length).Bytes(name).Bytes(value);

    public static (byte[] Name, byte[] Value) ReadExtendedAttribute(ReadOnlySpan<byte> record)
    {
        var reader = new RecordReader(record);
        if (reader.U8() != Version)
            throw new InvalidDataException("An extended attribute has an unknown version.");
        var name = reader.Bytes(reader.U8()).ToArray();
        return (name, reader.Bytes(reader.Remaining).ToArray());
    }

    private static Extent ReadExtent(ref RecordReader reader, Region region)
    {
        var extent = new Extent((int)reader.U32(), (int)reader.U32(), new ChunkRef(reader.U32(), reader.U32()), (int)reader.U32());
        var previousEnd = region.Extents.Count > 0 ? region.Extents[^1].End : 0;
        var isValid = extent.Length is > 0 and <= IChunkStore.MaximumChunkLength && extent.Start >= previousEnd &&
            (long)extent.Start + extent.Length <= Region.Size &&
            extent.ChunkOffset >= 0 && (long)extent.ChunkOffset + extent.Length <= IChunkStore.MaximumChunkLength;
        return isValid ? extent : throw new InvalidDataException("A record of extents is malformed.");
    }
}
