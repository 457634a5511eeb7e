using CuckooDrive.Testing.Host;
using CuckooDrive.Testing.Servers;

namespace CuckooDrive.Host.Tests.Clouds;

/// <summary>cuckoo cloud add on drives in use and out of use.</summary>
public sealed class AddCloudTests
{
    [Fact]
    public async Task A_mounted_drive_gets_a_cloud_and_then_loses_an_old_one_and_the_machine()
    {
        await using var drive = await MountedDrive.CreateAsync();
        var fifth = Directory.CreateDirectory(Path.Combine(drive.Root, "fifth")).FullName;
        WriteFiles(drive, "before");
        // Over four clouds, before there are five.
        await drive.FlushAsync();

        var added = (await drive.RunAsync("cloud", "add", "test", $"file://{fifth}", "--name", "spare")).MustSucceed();
        for (var round = 0; !Directory.Exists(Path.Combine(fifth, "shard")); round++)
        {
            Assert.True(round < 30, "The new cloud gets nothing.");
            WriteFiles(drive, $"after{round}");
            await drive.FlushAsync();
        }
        drive.DestroyCloud(1);
        await drive.RemountAsync();
        CheckFiles(drive, "before");
        CheckFiles(drive, "after0");
        await drive.LoseMachineAsync();
        string[] left = [.. drive.Clouds.Where(Directory.Exists).Append(fifth).SelectMany(cloud => new[] { "--cloud", $"file://{cloud}" })];
        (await drive.RunAsync(["attach", "test", .. left])).MustSucceed();
        await drive.MountAsync();
        CheckFiles(drive, "before");
        CheckFiles(drive, "after0");

        Assert.Contains("5 clouds now", added.Output, StringComparison.Ordinal);
        Assert.Contains("(3+1)", added.Output, StringComparison.Ordinal);
        Assert.Contains("spare", (await drive.RunAsync("cloud", "list", "test")).MustSucceed().Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cloud_that_wants_a_password_joins_a_drive_that_is_not_mounted()
    {
        await using var drive = await MountedDrive.CreateUnmountedAsync();
        var url = $"{TestServers.WebDav["address"]}/dav/{Guid.NewGuid():n}";

        (await drive.RunAsync("cloud", "add", "test", url)).MustFail(2, "CUCKOO_SECRET_PASSWORD");
        drive.ExtraEnvironment["CUCKOO_SECRET_PASSWORD"] = TestServers.WebDav["password"];
        (await drive.RunAsync("cloud", "add", "test", url)).MustSucceed();
        drive.ExtraEnvironment.Clear();
        await drive.MountAsync();
        WriteFiles(drive, "a");
        await drive.FlushAsync();

        using var status = await drive.StatusAsync();
        Assert.All(status.RootElement.GetProperty("clouds").EnumerateArray(), cloud => Assert.True(cloud.GetProperty("reachable").GetBoolean()));
        await drive.CheckAsync(thorough: true);
    }

    [Theory]
    [InlineData("CloudPrepared")]
    [InlineData("CloudRecorded")]
    public async Task A_crash_while_adding_leaves_a_drive_that_can_go_on(string step)
    {
        await using var drive = await MountedDrive.CreateUnmountedAsync();
        var url = $"file://{Directory.CreateDirectory(Path.Combine(drive.Root, "fifth")).FullName}";
        drive.ExtraEnvironment["CUCKOO_TEST_CRASH_AT"] = $"{step}:1";
        var crashed = await drive.RunAsync("cloud", "add", "test", url);
        drive.ExtraEnvironment.Clear();
        var again = await drive.RunAsync("cloud", "add", "test", url);

        Assert.NotEqual(0, crashed.ExitStatus);
        if (step == "CloudPrepared")
            again.MustSucceed();
        else
            Assert.Contains("already", again.Error, StringComparison.Ordinal);
        await drive.MountAsync();
        using var status = await drive.StatusAsync();
        Assert.Equal(5, status.RootElement.GetProperty("clouds").GetArrayLength());
        WriteFiles(drive, "a");
        await drive.FlushAsync();
        await drive.CheckAsync();
    }

    [Fact]
    public async Task What_cannot_be_added_is_explained_and_changes_nothing()
    {
        await using var drive = await MountedDrive.CreateAsync();
        await using var other = await MountedDrive.CreateUnmountedAsync();

        (await drive.RunAsync("cloud", "add", "test", $"file://{drive.Clouds[0]}")).MustFail(1, "already");
        (await drive.RunAsync("cloud", "add", "test", $"file://{other.Clouds[0]}")).MustFail(1, "another drive");
        (await drive.RunAsync("cloud", "add", "test", "file:///proc/nowhere")).MustFail(1, "/proc/nowhere");
        (await drive.RunAsync("cloud", "add", "test", "htp:/x")).MustFail(2, "known kind");
        (await drive.RunAsync("cloud", "add", "nothing", "file:///tmp/x")).MustFail(1, "no drive 'nothing'");
        (await drive.RunAsync("cloud", "add", "test", "file:///tmp/x", "--capacity", "much")).MustFail(2, "not a size");

        using var status = await drive.StatusAsync();
        Assert.Equal(4, status.RootElement.GetProperty("clouds").GetArrayLength());
    }

    private static void WriteFiles(MountedDrive drive, string folder)
    {
        Directory.CreateDirectory(drive.PathOf(folder));
        for (var file = 0; file < 5; file++)
            File.WriteAllBytes(drive.PathOf(folder, $"{file}"), Content(folder, file));
    }

    private static void CheckFiles(MountedDrive drive, string folder)
    {
        for (var file = 0; file < 5; file++)
            Assert.Equal(Content(folder, file), File.ReadAllBytes(drive.PathOf(folder, $"{file}")));
    }

    /// <summary>Other bytes in each folder: what is stored already would go to no cloud again.</summary>
    private static byte[] Content(string folder, int file)
    {
        var content = new byte[100_000];
        new Random((file << 16) + folder.Aggregate(0, (hash, letter) => (31 * hash) + letter)).NextBytes(content);
        return content;
    }
}
