using System.Runtime.InteropServices;

namespace CuckooDrive.Mount.Fuse.Protocol;

#pragma warning disable CS0649 // filled in from the kernel's bytes

[StructLayout(LayoutKind.Sequential)]
internal struct InHeader
{
    public const int Size = 40;

    public uint Length;
    public Opcode Opcode;
    public ulong Unique;
    public ulong NodeId;
    public uint Uid;
    public uint Gid;
    public uint Pid;
    /// <summary>Length of the extensions after the body, in units of 8 bytes.</summary>
    public ushort ExtensionLength;
    public ushort Padding;
}

[StructLayout(LayoutKind.Sequential)]
internal struct OutHeader
{
    public const int Size = 16;

    public uint Length;
    public int Error;
    public ulong Unique;
}

[StructLayout(LayoutKind.Sequential)]
internal struct InitIn
{
    /// <summary>Before INIT_EXT (7.36) the kernel sends this much.</summary>
    public const int BasicSize = 16;

    public uint Major;
    public uint Minor;
    public uint MaxReadAhead;
    public uint Flags;
    public uint Flags2;
    private Padding11 _unused;
}

[StructLayout(LayoutKind.Sequential)]
internal struct InitOut
{
    public uint Major;
    public uint Minor;
    public uint MaxReadAhead;
    public uint Flags;
    public ushort MaxBackground;
    public ushort CongestionThreshold;
    public uint MaxWrite;
    public uint TimeGranularity;
    public ushort MaxPages;
    public ushort MapAlignment;
    public uint Flags2;
    private Padding7 _unused;
}

[System.Runtime.CompilerServices.InlineArray(11)]
internal struct Padding11
{
    private uint _element;
}

[System.Runtime.CompilerServices.InlineArray(7)]
internal struct Padding7
{
    private uint _element;
}
