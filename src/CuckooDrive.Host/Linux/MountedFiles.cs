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
    /// <remarks>
    /// For FUSE the kernel only queues everything in syncfs, and sends a few pages at a time. It waits for all of a file when that
    /// is closed, by whomever. Here and not only in the process that serves the mount: one that is killed while it waits for
    /// the kernel, which waits for it, could not end.
    /// </remarks>
    public static void WriteBack(string mountPoint)
    {
        using (var folder = new SafeFileHandle(NativeMethods.OpenDirectory(mountPoint), ownsHandle: true))
        {
            if (folder.IsInvalid || NativeMethods.SynchronizeFileSystem(folder) != 0)
                throw NotHandedOver($"'{mountPoint}'");
        }
        foreach (var file in OpenFiles.WrittenBelow(mountPoint))
        {
            // One that cannot be opened is the drive's to ask the kernel for.
            if (NativeMethods.OpenFile(file) is >= 0 and var descriptor && NativeMethods.Close(descriptor) != 0)
                throw NotHandedOver($"a file on '{mountPoint}'");
        }
    }

    private static UserException NotHandedOver(string where) =>
        new($"What was written to {where} cannot be handed over to the drive ({Marshal.GetLastPInvokeErrorMessage()}); see 'cuckoo status'.");
}
