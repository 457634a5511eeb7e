using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using CuckooDrive.Mount.Fuse.Native;

namespace CuckooDrive.Mount.Fuse.Mounting;

/// <summary>Mounts and unmounts as an ordinary user, through the set-user-id program of the package fuse3.</summary>
internal static class Fusermount
{
    private const string Program = "fusermount3";
    private const int UnixDomain = 1;
    private const int StreamSocket = 1;
    private const int SetDescriptorFlags = 2;
    private const int CloseOnExec = 1;

    /// <returns>The descriptor of the connection, owned by the caller.</returns>
    /// <exception cref="FuseMountException">With the reason.</exception>
    public static int Mount(string mountPoint, FuseMountOptions options)
    {
        RequireDevice();
        if (options.AllowOther)
            RequireAllowOther();
        Span<int> pair = stackalloc int[2];
        if (Libc.SocketPair(UnixDomain, StreamSocket, 0, ref pair[0]) != 0)
            throw new FuseMountException(FuseMountFailure.Other, $"No socket pair could be made (errno {Marshal.GetLastPInvokeError()}).");
        var (ours, theirs) = (pair[0], pair[1]);
        try
        {
            _ = Libc.FileControl(ours, SetDescriptorFlags, CloseOnExec);
            var (exitCode, message) = Run(["-o", MountOptions(options), "--", mountPoint], theirs);
            if (exitCode != 0)
                throw new FuseMountException(FuseMountFailure.Other, $"Mounting at {mountPoint} failed: {message}");
            var descriptor = DescriptorPassing.Receive(ours);
            _ = Libc.FileControl(descriptor, SetDescriptorFlags, CloseOnExec);
            return descriptor;
        }
        finally
        {
            _ = Libc.Close(ours);
            _ = Libc.Close(theirs);
        }
    }

    public static void Unmount(string mountPoint, bool lazy)
    {
        string[] arguments = lazy ? ["-u", "-z", "--", mountPoint] : ["-u", "--", mountPoint];
        var (exitCode, message) = Run(arguments, communication: -1);
        if (exitCode == 0)
            return;
        // Its words are no interface, and hold the path.
        if (!MountTable.IsMountPoint(mountPoint))
            throw Unmounter.NotMounted(mountPoint);
        throw message.Contains("busy", StringComparison.OrdinalIgnoreCase)
            ? Unmounter.Busy(mountPoint)
            : new FuseMountException(FuseMountFailure.Other, $"Unmounting {mountPoint} failed: {message}");
    }

    private static string MountOptions(FuseMountOptions options)
    {
        var list = new List<string>
        {
            "default_permissions",
            "fsname=" + Escape(options.Name),
            "subtype=" + Escape(options.Subtype),
        };
        if (options.ReadOnly)
            list.Add("ro");
        if (options.AllowOther)
            list.Add("allow_other");
        return string.Join(',', list);
    }

    private static string Escape(string value) =>
        value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace(",", "\\,", StringComparison.Ordinal);

    private static void RequireDevice()
    {
        var device = Libc.Open("/dev/fuse", Libc.OpenReadWrite | Libc.OpenCloseOnExec);
        if (device < 0)
            throw KernelMounter.NoDevice(Marshal.GetLastPInvokeError());
        _ = Libc.Close(device);
    }

    private static void RequireAllowOther()
    {
        const string Configuration = "/etc/fuse.conf";
        if (File.Exists(Configuration) && File.ReadLines(Configuration).Any(line => line.Trim() == "user_allow_other"))
            return;
        throw new FuseMountException(
            FuseMountFailure.AllowOtherForbidden,
            $"Other users may not be let in: add the line user_allow_other to {Configuration} as root, or mount without --allow-other.");
    }

    private static (int ExitCode, string Message) Run(string[] arguments, int communication)
    {
        var start = new ProcessStartInfo(Program, arguments)
        {
            RedirectStandardError = true,
            RedirectStandardInput = true,
            UseShellExecute = false,
        };
        if (communication >= 0)
            start.Environment["_FUSE_COMMFD"] = communication.ToString(CultureInfo.InvariantCulture);
        try
        {
            using var process = Process.Start(start) ?? throw NoProgram(null);
            process.StandardInput.Close();
            var message = process.StandardError.ReadToEnd().Trim().ReplaceLineEndings(" ");
            process.WaitForExit();
            return (process.ExitCode, message.Replace("fusermount3: ", "", StringComparison.Ordinal));
        }
        catch (System.ComponentModel.Win32Exception exception)
        {
            throw NoProgram(exception);
        }
    }

    private static FuseMountException NoProgram(Exception? cause) =>
        new(FuseMountFailure.NoFusermount, $"{Program} is missing: install it (apt-get install fuse3).", cause);
}
