using System.Globalization;
using CuckooDrive.Mount.Fuse.Native;

namespace CuckooDrive.Mount.Fuse.Mounting;

/// <summary>The number that the kernel gave a mount.</summary>
internal static class MountDevice
{
    /// <summary>
    /// As "major:minor"; null when it cannot be found out. Not from the mount table, which may lack an entry when it is read while others
    /// mount and unmount. The file system itself is asked nothing.
    /// </summary>
    public static unsafe string? Of(string mountPoint)
    {
        Statx found;
        return Libc.Statx(Libc.AtWorkingFolder, mountPoint, Libc.AtStatxDoNotSync, mask: 0, &found) == 0 ? Of(in found) : null;
    }

    public static string Of(in Statx found) => string.Create(CultureInfo.InvariantCulture, $"{found.DeviceMajor}:{found.DeviceMinor}");
}
