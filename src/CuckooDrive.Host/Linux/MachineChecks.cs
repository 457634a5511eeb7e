using CuckooDrive.Host.CommandLine;
using CuckooDrive.Host.Output;
using CuckooDrive.Host.State;

namespace CuckooDrive.Host.Linux;

/// <summary>Looks at what this machine needs for a drive.</summary>
internal static class MachineChecks
{
    private const long LittleSpace = 64L << 20;

    public static IReadOnlyList<MachineCheck> Run(CuckooPaths paths)
    {
        var checks = new List<MachineCheck>();
        if (OperatingSystem.IsLinux())
        {
            checks.Add(FuseDevice());
            checks.Add(MountHelper());
        }
        else
        {
            checks.Add(new MachineCheck("mounting", false, "not supported on this system yet; it works on Linux"));
        }
        checks.Add(StateFolder(paths));
        return checks;
    }

    /// <summary>By opening it: fusermount3 does that as the user, and a container may forbid what the permissions allow.</summary>
    private static MachineCheck FuseDevice()
    {
        const string Device = "/dev/fuse";
        try
        {
            File.OpenHandle(Device, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite).Dispose();
            return new MachineCheck("kernel", true, $"{Device} can be opened");
        }
        catch (FileNotFoundException)
        {
            return new MachineCheck("kernel", false, $"{Device} is missing; load it with: modprobe fuse");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return new MachineCheck("kernel", false, $"{Device} cannot be opened by this user; give access to it (chmod 666 {Device}), or in a container pass --device {Device}");
        }
    }

    private static MachineCheck MountHelper()
    {
        if (FindOnPath("fusermount3") is { } helper)
            return new MachineCheck("fuse3", true, $"{helper} is installed");
        return NativeMethods.GetEffectiveUserId() == 0
            ? new MachineCheck("fuse3", true, "fusermount3 is not installed; root does not need it, other users do (apt install fuse3)")
            : new MachineCheck("fuse3", false, "fusermount3 is not installed; users other than root need it to mount: apt install fuse3");
    }

    private static MachineCheck StateFolder(CuckooPaths paths)
    {
        try
        {
            PrivateFiles.CreateFolder(paths.State);
            var probe = Path.Combine(paths.State, $".probe-{Environment.ProcessId}");
            using (var file = PrivateFiles.Open(probe, FileMode.Create, FileAccess.Write, FileShare.None))
                file.WriteByte(0);
            File.Delete(probe);
            var free = new DriveInfo(paths.State).AvailableFreeSpace;
            return free >= LittleSpace
                ? new MachineCheck("state folder", true, $"{paths.State} is writable, {Terminal.Size(free)} free")
                : new MachineCheck("state folder", false, $"{paths.State} has only {Terminal.Size(free)} left; free some space, or writing to drives will stop");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return new MachineCheck("state folder", false, $"{paths.State} cannot be written ({failure.Message.TrimEnd('.')}); set {CuckooPaths.HomeVariable} to a folder that can");
        }
    }

    private static string? FindOnPath(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(':', StringSplitOptions.RemoveEmptyEntries)
        .Select(folder => Path.Combine(folder, program))
        .FirstOrDefault(File.Exists);
}
