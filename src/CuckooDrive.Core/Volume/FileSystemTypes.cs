namespace CuckooDrive.Core.Volume;

/// <summary>Seconds since 1970 (negative before) and nanoseconds 0 to 999,999,999.</summary>
public readonly record struct Timestamp(long Seconds, uint Nanoseconds) : IComparable<Timestamp>
{
    public int CompareTo(Timestamp other) =>
        Seconds != other.Seconds ? Seconds.CompareTo(other.Seconds) : Nanoseconds.CompareTo(other.Nanoseconds);

    /// <summary>The time to stamp a change with: as fine as the clock tells it.</summary>
    public static Timestamp Now(TimeProvider clock) =>
        clock is INanosecondClock fine ? fine.Now : From(clock.GetUtcNow());

    public static Timestamp From(DateTimeOffset time)
    {
        var ticks = time.UtcTicks - DateTimeOffset.UnixEpoch.Ticks;
        var seconds = Math.DivRem(ticks, TimeSpan.TicksPerSecond, out var rest);
        return rest >= 0
            ? new Timestamp(seconds, (uint)rest * 100)
            : new Timestamp(seconds - 1, (uint)(rest + TimeSpan.TicksPerSecond) * 100);
    }
}

/// <summary>The attributes of an inode. Mode holds type and permission bits as in stat(2).</summary>
public struct Attributes
{
    public ulong Inode;
    public uint Mode;
    public uint LinkCount;
    public uint Uid;
    public uint Gid;
    public uint Device;
    public long Size;
    /// <summary>Space taken, in units of 512 bytes.</summary>
    public long Blocks;
    public Timestamp AccessTime;
    public Timestamp ModifyTime;
    public Timestamp ChangeTime;
    public Timestamp BirthTime;
}

/// <summary>A named inode as a look-up returns it.</summary>
public struct Entry
{
    public Attributes Attributes;
    public uint Generation;
}

public readonly record struct OpenedFile(ulong Handle, bool KeepPageCache);

public readonly record struct CreatedFile(Entry Entry, ulong Handle);

/// <summary>Who asks; owners of new inodes.</summary>
public readonly record struct Caller(uint Uid, uint Gid);

/// <summary>What to change; null members stay. The change time is set in every case.</summary>
public record struct AttributeChange
{
    public uint? Mode;
    public uint? Uid;
    public uint? Gid;
    public long? Size;
    public Timestamp? AccessTime;
    public Timestamp? ModifyTime;
    /// <summary>Set by the kernel under write-back caching; otherwise now.</summary>
    public Timestamp? ChangeTime;
    public bool AccessTimeNow;
    public bool ModifyTimeNow;
    /// <summary>Drop set-user-id, and set-group-id where group execution is on, as the kernel's KILL_SUIDGID asks.</summary>
    public bool DropPrivileges;
}

[Flags]
public enum OpenOptions
{
    Read = 1,
    Write = 2,
    Truncate = 4,
    Append = 8,
    Exclusive = 16,
    /// <summary>Truncating must drop set-user-id bits.</summary>
    DropPrivileges = 32,
    /// <summary>O_DIRECT: reads bypass the kernel's page cache.</summary>
    Direct = 64,
}

[Flags]
public enum WriteOptions
{
    None = 0,
    /// <summary>Drop set-user-id and set-group-id bits with this write.</summary>
    DropPrivileges = 1,
    /// <summary>The kernel's write-back of cached pages: times are sent separately.</summary>
    FromPageCache = 2,
}

[Flags]
public enum RenameOptions
{
    None = 0,
    NoReplace = 1,
    Exchange = 2,
    /// <summary>RENAME_WHITEOUT (overlay file systems).</summary>
    Whiteout = 4,
}

[Flags]
public enum AllocateOptions
{
    None = 0,
    KeepSize = 1,
    PunchHole = 2,
    ZeroRange = 4,
    CollapseRange = 8,
    InsertRange = 16,
    UnshareRange = 32,
}

[Flags]
public enum ExtendedAttributeOptions
{
    None = 0,
    Create = 1,
    Replace = 2,
}

/// <summary>statfs: blocks of <see cref="BlockSize"/> bytes after redundancy.</summary>
public readonly record struct FileSystemStatistics(uint BlockSize, long Blocks, long BlocksFree, long Files, long FilesFree, uint NameMaximum);
