using System.Runtime.InteropServices;
using CuckooDrive.Mount.Fuse.Native;

namespace CuckooDrive.Mount.Fuse.Mounting;

internal static class Unmounter
{
    private const int Force = 1;
    private const int Detach = 2;
    private const int NoFollow = 8;

    /// <exception cref="FuseMountException">Busy, not permitted, not mounted.</exception>
    public static void Unmount(string mountPoint, UnmountMode mode)
    {
        if (Libc.EffectiveUserId() != 0)
        {
            Fusermount.Unmount(mountPoint, lazy: mode != UnmountMode.Normal);
            return;
        }
        var flags = NoFollow | mode switch
        {
            UnmountMode.Lazy => Detach,
            UnmountMode.Force => Force | Detach,
            _ => 0,
        };
        if (Libc.Unmount(mountPoint, flags) == 0)
            return;
        throw (Marshal.GetLastPInvokeError()) switch
        {
            Errno.EBUSY => Busy(mountPoint),
            Errno.EINVAL => NotMounted(mountPoint),
            Errno.EPERM => new FuseMountException(FuseMountFailure.NotPermitted, $"Not permitted to unmount {mountPoint}: do it as the user who mounted it."),
            var errno => new FuseMountException(FuseMountFailure.Other, $"Unmounting {mountPoint} failed (errno {errno})."),
        };
    }

    public static FuseMountException NotMounted(string mountPoint) => new(FuseMountFailure.NotMounted, $"Nothing is mounted at {mountPoint}.");

    public static FuseMountException Busy(string mountPoint) =>
        new(FuseMountFailure.Busy, $"{mountPoint} is in use: close the programs and shells that work in it, then unmount again.");
}
