namespace CuckooDrive.Clouds.Providers.Folder;

/// <summary>Finds out which folders share the free space of one file system.</summary>
internal static class SpacePool
{
    /// <summary>The mount point (or drive) that a path lies on, or empty when that cannot be told.</summary>
    public static string Of(string path)
    {
        try
        {
            return "file:" + DriveInfo.GetDrives()
                .Select(drive => drive.Name)
                .Where(mount => IsBelow(path, mount))
                .MaxBy(mount => mount.Length);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    private static bool IsBelow(string path, string mount) =>
        path.StartsWith(mount, StringComparison.Ordinal) &&
        (path.Length == mount.Length || mount.EndsWith(Path.DirectorySeparatorChar) || path[mount.Length] == '/');
}
