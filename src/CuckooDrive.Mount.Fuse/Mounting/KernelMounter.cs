using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using CuckooDrive.Mount.Fuse.Native;

namespace CuckooDrive.Mount.Fuse.Mounting;

/// <summary>Mounts as root by mount(2).</summary>
internal static class KernelMounter
{
    private const string DevicePath = "/dev/fuse";
    private const nuint ReadOnly = 1;
    private const nuint NoSetUserId = 2;
    private const nuint NoDevices = 4;

    /// <returns>The descriptor of the connection, owned by the caller.</returns>
    /// <exception cref="FuseMountException">With the reason.</exception>
    public static int Mount(string mountPoint, FuseMountOptions options)
    {
        var descriptor = Libc.Open(DevicePath, Libc.OpenReadWrite | Libc.OpenCloseOnExec);
        if (descriptor < 0)
            throw NoDevice(Marshal.GetLastPInvokeError());
        var result = Libc.Mount(options.Name, mountPoint, "fuse." + options.Subtype, Flags(options), Data(descriptor, options));
        if (result == 0)
            return descriptor;
        var errno = Marshal.GetLastPInvokeError();
        _ = Libc.Close(descriptor);
        throw errno switch
        {
            Errno.EPERM => new FuseMountException(FuseMountFailure.NotPermitted, $"The kernel does not permit mounting at {mountPoint}: in a container, allow it CAP_SYS_ADMIN."),
            Errno.ENODEV => NoDevice(errno),
            _ => new FuseMountException(FuseMountFailure.Other, $"Mounting at {mountPoint} failed (errno {errno})."),
        };
    }

    public static FuseMountException NoDevice(int errno) => errno switch
    {
        Errno.EACCES or Errno.EPERM => new FuseMountException(FuseMountFailure.NoDevice, $"{DevicePath} may not be opened: give this user access to it (chmod 666 {DevicePath}), or in a container pass --device {DevicePath}."),
        _ => new FuseMountException(FuseMountFailure.NoDevice, $"{DevicePath} is not there: load the kernel's fuse module (modprobe fuse), or in a container pass --device {DevicePath}."),
    };

    private static nuint Flags(FuseMountOptions options) =>
        (options.ReadOnly ? ReadOnly : 0) |
        (options.AllowSetUserId ? 0 : NoSetUserId) |
        (options.AllowDevices ? 0 : NoDevices);

    private static string Data(int descriptor, FuseMountOptions options)
    {
        var data = new StringBuilder();
        data.Append(CultureInfo.InvariantCulture, $"fd={descriptor},rootmode=40000,user_id={Libc.EffectiveUserId()},group_id={Libc.EffectiveGroupId()}");
        // Who may enter is root alone otherwise, whom modes do not bind. Checking them costs a GETATTR of the folder before each change in it.
        if (options.AllowOther)
            data.Append(",allow_other,default_permissions");
        return data.ToString();
    }
}
