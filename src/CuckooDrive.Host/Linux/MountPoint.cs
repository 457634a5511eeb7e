using System.Runtime.InteropServices;
using CuckooDrive.Host.CommandLine;
using CuckooDrive.Mount.Fuse;

namespace CuckooDrive.Host.Linux;

/// <summary>Looks at a folder before something is mounted on it.</summary>
internal static class MountPoint
{
    public const string CuckooType = "fuse.cuckoo";

    /// <summary>The absolute path as the kernel names it: without symbolic links, also for a mount whose server has died.</summary>
    public static string Resolve(string path)
    {
        if (path.Length == 0)
            throw UserException.Usage("The mount point is empty; give the path of a folder.");
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
            if (!MountTable.IsStale(path))
                throw new UserException(AlreadyMounted(path, mounted));
            if (mounted.Type != CuckooType)
                throw new UserException($"'{path}' is a dead mount of another program ({mounted.Type}); remove it first with: fusermount3 -u '{path}'");
            MountTable.CleanStale(path);
            note($"Removed the left-over mount of a crashed cuckoo from '{path}'.");
            Prepare(path, note);
            return;
        }
        CheckEmptyFolder(path);
    }

    private static string AlreadyMounted(string path, MountTableEntry mounted) => mounted.Type == CuckooType
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
