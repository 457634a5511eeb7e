using System.Runtime.InteropServices;
using System.Text;

namespace CuckooDrive.Testing.FileSystems;

/// <summary>
/// System calls as tests need them: nothing in between that retries, buffers or translates. All return the call's result,
/// or the errno as a negative number. Paths are strings (UTF-8) or raw bytes.
/// </summary>
public static partial class Posix
{
    public const int ReadOnly = 0;
    public const int WriteOnly = 1;
    public const int ReadWrite = 2;
    public const int Create = 0x40;
    public const int Exclusive = 0x80;
    public const int Truncate = 0x200;
    public const int Append = 0x400;

    /// <summary>Set on every file: processes that other tests start must not inherit it.</summary>
    private const int CloseOnExec = 0x80000;

    /// <summary>The architectures differ in these two.</summary>
    public static readonly int Direct = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x10000 : 0x4000;

    public static readonly int TemporaryFile = 0x400000 | (RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x4000 : 0x10000);

    public const int AtCurrent = -100;
    public const int AtSymlinkFollow = 0x400;
    public const int AtSymlinkNoFollow = 0x100;
    public const int RenameNoReplace = 1;
    public const int RenameExchange = 2;
    public const int RenameWhiteout = 4;
    public const int SeekSet = 0;
    public const int SeekData = 3;
    public const int SeekHole = 4;
    public const int KeepSize = 1;
    public const int PunchHole = 2;
    public const int CollapseRange = 8;
    public const int ZeroRange = 16;
    public const int InsertRange = 32;

    public static int Open(string path, int flags, int mode = 0x1B6) => Check(Native.open(Encode(path), flags | CloseOnExec, mode));

    public static int Open(byte[] path, int flags, int mode = 0x1B6) => Check(Native.open(Terminate(path), flags | CloseOnExec, mode));

    public static int OpenAt(int directory, string path, int flags, int mode = 0x1B6) => Check(Native.openat(directory, Encode(path), flags | CloseOnExec, mode));

    public static int Close(int file) => Check(Native.close(file));

    public static long Read(int file, Span<byte> buffer) => Check(Native.read(file, ref MemoryMarshal.GetReference(buffer), buffer.Length));

    public static long Write(int file, ReadOnlySpan<byte> data) => Check(Native.write(file, ref MemoryMarshal.GetReference(data), data.Length));

    public static long Read(int file, Span<byte> buffer, long offset) => Check(Native.pread(file, ref MemoryMarshal.GetReference(buffer), buffer.Length, offset));

    public static long Write(int file, ReadOnlySpan<byte> data, long offset) => Check(Native.pwrite(file, ref MemoryMarshal.GetReference(data), data.Length, offset));

    public static int Sync(int file) => Check(Native.fsync(file));

    /// <summary>Drops the file's clean pages from the page cache (POSIX_FADV_DONTNEED).</summary>
    public static int DropCache(int file) => -Native.posix_fadvise(file, 0, 0, 4);

    public static long Seek(int file, long offset, int whence) => Check(Native.lseek(file, offset, whence));

    public static int Allocate(int file, int mode, long offset, long length) => Check(Native.fallocate(file, mode, offset, length));

    public static long CopyRange(int source, ref long sourceOffset, int target, ref long targetOffset, long length) =>
        Check(Native.copy_file_range(source, ref sourceOffset, target, ref targetOffset, (nint)length, 0));

    public static int TruncateTo(string path, long length) => Check(Native.truncate(Encode(path), length));

    public static int TruncateTo(int file, long length) => Check(Native.ftruncate(file, length));

    public static int MakeDirectory(string path, int mode = 0x1FF) => Check(Native.mkdir(Encode(path), mode));

    public static int MakeDirectoryAt(int directory, string path, int mode = 0x1FF) => Check(Native.mkdirat(directory, Encode(path), mode));

    public static int MakeFifo(string path, int mode = 0x1B6) => Check(Native.mkfifo(Encode(path), mode));

    public static int MakeNode(string path, int mode, ulong device) => Check(Native.mknod(Encode(path), mode, device));

    public static int Remove(string path) => Check(Native.unlink(Encode(path)));

    public static int Remove(byte[] path) => Check(Native.unlink(Terminate(path)));

    public static int RemoveAt(int directory, string path, bool isDirectory) => Check(Native.unlinkat(directory, Encode(path), isDirectory ? 0x200 : 0));

    public static int RemoveDirectory(string path) => Check(Native.rmdir(Encode(path)));

    public static int Link(string path, string newPath) => Check(Native.link(Encode(path), Encode(newPath)));

    public static int LinkAt(int directory, string path, int newDirectory, string newPath, int flags) =>
        Check(Native.linkat(directory, Encode(path), newDirectory, Encode(newPath), flags));

    public static int SymbolicLink(string target, string path) => Check(Native.symlink(Encode(target), Encode(path)));

    public static int Rename(string path, string newPath, int flags = 0) =>
        Check(Native.renameat2(AtCurrent, Encode(path), AtCurrent, Encode(newPath), (uint)flags));

    public static int ChangeMode(string path, int mode) => Check(Native.chmod(Encode(path), mode));

    public static int ChangeOwner(string path, int uid, int gid) => Check(Native.lchown(Encode(path), uid, gid));

    public static int Access(string path, int mode) => Check(Native.access(Encode(path), mode));

    public static int Lock(int file, bool exclusive, bool wait) => Check(Native.flock(file, (exclusive ? 2 : 1) | (wait ? 0 : 4)));

    /// <summary>A write lock on the whole file by fcntl(2), without waiting.</summary>
    public static int TryRecordLock(int file)
    {
        const int SetLock = 6;
        // struct flock on 64-bit machines: type (2), whence (2), start (8), length (8), process (4).
        Span<byte> request = stackalloc byte[32];
        request.Clear();
        request[0] = 1;
        return Check(Native.fcntl(file, SetLock, ref request[0]));
    }

    public static int SetAttribute(string path, string name, ReadOnlySpan<byte> value, int flags = 0) =>
        Check(Native.lsetxattr(Encode(path), Encode(name), ref MemoryMarshal.GetReference(value), value.Length, flags));

    public static long GetAttribute(string path, string name, Span<byte> value) =>
        Check(Native.lgetxattr(Encode(path), Encode(name), ref MemoryMarshal.GetReference(value), value.Length));

    public static long ListAttributes(string path, Span<byte> list) =>
        Check(Native.llistxattr(Encode(path), ref MemoryMarshal.GetReference(list), list.Length));

    public static int RemoveAttribute(string path, string name) => Check(Native.lremovexattr(Encode(path), Encode(name)));

    public static int Signal(int process, int signal) => Check(Native.kill(process, signal));

    public static int UserId() => Native.geteuid();

    public static int GroupId() => Native.getegid();

    /// <summary>NUL-terminated.</summary>
    internal static byte[] Encode(string text) => Terminate(Encoding.UTF8.GetBytes(text));

    internal static int Check(int result) => result >= 0 ? result : -Marshal.GetLastPInvokeError();

    internal static long Check(nint result) => result >= 0 ? result : -Marshal.GetLastPInvokeError();

    internal static long Check(long result) => result >= 0 ? result : -Marshal.GetLastPInvokeError();

    private static byte[] Terminate(byte[] path) => [.. path, 0];
}
