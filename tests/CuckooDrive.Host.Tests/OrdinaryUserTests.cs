using System.Globalization;
using CuckooDrive.Testing.Host;

namespace CuckooDrive.Host.Tests;

/// <summary>
/// The program run by the user nobody, through fusermount3. Only root can become another user; where the tests run as an
/// ordinary user, all other tests show the same.
/// </summary>
public sealed class OrdinaryUserTests : IDisposable
{
    private const int Nobody = 65534;
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task An_ordinary_user_makes_mounts_uses_and_unmounts_a_drive()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root to become another user");
        await PrepareAsync();

        (await CuckooAsync("create", "mine", "--cloud", $"file://{_folder.Path}/cloud1", "--cloud", $"file://{_folder.Path}/cloud2")).MustSucceed();
        (await CuckooAsync("mount", "mine", Mnt)).MustSucceed();
        try
        {
            (await AsUserAsync("/bin/sh", "-c", $"echo hello > {Mnt}/a && mkdir {Mnt}/b && mv {Mnt}/a {Mnt}/b/ && cat {Mnt}/b/a")).MustSucceed();
            var owner = (await AsUserAsync("stat", "-c", "%u", Mnt)).MustSucceed();
            Assert.Equal(Nobody.ToString(CultureInfo.InvariantCulture), owner.Output.Trim());
            // Without --allow-other not even root looks into another user's mount.
            Assert.Throws<UnauthorizedAccessException>(() => Directory.GetFileSystemEntries(Mnt));
        }
        finally
        {
            await CuckooAsync("unmount", Mnt);
        }

