using CuckooDrive.Testing.Host;

namespace CuckooDrive.Host.Tests.Applications;

/// <summary>A mounted drive that applications work on: how each of their tests begins and ends.</summary>
internal static class ApplicationDrive
{
    /// <summary>Four folder clouds of which any one may be lost, mounted for all users.</summary>
    public static Task<MountedDrive> CreateAsync() =>
        MountedDrive.CreateAsync(new MountedDriveOptions { Clouds = 4, Survive = 1, MountArguments = ["--allow-other"] });

    /// <summary>Unmounts, mounts, lets the script verify what the application left, and checks the whole drive.</summary>
    public static Task VerifyAsync(this MountedDrive drive, string script, params string[] arguments) =>
        drive.VerifyAsync(() => Shell.RunAsync(drive.MountPoint, script, arguments));

    /// <summary>The same, verified by code.</summary>
    public static async Task VerifyAsync(this MountedDrive drive, Func<Task> verify)
    {
        await drive.RemountAsync();
        await verify();
        await drive.CheckAsync(thorough: true);
    }
}
