using System.Globalization;
using System.Security.Cryptography;
using CuckooDrive.Testing.Host;

namespace CuckooDrive.Host.Tests;

/// <summary>A local disk that takes no data any more, here since its folder is gone: nobody may be told that all is well.</summary>
public sealed class LostDataTests
{
    [Fact]
    public async Task An_unmount_is_refused_while_data_cannot_be_stored_and_nothing_is_lost()
    {
        await using var drive = await MountedDrive.CreateAsync();
        LoseStaging(drive);
        var content = Enumerable.Range(0, 100_000).Select(static i => (byte)(i * 7)).ToArray();
        File.WriteAllBytes(drive.PathOf("a"), content);

        (await drive.RunAsync("unmount", drive.MountPoint)).MustFail(1, "could not be stored", "run the command again");
        Assert.Equal(content, File.ReadAllBytes(drive.PathOf("a")));

        FindStaging(drive);
        await drive.RemountAsync();
        Assert.Equal(content, File.ReadAllBytes(drive.PathOf("a")));
        await drive.CheckAsync();
    }

    [Fact]
    public async Task A_mount_that_is_told_to_end_and_loses_data_ends_with_a_failing_status()
    {
        await using var drive = await MountedDrive.CreateUnmountedAsync();
        using var process = CuckooProcess.Start(
            CuckooProcess.Executable, drive.Environment, "mount", MountedDrive.Name, drive.MountPoint, "--foreground");
        process.StandardInput.Close();
        Assert.NotNull(await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken));
        LoseStaging(drive);
        File.WriteAllBytes(drive.PathOf("a"), new byte[100_000]);

        await CuckooProcess.ToolAsync("kill", process.Id.ToString(CultureInfo.InvariantCulture));

        (await CuckooProcess.WaitAsync(process, "mount")).MustFail(1, "lost");
        Assert.Contains("lost", File.ReadAllText(drive.LogFile), StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(drive.Home, "state", "drives", MountedDrive.Name, "run", "control")));
        FindStaging(drive);
        await drive.MountAsync();
        await drive.CheckAsync();
    }

    [Fact]
    public async Task A_flush_that_cannot_store_all_data_fails()
    {
        await using var drive = await MountedDrive.CreateAsync();
        LoseStaging(drive);
        File.WriteAllBytes(drive.PathOf("a"), new byte[100_000]);

        (await drive.RunAsync("flush", MountedDrive.Name)).MustFail(1, "could not be stored");

        FindStaging(drive);
        await drive.FlushAsync();
    }

    [Fact]
    public async Task A_flush_tells_of_staged_data_that_cannot_be_read_and_all_else_is_protected()
    {
        await using var drive = await MountedDrive.CreateAsync(new MountedDriveOptions { Settings = new Dictionary<string, string> { ["CloseTimeout"] = "1" } });
        await drive.FlushAsync();
        MoveClouds(drive, "", ".away");
        File.WriteAllBytes(drive.PathOf("lost"), RandomNumberGenerator.GetBytes(100_000));
        await drive.UnmountAsync();
        foreach (var pack in Directory.GetFiles(Staging(drive)))
            File.WriteAllBytes(pack, [1]);
        MoveClouds(drive, ".away", "");
        await drive.MountAsync();
        File.WriteAllText(drive.PathOf("sound"), "later");

        (await drive.RunAsync("flush", MountedDrive.Name)).MustFail(1, "1 file has 100000 bytes", "can be read neither", "'cuckoo doctor' names");
        Assert.ThrowsAny<IOException>(() => { File.ReadAllBytes(drive.PathOf("lost")); });
        Assert.Contains("damaged; some data cannot be read", (await drive.RunAsync("status", MountedDrive.Name)).MustSucceed().Output, StringComparison.Ordinal);
        var files = (await drive.RunAsync("status", MountedDrive.Name, drive.PathOf("lost"), drive.PathOf("sound"))).MustSucceed().Output;
        Assert.Contains("damaged", files, StringComparison.Ordinal);
        Assert.Contains("protected", files, StringComparison.Ordinal);
        var doctor = await drive.RunAsync("doctor", MountedDrive.Name);
        Assert.Equal(1, doctor.ExitStatus);
        Assert.Contains("'lost' has data", doctor.Output, StringComparison.Ordinal);
        Assert.Contains("cannot be read", File.ReadAllText(drive.LogFile), StringComparison.Ordinal);

        File.Delete(drive.PathOf("lost"));
        await drive.FlushAsync();
        await drive.CheckAsync();
    }

    private static void MoveClouds(MountedDrive drive, string from, string to)
    {
        foreach (var cloud in drive.Clouds)
            Directory.Move(cloud + from, cloud + to);
    }

    private static string Staging(MountedDrive drive) => Path.Combine(drive.Home, "state", "drives", MountedDrive.Name, "volume", "staging");

    private static void LoseStaging(MountedDrive drive) => Directory.Move(Staging(drive), Staging(drive) + ".away");

    private static void FindStaging(MountedDrive drive) => Directory.Move(Staging(drive) + ".away", Staging(drive));
}
