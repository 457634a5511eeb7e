namespace CuckooDrive.Mount.Fuse.Mounting;

/// <summary>Says what is wrong with a mount point before the kernel does so in fewer words.</summary>
internal static class MountPointCheck
{
    /// <returns>The path as mount tables will show it.</returns>
    /// <exception cref="FuseMountException">It cannot be mounted on.</exception>
    public static string Check(string mountPoint)
    {
        var path = MountTable.Normalise(mountPoint);
        if (MountTable.IsStale(path))
        {
            throw new FuseMountException(
                FuseMountFailure.StaleMountPoint,
                $"{path} is still mounted by a program that has ended: unmount it first (fusermount3 -u {path}).");
        }
        if (MountTable.Find(path) is { } entry)
            throw new FuseMountException(FuseMountFailure.AlreadyMounted, $"{path} is already a mount point ({entry.Source}, {entry.Type}): choose another folder or unmount it.");
        if (!Directory.Exists(path))
        {
            throw File.Exists(path)
                ? new FuseMountException(FuseMountFailure.MountPointNotDirectory, $"{path} is not a folder: choose an empty folder to mount at.")
                : new FuseMountException(FuseMountFailure.MountPointMissing, $"The folder {path} does not exist: create it first (mkdir {path}).");
        }
        RequireEmpty(path);
        return path;
    }

    private static void RequireEmpty(string path)
    {
        try
        {
            if (Directory.EnumerateFileSystemEntries(path).Any())
                throw new FuseMountException(FuseMountFailure.MountPointNotEmpty, $"The folder {path} is not empty: choose an empty one, or its contents would be hidden.");
        }
        catch (UnauthorizedAccessException exception)
        {
            throw new FuseMountException(FuseMountFailure.MountPointNotAccessible, $"The folder {path} may not be read by this user: choose one of your own.", exception);
        }
    }
}
