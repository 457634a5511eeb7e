using System.Text.Json;
using CuckooDrive.Testing.Host;

namespace CuckooDrive.Host.Tests;

public sealed class StatusTests
{
    [Fact]
    public async Task The_json_of_a_mounted_drive_has_its_members()
    {
        await using var drive = await MountedDrive.CreateAsync();
        File.WriteAllText(drive.PathOf("a"), "hello");
        await drive.FlushAsync();

        using var document = await drive.StatusAsync();
        var status = document.RootElement;

        Assert.Equal("test", status.GetProperty("name").GetString());
        Assert.True(status.GetProperty("mounted").GetBoolean());
        Assert.Equal(drive.MountPoint, status.GetProperty("mountPoint").GetString());
        Assert.Equal(drive.ProcessId, status.GetProperty("processId").GetInt32());
        Assert.Matches("^[0-9a-f]{32}$", status.GetProperty("driveId").GetString());
        Assert.False(status.GetProperty("readOnly").GetBoolean());
        Assert.Equal(JsonValueKind.Null, status.GetProperty("writeStopped").ValueKind);
        Assert.Equal("protected", status.GetProperty("protection").GetString());
        var redundancy = status.GetProperty("redundancy");
        Assert.Equal((3, 1, 1), (redundancy.GetProperty("dataShards").GetInt32(), redundancy.GetProperty("parityShards").GetInt32(), redundancy.GetProperty("survives").GetInt32()));
        Assert.InRange(status.GetProperty("capacityFree").GetInt64(), 1, status.GetProperty("capacityTotal").GetInt64());
        Assert.Equal(0, status.GetProperty("queue").GetProperty("packs").GetInt64());
        Assert.Equal(0, status.GetProperty("journal").GetProperty("batches").GetInt64());
        Assert.Equal(4, status.GetProperty("clouds").GetArrayLength());
        Assert.All(status.GetProperty("clouds").EnumerateArray(), cloud =>
        {
            Assert.True(cloud.GetProperty("reachable").GetBoolean());
            Assert.StartsWith("file:///", cloud.GetProperty("address").GetString(), StringComparison.Ordinal);
            Assert.True(cloud.GetProperty("shardBytes").GetInt64() > 0);
        });
        Assert.Equal(0, status.GetProperty("warnings").GetArrayLength());
    }

    [Fact]
    public async Task All_drives_are_listed_mounted_or_not()
    {
        await using var drive = await MountedDrive.CreateAsync();
        (await drive.RunAsync("create", "second", "--cloud", $"file://{drive.Root}/other")).MustSucceed();

        var text = (await drive.RunAsync("status")).MustSucceed().Output;
        using var json = JsonDocument.Parse((await drive.RunAsync("status", "--json")).MustSucceed().Output);

        Assert.Contains(drive.MountPoint, text, StringComparison.Ordinal);
        Assert.Contains("not mounted", text, StringComparison.Ordinal);
        var drives = json.RootElement.GetProperty("drives").EnumerateArray().ToList();
        Assert.Equal(["second", "test"], drives.Select(each => each.GetProperty("name").GetString()));
        Assert.Equal([false, true], drives.Select(each => each.GetProperty("mounted").GetBoolean()));
    }

