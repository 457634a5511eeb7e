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
    [InlineData("remount,ro", "unmount it")]
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

    /// <summary>mount(8) itself, with the helper installed: in a mount namespace of its own, so that the machine keeps its /sbin.</summary>
    [Fact]
    public async Task A_line_of_fstab_is_mounted_and_unmounted_by_the_system()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root to install into a mount namespace");
        await using var drive = await MountedDrive.CreateUnmountedAsync();
        await File.WriteAllTextAsync(Path.Combine(drive.Root, "pass"), MountedDrive.Passphrase);
        await File.WriteAllTextAsync(
            Path.Combine(drive.Root, "fstab"),
            $"test {drive.MountPoint} fuse.cuckoo allow_other,passphrase_file={drive.Root}/pass,cuckoo_home={drive.Home},_netdev,nofail,noauto 0 0\n");

        const string Script = """
            set -eu
            chmod 600 "$1/pass"
            mkdir "$1/sbin"
            cp -a "$(readlink -f /sbin)/." "$1/sbin"
            cp "$2" "$1/sbin/mount.fuse.cuckoo"
            chmod 755 "$1/sbin/mount.fuse.cuckoo"
            mount --bind "$1/sbin" "$(readlink -f /sbin)"
            mount -t tmpfs none /usr/local/bin
            ln -s "$3" /usr/local/bin/cuckoo
            mount -T "$1/fstab" "$4"
            grep "^test $4 fuse.cuckoo rw,nosuid,nodev,.*allow_other" /proc/mounts
            echo hello > "$4/file"
            if mount -T "$1/fstab" -o remount,ro "$4"; then exit 3; fi
            umount "$4"
            # Until the process has closed the drive it cannot be mounted again.
            until mount -T "$1/fstab" "$4" 2> "$1/again"; do grep -q 'already' "$1/again"; sleep 0.1; done
            cat "$4/file"
            CUCKOO_HOME="$5" cuckoo unmount "$4"
            """;
        var result = await CuckooProcess.ToolAsync(
            "unshare", "--mount", "sh", "-c", Script, "sh",
            drive.Root, Repository.PathOf("installer", "mount.fuse.cuckoo"), CuckooProcess.Executable, drive.MountPoint, drive.Home);

        result.MustSucceed();
        Assert.Contains("hello\nUnmounted 'test'", result.Output, StringComparison.Ordinal);
        Assert.Contains("unmount it and mount it again", result.Error, StringComparison.Ordinal);
    }

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
