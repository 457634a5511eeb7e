using System.Runtime.InteropServices;
using CuckooDrive.Host.CommandLine;

namespace CuckooDrive.Host.Linux;

/// <summary>Looks at a folder before something is mounted on it.</summary>
internal static class MountPoint
{
    /// <summary>The absolute path as the kernel names it: without symbolic links, also for a mount whose server has died.</summary>
    public static string Resolve(string path)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (!OperatingSystem.IsLinux())
            return full;
        if (NativeMethods.Resolve(full) is { } resolved)
            return resolved;
        var parent = Path.GetDirectoryName(full);
        return parent is not null && NativeMethods.Resolve(parent) is { } resolvedParent
            ? Path.Combine(resolvedParent, Path.GetFileName(full))
            : full;
    }

    /// <summary>
    /// Makes sure that the folder can be mounted on: it exists, is empty and nothing is mounted there. The left-over
    /// mount of a crashed cuckoo is removed.
    /// </summary>
    public static void Prepare(string path, Action<string> note)
    {
        if (MountTable.Find(path) is { } mounted)
        {
            if (!IsDead(path))
                throw new UserException(AlreadyMounted(path, mounted));
            if (mounted.Type != MountTable.CuckooType)
                throw new UserException($"'{path}' is a dead mount of another program ({mounted.Type}); remove it first with: fusermount3 -u '{path}'");
            RemoveDeadMount(path);
            note($"Removed the left-over mount of a crashed cuckoo from '{path}'.");
            Prepare(path, note);
            return;
        }
        CheckEmptyFolder(path);
    }

    /// <summary>Whether a mount's server is gone: every access fails with "transport endpoint is not connected".</summary>
    public static bool IsDead(string path) =>
        NativeMethods.Access(path, NativeMethods.ExistenceCheck) != 0 && Marshal.GetLastPInvokeError() == NativeMethods.NotConnected;

    /// <summary>Takes a dead mount away; works for root and for the user who mounted.</summary>
    public static void RemoveDeadMount(string path)
    {
        if (NativeMethods.GetEffectiveUserId() == 0)
        {
            if (NativeMethods.Unmount(path, NativeMethods.DetachMount) != 0)
                throw new UserException($"The left-over mount on '{path}' cannot be removed ({Marshal.GetLastPInvokeErrorMessage()}); try: umount -l '{path}'");
            return;
        }
        var (status, output) = Tool.Run("fusermount3", "-u", "-z", "--", path);
        if (status != 0)
            throw new UserException($"The left-over mount on '{path}' cannot be removed ({output}); try: fusermount3 -uz '{path}'");
    }

    private static string AlreadyMounted(string path, MountEntry mounted) => mounted.Type == MountTable.CuckooType
        ? $"A drive is already mounted on '{path}'; use it there, or unmount it first with: cuckoo unmount '{path}'"
        : $"Something is already mounted on '{path}' ({mounted.Type}); choose another folder or unmount it first.";

    private static void CheckEmptyFolder(string path)
    {
        if (File.Exists(path))
            throw new UserException($"The mount point '{path}' is a file; give an empty folder.");
        if (!Directory.Exists(path))
        {
            if (NativeMethods.Access(path, NativeMethods.ExistenceCheck) != 0 && Marshal.GetLastPInvokeError() != NativeMethods.NoSuchFile)
                throw new UserException($"The mount point '{path}' cannot be reached ({Marshal.GetLastPInvokeErrorMessage()}); check the permissions of the folders above it.");
            throw new UserException($"The mount point '{path}' does not exist; make it first with: mkdir -p '{path}'");
        }
        bool empty;
        try
        {
            empty = !Directory.EnumerateFileSystemEntries(path).Any();
        }
        catch (UnauthorizedAccessException denied)
        {
            throw new UserException($"The mount point '{path}' cannot be read; give an empty folder that belongs to you.", ExitStatus.Failure, denied);
        }
        if (!empty)
            throw new UserException($"The mount point '{path}' is not empty; give an empty folder, since its files would be hidden by the drive.");
    }
}
