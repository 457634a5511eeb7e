using CuckooDrive.Core.Drives;
using CuckooDrive.Host.CommandLine;
using CuckooDrive.Testing.Host;

namespace CuckooDrive.Host.Tests;

public sealed class FstabTests
{
    [Fact]
    public void The_options_of_mount_are_understood()
    {
        var arguments = FstabArguments.Parse("rw,ro,allow_other,passphrase_file=/etc/a=b,durability=cloud,cuckoo_home=/var/c,_netdev,nofail,x-systemd.automount,noauto");

        Assert.True(arguments.ReadOnly);
        Assert.True(arguments.AllowOther);
        Assert.Equal("/etc/a=b", arguments.PassphraseFile);
        Assert.Equal("/var/c", arguments.Home);
        Assert.Equal(Durability.Cloud, arguments.Durability);
    }

    [Theory]
    [InlineData("alow_other", "alow_other")]
    [InlineData("noexec", "exec")]
    [InlineData("durability=always", "local or cloud")]
    [InlineData("durability=1", "local or cloud")]
    [InlineData("passphrase_file=", "needs a value")]
    [InlineData("key_file", "needs a value")]
    public void An_option_that_would_be_ignored_is_refused(string options, string part)
    {
        var refused = Assert.Throws<UserException>(() => FstabArguments.Parse(options));

        Assert.Equal(2, refused.ExitStatus);
        Assert.Contains(part, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, "photos", "/mnt", "-o", "ro")]
    [InlineData(false, "mount", "photos", "/mnt", "-o")]
    [InlineData(false, "photos", "/mnt")]
    [InlineData(false, "../photos", "/mnt", "-o", "ro")]
    public void A_call_by_mount_fuse3_is_told_from_a_command(bool expected, params string[] arguments) =>
        Assert.Equal(expected, FstabArguments.IsMountCall(arguments, CuckooProgram.CreateRoot()));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_drive_is_mounted_as_mount_does_it(bool byHelper)
    {
        await using var drive = await MountedDrive.CreateUnmountedAsync();
        var file = Path.Combine(drive.Root, "pass");
        File.WriteAllText(file, MountedDrive.Passphrase);
        File.SetUnixFileMode(file, UnixFileMode.UserRead);
        // mount(8) hands over nearly no environment.
        var environment = new Dictionary<string, string?>
        {
            ["PATH"] = $"{Path.GetDirectoryName(CuckooProcess.Executable)}:/usr/bin:/bin",
        };
        var options = $"rw,_netdev,passphrase_file={file},cuckoo_home={drive.Home}";
        string[] call = byHelper
            ? [Repository.PathOf("installer", "mount.fuse.cuckoo"), MountedDrive.Name, drive.MountPoint, "-o", options, "-t", "fuse.cuckoo"]
            : [CuckooProcess.Executable, MountedDrive.Name, drive.MountPoint, "-o", options];

        using var process = CuckooProcess.Start(call[0], environment, call[1..]);
        (await CuckooProcess.WaitAsync(process, "mount")).MustSucceed();

        File.WriteAllText(drive.PathOf("a"), "hello");
        Assert.Contains(File.ReadLines("/proc/self/mounts"), line => line.StartsWith($"test {drive.MountPoint} fuse.cuckoo rw", StringComparison.Ordinal));
        await drive.UnmountAsync();
    }
}

/// <summary>Files of the checkout that the tests were built from.</summary>
internal static class Repository
{
    public static string PathOf(params string[] names)
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "CuckooDrive.sln")))
            folder = Path.GetDirectoryName(folder) ?? throw new DirectoryNotFoundException("The tests must run inside the checkout.");
        return Path.Combine([folder, .. names]);
    }
}
