using CuckooDrive.Core.Volume;
using CuckooDrive.Mount.Fuse.Protocol;

namespace CuckooDrive.Mount.Fuse.Dispatch;

/// <summary>Between the file system's attributes and the kernel's.</summary>
internal static class AttributeCodec
{
    /// <summary>
    /// How long the kernel may believe names (absent ones too) and attributes, in seconds. Long, as every change goes
    /// through this kernel; what changes by itself is told through <see cref="IKernelCache"/>.
    /// </summary>
    public const ulong ValidSeconds = 86_400;

    private const uint PreferredBlockSize = 4096;

    public static Attr ToAttr(in Attributes attributes) => new()
    {
        Inode = attributes.Inode,
        Size = (ulong)attributes.Size,
        Blocks = (ulong)attributes.Blocks,
        AccessSeconds = (ulong)attributes.AccessTime.Seconds,
        ModifySeconds = (ulong)attributes.ModifyTime.Seconds,
        ChangeSeconds = (ulong)attributes.ChangeTime.Seconds,
        AccessNanoseconds = attributes.AccessTime.Nanoseconds,
        ModifyNanoseconds = attributes.ModifyTime.Nanoseconds,
        ChangeNanoseconds = attributes.ChangeTime.Nanoseconds,
        Mode = attributes.Mode,
        LinkCount = attributes.LinkCount,
        Uid = attributes.Uid,
        Gid = attributes.Gid,
        Device = attributes.Device,
        BlockSize = PreferredBlockSize,
    };

    public static EntryOut ToEntryOut(in Entry entry) => new()
    {
        NodeId = entry.Attributes.Inode,
        Generation = entry.Generation,
        EntryValid = ValidSeconds,
        AttrValid = ValidSeconds,
        Attr = ToAttr(in entry.Attributes),
    };

    /// <summary>An entry without a node: the name does not exist, and the kernel may remember that.</summary>
    public static EntryOut NegativeEntry => new() { EntryValid = ValidSeconds };

    public static AttrOut ToAttrOut(in Attributes attributes) => new()
    {
        AttrValid = ValidSeconds,
        Attr = ToAttr(in attributes),
    };

    public static StatxOut ToStatxOut(in Attributes attributes) => new()
    {
        AttrValid = ValidSeconds,
        Mask = LinuxConstants.StatxBasicAndBirth,
        BlockSize = PreferredBlockSize,
        LinkCount = attributes.LinkCount,
        Uid = attributes.Uid,
        Gid = attributes.Gid,
        Mode = (ushort)attributes.Mode,
        Inode = attributes.Inode,
        Size = (ulong)attributes.Size,
        Blocks = (ulong)attributes.Blocks,
        AccessTime = ToTime(attributes.AccessTime),
        BirthTime = ToTime(attributes.BirthTime),
        ChangeTime = ToTime(attributes.ChangeTime),
        ModifyTime = ToTime(attributes.ModifyTime),
        // The device number in the 32-bit form of the kernel: minor bits 0-7 and 20-31, major bits 8-19.
        DeviceMajor = (attributes.Device >> 8) & 0xFFF,
        DeviceMinor = (attributes.Device & 0xFF) | ((attributes.Device >> 12) & 0xFFF00),
    };

    public static AttributeChange ToChange(in SetAttrIn request)
    {
        var valid = request.Valid;
        return new AttributeChange
        {
            Mode = valid.HasFlag(SetAttrValid.Mode) ? request.Mode : null,
            Uid = valid.HasFlag(SetAttrValid.Uid) ? request.Uid : null,
            Gid = valid.HasFlag(SetAttrValid.Gid) ? request.Gid : null,
            Size = valid.HasFlag(SetAttrValid.Size) ? (long)request.Size : null,
            AccessTimeNow = valid.HasFlag(SetAttrValid.AccessTimeNow),
            ModifyTimeNow = valid.HasFlag(SetAttrValid.ModifyTimeNow),
            AccessTime = Explicit(valid, SetAttrValid.AccessTime, SetAttrValid.AccessTimeNow)
                ? new Timestamp(request.AccessSeconds, request.AccessNanoseconds) : null,
            ModifyTime = Explicit(valid, SetAttrValid.ModifyTime, SetAttrValid.ModifyTimeNow)
                ? new Timestamp(request.ModifySeconds, request.ModifyNanoseconds) : null,
            ChangeTime = valid.HasFlag(SetAttrValid.ChangeTime)
                ? new Timestamp(request.ChangeSeconds, request.ChangeNanoseconds) : null,
            DropPrivileges = valid.HasFlag(SetAttrValid.KillSuidGid),
        };
    }

    private static bool Explicit(SetAttrValid valid, SetAttrValid time, SetAttrValid now) =>
        valid.HasFlag(time) && !valid.HasFlag(now);

    private static StatxTime ToTime(Timestamp time) => new() { Seconds = time.Seconds, Nanoseconds = time.Nanoseconds };
}
