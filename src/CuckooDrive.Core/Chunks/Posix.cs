using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace CuckooDrive.Core.Chunks;

/// <summary>What .NET does not offer about files.</summary>
internal static partial class Posix
{
    private const int ReadOnly = 0;
    private const int SeekData = 3;
    private const int SeekHole = 4;

    /// <summary>Makes the names in a folder durable. Windows' file systems journal them by themselves.</summary>
    /// <exception cref="SyncFailedException">The disk failed or is full.</exception>
    /// <exception cref="IOException">The folder cannot be opened.</exception>
    public static void FlushFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
            return;
        var descriptor = Open(folder, ReadOnly);
        if (descriptor < 0)
            throw Failure(folder);
        try
        {
            if (Sync(descriptor) != 0)
                throw new SyncFailedException(folder, Marshal.GetLastPInvokeError());
        }
        finally
        {
            _ = Close(descriptor);
        }
    }

    /// <summary>
    /// Makes a file's content durable. Not by RandomAccess.FlushToDisk, which says nothing when fsync fails (seen with ENOSPC
    /// and EIO on .NET 10.0.12): what the disk has lost would count as safe.
    /// </summary>
    /// <exception cref="SyncFailedException">The disk failed or is full; the HResult is errno.</exception>
    public static void FlushFile(SafeFileHandle file, string path)
    {
        if (OperatingSystem.IsWindows())
            RandomAccess.FlushToDisk(file);
        else if (Sync(file) != 0)
            throw new SyncFailedException(path, Marshal.GetLastPInvokeError());
    }

    /// <summary>Bytes of a sparse file that are not holes; its length where the system cannot tell.</summary>
    public static long DataBytes(SafeFileHandle file)
    {
        var length = RandomAccess.GetLength(file);
        if (!OperatingSystem.IsLinux())
            return length;
        long total = 0, at = 0;
        while (at < length)
        {
            var data = Seek(file, at, SeekData);
            if (data < 0)
                break;
            var hole = Seek(file, data, SeekHole);
            if (hole <= data)
                return length;
            total += hole - data;
            at = hole;
        }
        return total;
    }

    /// <summary>
    /// Lets everybody else have the processor first, on Linux for the calling thread alone (elsewhere priorities are the whole
    /// process's). Ten steps: about a tenth of the share of a thread that wants the same processor, never nothing.
    /// </summary>
    public static void StepBack()
    {
        if (OperatingSystem.IsLinux())
            _ = SetPriority(0, 0, 10);
    }

    private static IOException Failure(string folder) =>
        new($"The folder {folder} cannot be made durable: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}.");

    [LibraryImport("libc", EntryPoint = "setpriority")]
    private static partial int SetPriority(int which, uint who, int priority);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Sync(int descriptor);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Sync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    private static partial long Seek(SafeFileHandle file, long offset, int whence);
}

/// <summary>An fsync failed: what it was to make durable may be lost, and the next one may succeed all the same. The HResult is errno.</summary>
internal sealed class SyncFailedException(string path, int error)
    : IOException($"{path} cannot be made durable: {Marshal.GetPInvokeErrorMessage(error)}.", error);
