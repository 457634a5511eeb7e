using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace CuckooDrive.Clouds.Providers.Folder;

/// <summary>The few calls of Linux and macOS that .NET does not offer. Each reports failure by an errno.</summary>
internal static partial class Libc
{
    /// <summary>preadv2 flag: fail with EAGAIN rather than wait for the disk.</summary>
    public const int NoWait = 8;

    /// <summary>renameat2 flag: fail with EEXIST rather than replace the target.</summary>
    public const uint RenameNoReplace = 1;

    /// <summary>renamex_np flag of macOS with the same meaning.</summary>
    public const uint RenameExclusive = 4;

    /// <summary>STATX_BTIME: the time of birth is wanted; the device's number comes in any case.</summary>
    private const uint StatxBirth = 0x800;

    /// <summary>"Relative to the working directory", which an absolute path ignores.</summary>
    public const int AtFdCwd = -100;

    // The values are the same on every processor that .NET runs on.
    public static int CloseOnExec => OperatingSystem.IsLinux() ? 0x80000 : OperatingSystem.IsMacOS() ? 0x1000000 : 0;

    /// <summary>
    /// Lets everybody else have the processor first, on Linux for the calling thread alone (elsewhere priorities are the whole
    /// process's). Ten steps: about a tenth of the share of a thread that wants the same processor, never nothing.
    /// </summary>
    public static void StepBack()
    {
        if (OperatingSystem.IsLinux())
            _ = SetPriority(0, 0, 10);
    }

    [LibraryImport("libc", EntryPoint = "setpriority")]
    private static partial int SetPriority(int which, uint who, int priority);

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Link(string existing, string created);

    [LibraryImport("libc", EntryPoint = "mkdir", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int MakeFolder(string path, uint mode);

    [LibraryImport("libc", EntryPoint = "rmdir", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int RemoveFolder(string path);

    [LibraryImport("libc", EntryPoint = "renameat2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Rename(int sourceFolder, string source, int targetFolder, string target, uint flags);

    [LibraryImport("libc", EntryPoint = "renamex_np", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int RenameMac(string source, string target, uint flags);

    // Variadic in C, which does not matter without the variable argument.
    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    public static partial int Sync(int descriptor);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    public static partial int Sync(Microsoft.Win32.SafeHandles.SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    public static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "copy_file_range", SetLastError = true)]
    public static partial nint CopyFileRange(
        SafeFileHandle source, ref long sourceOffset, SafeFileHandle target, ref long targetOffset, nuint length, uint flags);

    /// <summary>Which folder is at a path; null when none is, or the system does not tell. Linux only.</summary>
    public static unsafe FolderIdentity? Identify(string path)
    {
        Statx found;
        try
        {
            if (Stat(AtFdCwd, path, 0, StatxBirth, &found) != 0)
                return null;
            return (found.Mask & StatxBirth) != 0
                ? new FolderIdentity(found.DeviceMajor, found.DeviceMinor, found.BirthSeconds, found.BirthNanoseconds)
                : new FolderIdentity(found.DeviceMajor, found.DeviceMinor, 0, 0);
        }
        catch (EntryPointNotFoundException)
        {
            return null;
        }
    }

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int Stat(int folder, string path, int flags, uint mask, Statx* found);

    // Blittable and quick: on a 64-bit C library off_t is one argument, and preadv2 takes it so.
    [LibraryImport("libc", EntryPoint = "preadv2", SetLastError = true)]
    public static unsafe partial nint Read(SafeFileHandle file, IoVector* vectors, int count, long offset, int flags);

    /// <summary>
    /// The same for as long as a file system stays mounted. Not the inode's number: FAT, exFAT and some shares give a folder another
    /// one when the kernel has forgotten it meanwhile. A file system without times of birth is told by its device alone.
    /// </summary>
    public readonly record struct FolderIdentity(uint DeviceMajor, uint DeviceMinor, long BirthSeconds, uint BirthNanoseconds);

    /// <summary>struct statx of linux/stat.h.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct Statx
    {
        [FieldOffset(0)]
        public uint Mask;
        [FieldOffset(80)]
        public long BirthSeconds;
        [FieldOffset(88)]
        public uint BirthNanoseconds;
        [FieldOffset(136)]
        public uint DeviceMajor;
        [FieldOffset(140)]
        public uint DeviceMinor;
    }

    [StructLayout(LayoutKind.Sequential)]
    public unsafe struct IoVector
    {
        public byte* Base;
        public nuint Length;
    }
}

/// <summary>errno values that differ between Linux and macOS, and those that do not.</summary>
internal static class Errno
{
    public const int NotPermitted = 1;
    public const int NoEntry = 2;
    public const int Interrupted = 4;
    public const int AccessDenied = 13;
    public const int Exists = 17;
    public const int OtherDevice = 18;
    public const int NoDevice = 19;
    public const int NotFolder = 20;
    public const int Invalid = 22;
    public const int FileTooBig = 27;
    public const int NoSpace = 28;
    public const int ReadOnly = 30;
    public const int TooManyLinks = 31;

    public static int NameTooLong => OperatingSystem.IsLinux() ? 36 : 63;
    public static int NoSuchCall => OperatingSystem.IsLinux() ? 38 : 78;
    public static int NotSupported => OperatingSystem.IsLinux() ? 95 : 45;
    public static int OperationNotSupported => OperatingSystem.IsLinux() ? 95 : 102;
    public static int QuotaExceeded => OperatingSystem.IsLinux() ? 122 : 69;

    /// <summary>The exception that .NET itself would throw: the errno is its HResult.</summary>
    public static IOException Exception(int errno) => new(Marshal.GetPInvokeErrorMessage(errno), errno);

    public static bool MeansUnsupported(int errno) =>
        errno is NotPermitted or Invalid or TooManyLinks ||
        errno == NoSuchCall || errno == NotSupported || errno == OperationNotSupported;
}
