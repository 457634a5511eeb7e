using System.Buffers.Binary;

namespace CuckooDrive.Core.Metadata;

/// <summary>
/// The key space of the metadata store: a type byte and big-endian numbers, so that rows of one thing are neighbours.
/// docs/format.md lists the values. All methods write into a caller's span and return its used part.
/// </summary>
public static class MetadataKey
{
    /// <summary>The longest key: type, inode, 16-byte hash.</summary>
    public const int MaximumLength = 25;

    public const byte TypeInode = (byte)'I';
    public const byte TypeDirectoryEntry = (byte)'D';
    public const byte TypeExtendedAttribute = (byte)'X';
    public const byte TypeExtents = (byte)'E';
    public const byte TypeOrphan = (byte)'O';
    public const byte TypePack = (byte)'P';
    public const byte TypeChunks = (byte)'C';
    public const byte TypeCloud = (byte)'A';
    public const byte TypeSetting = (byte)'S';
    public const byte TypeRoot = (byte)'R';

    public static ReadOnlySpan<byte> Inode(Span<byte> target, ulong inode) => Numbers(target, TypeInode, inode);

    /// <summary>Directory entry; the hash is the keyed hash of the name, its first 8 bytes also order the directory.</summary>
    public static ReadOnlySpan<byte> DirectoryEntry(Span<byte> target, ulong parent, ReadOnlySpan<byte> nameHash) =>
        Hashed(target, TypeDirectoryEntry, parent, nameHash);

    /// <summary>Where the entries of a directory begin; those of parent + 1 are where they end.</summary>
    public static ReadOnlySpan<byte> DirectoryEntries(Span<byte> target, ulong parent) => Numbers(target, TypeDirectoryEntry, parent);

    /// <summary>Where the extended attributes of an inode begin; those of inode + 1 are where they end.</summary>
    public static ReadOnlySpan<byte> ExtendedAttributes(Span<byte> target, ulong inode) => Numbers(target, TypeExtendedAttribute, inode);

    public static ReadOnlySpan<byte> ExtendedAttribute(Span<byte> target, ulong inode, ReadOnlySpan<byte> nameHash) =>
        Hashed(target, TypeExtendedAttribute, inode, nameHash);

    /// <summary>The extents of one region (a fixed-size range of a file's address space).</summary>
    public static ReadOnlySpan<byte> Extents(Span<byte> target, ulong inode, ulong region)
    {
        Numbers(target, TypeExtents, inode);
        BinaryPrimitives.WriteUInt64BigEndian(target[9..], region);
        return target[..17];
    }

    public static ReadOnlySpan<byte> Orphan(Span<byte> target, ulong inode) => Numbers(target, TypeOrphan, inode);

    public static ReadOnlySpan<byte> Pack(Span<byte> target, uint pack)
    {
        target[0] = TypePack;
        BinaryPrimitives.WriteUInt32BigEndian(target[1..], pack);
        return target[..5];
    }

    /// <summary>One page of a pack's chunk directory.</summary>
    public static ReadOnlySpan<byte> Chunks(Span<byte> target, uint pack, uint page)
    {
        target[0] = TypeChunks;
        BinaryPrimitives.WriteUInt32BigEndian(target[1..], pack);
        BinaryPrimitives.WriteUInt32BigEndian(target[5..], page);
        return target[..9];
    }

    public static ReadOnlySpan<byte> Cloud(Span<byte> target, ushort cloud)
    {
        target[0] = TypeCloud;
        BinaryPrimitives.WriteUInt16BigEndian(target[1..], cloud);
        return target[..3];
    }

    /// <summary>A named singleton of up to 24 ASCII characters.</summary>
    public static ReadOnlySpan<byte> Setting(Span<byte> target, string name)
    {
        target[0] = TypeSetting;
        return target[..(1 + System.Text.Encoding.ASCII.GetBytes(name, target[1..]))];
    }

    /// <summary>What a checkpoint's root refers to; checkpoints count from 1.</summary>
    public static ReadOnlySpan<byte> Root(Span<byte> target, ulong checkpoint) => Numbers(target, TypeRoot, checkpoint);

    private static ReadOnlySpan<byte> Numbers(Span<byte> target, byte type, ulong number)
    {
        target[0] = type;
        BinaryPrimitives.WriteUInt64BigEndian(target[1..], number);
        return target[..9];
    }

    private static ReadOnlySpan<byte> Hashed(Span<byte> target, byte type, ulong number, ReadOnlySpan<byte> hash)
    {
        Numbers(target, type, number);
        hash[..16].CopyTo(target[9..]);
        return target[..25];
    }
}
