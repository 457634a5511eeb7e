namespace CuckooDrive.Mount.Fuse.Protocol;

/// <summary>Abilities agreed upon in INIT. Bits 32 and up travel in flags2.</summary>
[Flags]
internal enum InitFlags : ulong
{
    None = 0,
    AsyncRead = 1UL << 0,
    AtomicTruncate = 1UL << 3,
    BigWrites = 1UL << 5,
    DoReadDirPlus = 1UL << 13,
    ReadDirPlusAuto = 1UL << 14,
    AsyncDirectIo = 1UL << 15,
    WritebackCache = 1UL << 16,
    ParallelDirectoryOperations = 1UL << 18,
    MaxPages = 1UL << 22,
    CacheSymlinks = 1UL << 23,
    HandleKillPrivilegesV2 = 1UL << 28,
    SetXAttrExtended = 1UL << 29,
    InitExtended = 1UL << 30,
    HasExpireOnly = 1UL << 35,
}

[Flags]
internal enum SetAttrValid : uint
{
    Mode = 1 << 0,
    Uid = 1 << 1,
    Gid = 1 << 2,
    Size = 1 << 3,
    AccessTime = 1 << 4,
    ModifyTime = 1 << 5,
    Handle = 1 << 6,
    AccessTimeNow = 1 << 7,
    ModifyTimeNow = 1 << 8,
    ChangeTime = 1 << 10,
    KillSuidGid = 1 << 11,
}

[Flags]
internal enum OpenReplyFlags : uint
{
    None = 0,
    KeepCache = 1 << 1,
    CacheDirectory = 1 << 3,
}

[Flags]
internal enum WriteFlags : uint
{
    FromPageCache = 1 << 0,
    KillSuidGid = 1 << 2,
}

/// <summary>Single bits and numbers of the Linux interface that requests carry.</summary>
internal static class LinuxConstants
{
    public const uint OpenAccessMask = 3;
    public const uint OpenWriteOnly = 1;
    public const uint OpenReadWrite = 2;
    public const uint OpenExclusive = 0x80;
    public const uint OpenTruncate = 0x200;

    /// <summary>O_DIRECT, which the architectures number differently.</summary>
    public static readonly uint OpenDirect =
        System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture is System.Runtime.InteropServices.Architecture.Arm64 or System.Runtime.InteropServices.Architecture.Arm ? 0x10000u : 0x4000u;

    public const uint OpenRequestKillSuidGid = 1;
    public const uint FSyncDataOnly = 1;
    public const uint SeekData = 3;
    public const uint SeekHole = 4;
    public const uint RenameKnown = 7;
    public const uint FallocateKeepSize = 0x01;
    public const uint FallocatePunchHole = 0x02;
    public const uint FallocateCollapseRange = 0x08;
    public const uint FallocateZeroRange = 0x10;
    public const uint FallocateInsertRange = 0x20;
    public const uint FallocateUnshareRange = 0x40;
    public const uint TypeMask = 0xF000;
    public const uint TypeDirectory = 0x4000;
    public const uint TypeRegular = 0x8000;
    public const uint AnyExecute = 0x49;
    public const uint AccessExecute = 1;
    public const uint StatxBasicAndBirth = 0x7FF | 0x800;

    /// <summary>The largest transfer of one read, write or copy call in Linux (MAX_RW_COUNT).</summary>
    public const ulong MaximumTransfer = 0x7FFFF000;
}