        Assert.Empty(Directory.GetFileSystemEntries(Mnt));
        (await CuckooAsync("doctor", "mine")).MustSucceed();
    }

    [Fact]
    public async Task A_stale_mount_of_an_ordinary_user_is_cleaned()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root to become another user");
        await PrepareAsync();
        (await CuckooAsync("create", "mine", "--cloud", $"file://{_folder.Path}/cloud1")).MustSucceed();
        (await CuckooAsync("mount", "mine", Mnt)).MustSucceed();
        int process;
        using (var status = System.Text.Json.JsonDocument.Parse((await CuckooAsync("status", "mine", "--json")).MustSucceed().Output))
            process = status.RootElement.GetProperty("processId").GetInt32();
        (await CuckooProcess.ToolAsync("kill", "-9", process.ToString(CultureInfo.InvariantCulture))).MustSucceed();
        for (var tries = 0; MountedDrive.ProcessExists(process); tries++)
        {
            Assert.True(tries < 6000, "The killed process does not end.");
            await Task.Delay(10);
        }

        var again = await CuckooAsync("mount", "mine", Mnt);
        var unmounted = await CuckooAsync("unmount", Mnt);

        again.MustSucceed();
        unmounted.MustSucceed();
    }

    [Fact]
    public async Task A_missing_fuse3_is_explained_and_nothing_is_lost()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root to become another user");
        await PrepareAsync();
        (await CuckooAsync("create", "mine", "--cloud", $"file://{_folder.Path}/cloud1")).MustSucceed();

        var missing = await AsUserAsync("/usr/bin/env", "PATH=/nowhere", Program, "mount", "mine", Mnt);
        var doctor = await AsUserAsync("/usr/bin/env", "PATH=/nowhere", Program, "doctor");

        missing.MustFail(1, "fusermount3", "fuse3");
        Assert.Equal(1, doctor.ExitStatus);
        Assert.Contains("fuse3", doctor.Output, StringComparison.Ordinal);
        (await CuckooAsync("mount", "mine", Mnt)).MustSucceed();
        (await CuckooAsync("unmount", Mnt)).MustSucceed();
    }

    /// <summary>In a mount namespace of its own, where the device is root's alone, or is not there.</summary>
    [Theory]
    [InlineData("mknod \"$1/device\" c 10 229; chmod 600 \"$1/device\"; mount --bind \"$1/device\" /dev/fuse", "may not be opened")]
    [InlineData("mkdir \"$1/dev\"; mount -t tmpfs none \"$1/dev\"; cp -a /dev/null /dev/zero /dev/random /dev/urandom \"$1/dev\"; mount --bind \"$1/dev\" /dev", "is not there")]
    public async Task A_device_that_cannot_be_had_is_explained(string hide, string reason)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root to become another user");
        await PrepareAsync();
        (await CuckooAsync("create", "mine", "--cloud", $"file://{_folder.Path}/cloud1")).MustSucceed();
        var script = $$"""
            set -eu
            {{hide}}
            program="setpriv --reuid={{Nobody}} --regid={{Nobody}} --clear-groups -- $2"
            if $program doctor > "$1/doctor"; then exit 99; fi
            grep -q 'PROBLEM.*/dev/fuse' "$1/doctor"
            $program mount mine "$1/mnt"
            """;

        using var process = CuckooProcess.Start("unshare", _folder.Environment, "--mount", "sh", "-c", script, "sh", _folder.Path, Program);
        process.StandardInput.Close();
        var mount = await CuckooProcess.WaitAsync(process, "mount without a device");

        mount.MustFail(1, "/dev/fuse", reason, "--device");
        (await CuckooAsync("mount", "mine", Mnt)).MustSucceed();
        (await CuckooAsync("unmount", Mnt)).MustSucceed();
    }

    [Fact]
    public async Task A_folder_without_permission_is_explained()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root to become another user");
        await PrepareAsync();
        var forbidden = Path.Combine(_folder.Path, "forbidden");
        Directory.CreateDirectory(forbidden, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

        var cloud = await CuckooAsync("create", "mine", "--cloud", $"file://{forbidden}/cloud");
        var state = await AsUserAsync("/usr/bin/env", $"CUCKOO_HOME={forbidden}/home", Program, "create", "mine", "--cloud", $"file://{_folder.Path}/cloud1");
        (await CuckooAsync("create", "mine", "--cloud", $"file://{_folder.Path}/cloud1")).MustSucceed();
        var mountPoint = await CuckooAsync("mount", "mine", forbidden);

        cloud.MustFail(1, "forbidden");
        state.MustFail(1, "forbidden", "denied");
        mountPoint.MustFail(1, "forbidden");
        Assert.Empty(Directory.GetFileSystemEntries(forbidden));
    }

    [Theory]
    [InlineData("volume/header")]
    [InlineData("volume/lock")]
    [InlineData("volume/metadata")]
    public async Task State_that_a_command_of_root_left_behind_is_explained(string name)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root to become another user");
        await PrepareAsync();
        (await CuckooAsync("create", "mine", "--cloud", $"file://{_folder.Path}/cloud1")).MustSucceed();
        var file = Path.Combine(_folder.Path, "home", "state", "drives", "mine", name);
        (await CuckooProcess.ToolAsync("chown", "-R", "root:root", file)).MustSucceed();

        (await CuckooAsync("mount", "mine", Mnt)).MustFail(1, file, "belongs to root", "sudo chown");

        (await CuckooProcess.ToolAsync("chown", "-R", $"{Nobody}:{Nobody}", file)).MustSucceed();
        (await CuckooAsync("mount", "mine", Mnt)).MustSucceed();
        (await CuckooAsync("unmount", Mnt)).MustSucceed();
    }

    private string Mnt => Path.Combine(_folder.Path, "mnt");

    /// <summary>A copy that everybody may run: the checkout may lie in a private folder.</summary>
    private string Program => Path.Combine(_folder.Path, "program", "cuckoo");

    private async Task PrepareAsync()
    {
        var program = Path.GetDirectoryName(CuckooProcess.Executable)!;
        (await CuckooProcess.ToolAsync("cp", "-r", program, Path.Combine(_folder.Path, "program"))).MustSucceed();
        foreach (var name in new[] { "mnt", "home", "cloud1", "cloud2" })
            _folder.Sub(name);
        (await CuckooProcess.ToolAsync("chown", "-R", $"{Nobody}:{Nobody}", _folder.Path)).MustSucceed();
        (await CuckooProcess.ToolAsync("chmod", "-R", "go+rX", Path.Combine(_folder.Path, "program"))).MustSucceed();
        (await CuckooProcess.ToolAsync("chmod", "666", "/dev/fuse")).MustSucceed();
    }

    private Task<CuckooResult> CuckooAsync(params string[] arguments) => AsUserAsync([Program, .. arguments]);

    private async Task<CuckooResult> AsUserAsync(params string[] command)
    {
        var id = Nobody.ToString(CultureInfo.InvariantCulture);
        using var process = CuckooProcess.Start(
            "setpriv", _folder.Environment, [$"--reuid={id}", $"--regid={id}", "--clear-groups", "--", .. command]);
        process.StandardInput.Close();
        return await CuckooProcess.WaitAsync(process, string.Join(' ', command));
    }
}
