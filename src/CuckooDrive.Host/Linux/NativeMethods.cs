using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace CuckooDrive.Host.Linux;

/// <summary>The few calls of the C library that .NET does not offer.</summary>
internal static partial class NativeMethods
{
    public const int ExistenceCheck = 0;
    public const int NoSuchFile = 2;
    public const int CloseOnExec = 1;
    private const int OpenCloseOnExec = 0x80000;

    /// <summary>O_DIRECTORY is one of the few flags that differ between architectures.</summary>
    private static readonly int OpenDirectoryOnly =
        RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm ? 0x4000 : 0x10000;

    [LibraryImport("libc", EntryPoint = "setsid", SetLastError = true)]
    public static partial int SetSessionId();

    [LibraryImport("libc", EntryPoint = "dup2", SetLastError = true)]
    public static partial int DuplicateTo(int descriptor, int target);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    public static partial int Synchronize(SafeFileHandle descriptor);

    [LibraryImport("libc", EntryPoint = "tcgetattr", SetLastError = true)]
    public static partial int GetTerminalAttributes(int descriptor, [Out] byte[] attributes);

    [LibraryImport("libc", EntryPoint = "tcsetattr", SetLastError = true)]
    public static partial int SetTerminalAttributes(int descriptor, int when, byte[] attributes);

    [LibraryImport("libc", EntryPoint = "access", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Access(string path, int mode);

    /// <summary>Whether this user may not both read and write it.</summary>
    public static bool IsForbidden(string path)
    {
        const int ReadAndWrite = 4 | 2;
        const int PermissionDenied = 13;
        return Access(path, ReadAndWrite) != 0 && Marshal.GetLastPInvokeError() == PermissionDenied;
    }

    [LibraryImport("libc", EntryPoint = "geteuid")]
    public static partial uint GetEffectiveUserId();

    [LibraryImport("libc", EntryPoint = "getegid")]
    public static partial uint GetEffectiveGroupId();

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    public static partial int Kill(int process, int signal);

    /// <summary>A descriptor of a folder, closed on exec; negative on failure.</summary>
    public static int OpenDirectory(string path) => Open(path, OpenDirectoryOnly | OpenCloseOnExec);

    /// <summary>A descriptor for reading that no device or pipe makes wait, closed on exec; negative on failure.</summary>
    public static int OpenFile(string path)
    {
        const int NonBlocking = 0x800;
        return Open(path, NonBlocking | OpenCloseOnExec);
    }

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    public static partial int Close(int descriptor);

    /// <summary>Its flags, among them <see cref="CloseOnExec"/>; negative when it is not open.</summary>
    public static int GetDescriptorFlags(int descriptor)
    {
        const int GetFlags = 1;
        return Control(descriptor, GetFlags);
    }

    /// <summary>A descriptor of /dev/null for reading and writing, which programs that are started inherit; negative on failure.</summary>
    public static int OpenNullDevice()
    {
        const int ReadWrite = 2;
        return Open("/dev/null", ReadWrite);
    }

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Control(int descriptor, int command);

    [LibraryImport("libc", EntryPoint = "syncfs", SetLastError = true)]
    public static partial int SynchronizeFileSystem(SafeFileHandle descriptor);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "realpath", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint RealPath(string path, nint buffer);

    [LibraryImport("libc", EntryPoint = "free")]
    private static partial void Free(nint pointer);

    /// <summary>The path without symbolic links, or null when it does not exist or cannot be reached.</summary>
    public static string? Resolve(string path)
    {
        var resolved = RealPath(path, 0);
        if (resolved == 0)
            return null;
        try
        {
            return Marshal.PtrToStringUTF8(resolved);
        }
        finally
        {
            Free(resolved);
        }
    }
}
