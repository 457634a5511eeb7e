using System.Runtime.InteropServices;
using CuckooDrive.Core.Volume;

namespace CuckooDrive.Testing.FileSystems;

/// <summary>What statx(2) tells.</summary>
public readonly record struct FileStatus(
    ulong Inode, uint Mode, uint Links, uint Uid, uint Gid, long Size, long Blocks,
    Timestamp Accessed, Timestamp Modified, Timestamp Changed, Timestamp Born)
{
    public uint Permissions => Mode & 0xFFF;

    public uint Type => Mode & 0xF000;
}

public static partial class Posix
{
    private const int EmptyPath = 0x1000;
    private const uint BasicAndBirth = 0xFFF;
    private const long TimeOmitted = (1L << 30) - 2;

    // struct statx is the same on every architecture.
    private const int StatxSize = 256;

    public static FileStatus Status(string path) => Status(AtCurrent, path, AtSymlinkNoFollow);

    public static FileStatus Status(int file) => Status(file, "", EmptyPath);

    /// <summary>0, or a negative errno.</summary>
    public static int TryStatus(string path, out FileStatus status)
    {
        Span<byte> buffer = stackalloc byte[StatxSize];
        var result = Check(Native.statx(AtCurrent, Encode(path), AtSymlinkNoFollow, BasicAndBirth, ref buffer[0]));
        status = result < 0 ? default : Decode(buffer);
        return result;
    }

    /// <summary>Null leaves a time as it is.</summary>
    public static int SetTimes(string path, Timestamp? accessed, Timestamp? modified)
    {
        Span<long> times =
        [
            accessed?.Seconds ?? 0, accessed?.Nanoseconds ?? TimeOmitted,
            modified?.Seconds ?? 0, modified?.Nanoseconds ?? TimeOmitted,
        ];
        return Check(Native.utimensat(AtCurrent, Encode(path), ref times[0], AtSymlinkNoFollow));
    }

    /// <summary>Block size, blocks, free blocks, files, free files and longest name as statvfs(3) tells them.</summary>
    public static FileSystemStatistics FileSystemStatus(string path)
    {
        // struct statvfs on 64-bit machines: eleven numbers of 8 bytes matter.
        Span<byte> buffer = stackalloc byte[256];
        buffer.Clear();
        if (Native.statvfs(Encode(path), ref buffer[0]) != 0)
            throw new IOException($"statvfs failed (errno {Marshal.GetLastPInvokeError()}).");
        var fields = MemoryMarshal.Cast<byte, long>(buffer);
        return new FileSystemStatistics((uint)fields[1], fields[2], fields[3], fields[5], fields[6], (uint)fields[10]);
    }

    private static FileStatus Status(int directory, string path, int flags)
    {
        Span<byte> buffer = stackalloc byte[StatxSize];
        var result = Check(Native.statx(directory, Encode(path), flags, BasicAndBirth, ref buffer[0]));
        return result >= 0 ? Decode(buffer) : throw new IOException($"statx of '{path}' failed (errno {-result}).");
    }

    private static FileStatus Decode(ReadOnlySpan<byte> buffer) => new(
        Inode: MemoryMarshal.Read<ulong>(buffer[32..]),
        Mode: MemoryMarshal.Read<ushort>(buffer[28..]),
        Links: MemoryMarshal.Read<uint>(buffer[16..]),
        Uid: MemoryMarshal.Read<uint>(buffer[20..]),
        Gid: MemoryMarshal.Read<uint>(buffer[24..]),
        Size: MemoryMarshal.Read<long>(buffer[40..]),
        Blocks: MemoryMarshal.Read<long>(buffer[48..]),
        Accessed: Time(buffer[64..]),
        Born: Time(buffer[80..]),
        Changed: Time(buffer[96..]),
        Modified: Time(buffer[112..]));

    private static Timestamp Time(ReadOnlySpan<byte> buffer) =>
        new(MemoryMarshal.Read<long>(buffer), MemoryMarshal.Read<uint>(buffer[8..]));
}
