using CuckooDrive.Mount.Fuse.Native;

namespace CuckooDrive.Mount.Fuse;

/// <summary>
/// Tells the kernel that this process is what empties its caches (PR_SET_IO_FLUSHER): its allocations then never wait for
/// pages that only itself can write out, and its writes to the local disk are not slowed down because of them.
/// </summary>
public static class WritebackRole
{
    private const int SetIoFlusher = 57;

    /// <summary>
    /// Holds for the calling thread and all that it starts from now on: to be called first in a program that mounts.
    /// </summary>
    /// <returns>False where it is not permitted (ordinary users) or not known (before Linux 5.6); nothing depends on it.</returns>
    public static bool TryAssume() => OperatingSystem.IsLinux() && Libc.ProcessControl(SetIoFlusher, 1, 0, 0, 0) == 0;
}
