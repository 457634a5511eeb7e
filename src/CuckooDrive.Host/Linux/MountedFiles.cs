using System.Runtime.InteropServices;
using CuckooDrive.Host.CommandLine;
using Microsoft.Win32.SafeHandles;

namespace CuckooDrive.Host.Linux;

/// <summary>What only the kernel knows of a mount.</summary>
internal static class MountedFiles
{
    /// <summary>
    /// Hands over to the drive what programs have written and the kernel still keeps in its page cache. For commands
    /// only: the process that serves a mount must never touch it.
    /// </summary>
    public static void WriteBack(string mountPoint)
    {
        using var folder = new SafeFileHandle(NativeMethods.OpenDirectory(mountPoint), ownsHandle: true);
        if (folder.IsInvalid || NativeMethods.SynchronizeFileSystem(folder) != 0)
            throw new UserException($"What was written to '{mountPoint}' cannot be handed over to the drive ({Marshal.GetLastPInvokeErrorMessage()}); see 'cuckoo status'.");
    }
}