    [Fact]
    public async Task Without_a_passphrase_an_unmounted_drive_says_only_that()
    {
        await using var drive = await MountedDrive.CreateUnmountedAsync();
        var environment = new Dictionary<string, string?>(drive.Environment);
        environment.Remove("CUCKOO_PASSPHRASE");

        var without = (await CuckooProcess.RunAsync(environment, "status", "test")).MustSucceed();
        var with = (await drive.RunAsync("status", "test")).MustSucceed();

        Assert.Contains("not mounted", without.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("file:///", without.Output, StringComparison.Ordinal);
        Assert.Contains("file:///", with.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_is_local_until_it_is_flushed_and_then_protected()
    {
        await using var drive = await MountedDrive.CreateAsync(new MountedDriveOptions
        {
            Settings = new Dictionary<string, string> { ["JournalInterval"] = "3600" },
        });
        Directory.CreateDirectory(drive.PathOf("folder"));
        var path = drive.PathOf("folder", "a file");
        await using (var file = new FileStream(path, FileMode.CreateNew))
        {
            file.Write("hello"u8);
            file.Flush(flushToDisk: true);
        }

        var before = (await drive.RunAsync("status", "test", path)).MustSucceed();
        await drive.FlushAsync();
        using var after = JsonDocument.Parse((await drive.RunAsync("status", "test", path, "folder/a file", "--json")).MustSucceed().Output);
        var missing = await drive.RunAsync("status", "test", drive.PathOf("nothing"));

        Assert.Contains("local", before.Output, StringComparison.Ordinal);
        var files = after.RootElement.GetProperty("files").EnumerateArray().ToList();
        Assert.Equal([path, "folder/a file"], files.Select(file => file.GetProperty("path").GetString()));
        Assert.All(files, file => Assert.Equal("protected", file.GetProperty("protection").GetString()));
        missing.MustFail(1, "no file");
    }

    [Fact]
    public async Task A_lost_cloud_is_shown()
    {
        await using var drive = await MountedDrive.CreateAsync();
        drive.DestroyCloud(1);
        File.WriteAllBytes(drive.PathOf("a"), new byte[100_000]);

        // Noticed with the first upload or look at the cloud, which the drive does by itself.
        for (var tries = 0; ; tries++)
        {
            using var status = await drive.StatusAsync();
            var cloud = status.RootElement.GetProperty("clouds")[1];
            // The loss of the cloud may be noticed before there is anything to put on it.
            if (!cloud.GetProperty("reachable").GetBoolean() && status.RootElement.GetProperty("protection").GetString() == "degraded")
            {
                Assert.NotNull(cloud.GetProperty("lastError").GetString());
                break;
            }
            Assert.True(tries < 100, "The drive does not notice that a cloud is gone.");
            await Task.Delay(200);
        }
        Assert.Contains("away", (await drive.RunAsync("cloud", "list", "test")).MustSucceed().Output, StringComparison.Ordinal);
        Assert.Contains("not everything survives", (await drive.RunAsync("status", "test")).MustSucceed().Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_flush_names_the_cloud_that_it_waits_for_and_the_file_is_on_its_way()
    {
        await using var drive = await MountedDrive.CreateAsync(new MountedDriveOptions { Clouds = 3 });
        drive.DestroyCloud(1);
        File.WriteAllBytes(drive.PathOf("a"), new byte[100_000]);

        using var flush = CuckooProcess.Start(CuckooProcess.Executable, drive.Environment, "flush", "test");
        flush.StandardInput.Close();
        while (await flush.StandardError.ReadLineAsync() is { } line && !line.Contains("'cloud2' cannot be reached", StringComparison.Ordinal))
            Assert.StartsWith("Flushing 'test': ", line, StringComparison.Ordinal);
        // The flush goes on meanwhile, and may not have come to this file.
        var file = (await drive.RunAsync("status", "test", "a")).MustSucceed();
        for (var tries = 0; tries < 100 && !file.Output.Contains("uploading", StringComparison.Ordinal); tries++)
            file = (await drive.RunAsync("status", "test", "a")).MustSucceed();
        (await CuckooProcess.ToolAsync("kill", "-INT", $"{flush.Id}")).MustSucceed();
        var interrupted = await CuckooProcess.WaitAsync(flush, "flush");

        interrupted.MustFail(1, "nothing was lost");
        Assert.Contains("uploading", file.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("keys", "key", "list", "test")]
    [InlineData("checks", "doctor")]
    [InlineData("drives", "status")]
    [InlineData("clouds", "cloud", "list", "test")]
    public async Task Json_is_all_that_a_command_prints(string member, params string[] command)
    {
        await using var drive = await MountedDrive.CreateUnmountedAsync();

        using var json = JsonDocument.Parse((await drive.RunAsync([.. command, "--json"])).MustSucceed().Output);

        Assert.NotEqual(0, json.RootElement.GetProperty(member).GetArrayLength());
    }

    [Fact]
    public async Task Clouds_are_listed_for_a_drive_that_is_not_mounted()
    {
        await using var drive = await MountedDrive.CreateUnmountedAsync();

        using var json = JsonDocument.Parse((await drive.RunAsync("cloud", "list", "test", "--json")).MustSucceed().Output);

        var addresses = json.RootElement.GetProperty("clouds").EnumerateArray().Select(cloud => cloud.GetProperty("address").GetString());
        Assert.Equal(drive.Clouds.Select(folder => $"file://{folder}"), addresses);
    }

    [Fact]
    public async Task Doctor_looks_at_the_machine_and_at_a_drive()
    {
        await using var drive = await MountedDrive.CreateAsync();
        File.WriteAllBytes(drive.PathOf("a"), new byte[1_000_000]);
        await drive.FlushAsync();

        (await drive.RunAsync("doctor")).MustSucceed();
        using var mounted = JsonDocument.Parse((await drive.RunAsync("doctor", "test", "--thorough", "--json")).MustSucceed().Output);
        await drive.UnmountAsync();
        await drive.CheckAsync(thorough: true);
        Directory.Delete(Path.Combine(drive.Clouds[0], "shard"), recursive: true);
        var sick = await drive.RunAsync("doctor", "test");

        Assert.True(mounted.RootElement.GetProperty("healthy").GetBoolean());
        Assert.NotEqual(0, mounted.RootElement.GetProperty("checks").GetArrayLength());
        Assert.Equal(1, sick.ExitStatus);
        Assert.Contains("PROBLEM", sick.Output, StringComparison.Ordinal);
    }
}
