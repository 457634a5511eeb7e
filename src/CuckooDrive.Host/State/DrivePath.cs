using CuckooDrive.Host.Linux;

namespace CuckooDrive.Host.State;

/// <summary>Turns a path that a user gives into one inside the drive.</summary>
internal static class DrivePath
{
    /// <summary>
    /// A path below the mount point (absolute, or relative to the working folder) loses the mount point; anything else is
    /// taken as relative to the drive's root. The last name is not resolved: a symbolic link means itself.
    /// </summary>
    public static string Of(string path, string mountPoint)
    {
        if (path.Length == 0)
            return "";
        var full = Path.GetFullPath(path);
        var parent = Path.GetDirectoryName(full);
        if (parent is not null && full != mountPoint)
            full = Path.Combine(MountPoint.Resolve(parent), Path.GetFileName(full));
        if (full == mountPoint)
            return "";
        return full.StartsWith(mountPoint + "/", StringComparison.Ordinal) ? full[(mountPoint.Length + 1)..] : path.Trim('/');
    }
}
