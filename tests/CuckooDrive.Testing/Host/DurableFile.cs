using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace CuckooDrive.Testing.Host;

/// <summary>
/// Writes and fsyncs with every error reported. .NET's own FlushToDisk and Flush(true) keep quiet when fsync says that the
/// disk is full or failed, so a test that relies on them takes a failed write for a durable one.
/// </summary>
public static partial class DurableFile
{
    /// <summary>Makes or replaces a file; it is durable on return.</summary>
    /// <exception cref="IOException">Not written, or not durable.</exception>
    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        using var file = File.OpenHandle(path, FileMode.Create, FileAccess.Write);
        RandomAccess.Write(file, content, 0);
        Sync(file);
    }

    /// <summary>fsync(2).</summary>
    /// <exception cref="IOException">It failed.</exception>
    public static void Sync(SafeFileHandle file)
    {
        if (Synchronize(file) != 0)
            throw new IOException($"fsync failed: {Marshal.GetLastPInvokeErrorMessage()}", Marshal.GetLastPInvokeError());
    }

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Synchronize(SafeFileHandle file);
}
