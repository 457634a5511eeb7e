using System.Runtime.InteropServices;

namespace CuckooDrive.Mount.Fuse.Protocol;

[StructLayout(LayoutKind.Sequential)]
internal struct Attr
{
    public ulong Inode;
    public ulong Size;
    public ulong Blocks;
    public ulong AccessSeconds;
    public ulong ModifySeconds;
    public ulong ChangeSeconds;
    public uint AccessNanoseconds;
    public uint ModifyNanoseconds;
    public uint ChangeNanoseconds;
    public uint Mode;
    public uint LinkCount;
    public uint Uid;
    public uint Gid;
    public uint Device;
    public uint BlockSize;
    public uint Flags;
}

[StructLayout(LayoutKind.Sequential)]
internal struct EntryOut
{
    public ulong NodeId;
    public ulong Generation;
    public ulong EntryValid;
    public ulong AttrValid;
    public uint EntryValidNanoseconds;
    public uint AttrValidNanoseconds;
    public Attr Attr;
}

[StructLayout(LayoutKind.Sequential)]
internal struct AttrOut
{
    public ulong AttrValid;
    public uint AttrValidNanoseconds;
    public uint Dummy;
    public Attr Attr;
}

[StructLayout(LayoutKind.Sequential)]
internal struct OpenOut
{
    public ulong Handle;
    public OpenReplyFlags Flags;
    public int BackingId;
}

[StructLayout(LayoutKind.Sequential)]
internal struct CreateOut
{
    public EntryOut Entry;
    public OpenOut Open;
}

[StructLayout(LayoutKind.Sequential)]
internal struct WriteOut
{
    public uint Size;
    public uint Padding;
}

[StructLayout(LayoutKind.Sequential)]
internal struct Copy64Out
{
    public ulong Length;
}

[StructLayout(LayoutKind.Sequential)]
internal struct StatFsOut
{
    public ulong Blocks;
    public ulong BlocksFree;
    public ulong BlocksAvailable;
    public ulong Files;
    public ulong FilesFree;
    public uint BlockSize;
    public uint NameLength;
    public uint FragmentSize;
    public uint Padding;
    private Spare6 _spare;
}

[StructLayout(LayoutKind.Sequential)]
internal struct GetXAttrOut
{
    public uint Size;
    public uint Padding;
}

[StructLayout(LayoutKind.Sequential)]
internal struct LSeekOut
{
    public ulong Offset;
}

/// <summary>Followed by the name, padded to 8 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct DirEntry
{
    public ulong Inode;
    public ulong Cookie;
    public uint NameLength;
    public uint Type;
}

[StructLayout(LayoutKind.Sequential)]
internal struct DirEntryPlus
{
    public EntryOut Entry;
    public DirEntry DirEntry;
}

[StructLayout(LayoutKind.Sequential)]
internal struct StatxTime
{
    public long Seconds;
    public uint Nanoseconds;
    public int Reserved;
}

[StructLayout(LayoutKind.Sequential)]
internal struct StatxOut
{
    public ulong AttrValid;
    public uint AttrValidNanoseconds;
    public uint Flags;
    private ulong _spare0;
    private ulong _spare1;
    public uint Mask;
    public uint BlockSize;
    public ulong StatxAttributes;
    public uint LinkCount;
    public uint Uid;
    public uint Gid;
    public ushort Mode;
    private ushort _spare2;
    public ulong Inode;
    public ulong Size;
    public ulong Blocks;
    public ulong AttributesMask;
    public StatxTime AccessTime;
    public StatxTime BirthTime;
    public StatxTime ChangeTime;
    public StatxTime ModifyTime;
    public uint DeviceMajor;
    public uint DeviceMinor;
    public uint FileSystemMajor;
    public uint FileSystemMinor;
    private Spare14 _spare3;
}

[StructLayout(LayoutKind.Sequential)]
internal struct NotifyStoreOut
{
    public ulong NodeId;
    public ulong Offset;
    public uint Size;
    public uint Padding;
}

[StructLayout(LayoutKind.Sequential)]
internal struct NotifyInvalidateInodeOut
{
    public ulong Inode;
    public long Offset;
    public long Length;
}

[StructLayout(LayoutKind.Sequential)]
internal struct NotifyInvalidateEntryOut
{
    public ulong Parent;
    public uint NameLength;
    public uint Flags;
}

[System.Runtime.CompilerServices.InlineArray(6)]
internal struct Spare6
{
    private uint _element;
}

[System.Runtime.CompilerServices.InlineArray(14)]
internal struct Spare14
{
    private ulong _element;
}
