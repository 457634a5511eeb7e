using CuckooDrive.Testing.Host;

namespace CuckooDrive.Host.Tests;

public sealed class AttachTests
{
    [Fact]
    public async Task A_lost_machine_and_a_lost_cloud_lose_nothing_that_was_flushed()
    {
        await using var drive = await MountedDrive.CreateAsync();
        var content = new byte[5_000_000];
        new Random(7).NextBytes(content);
        File.WriteAllBytes(drive.PathOf("big"), content);
        Directory.CreateDirectory(drive.PathOf("folder"));
        File.WriteAllText(drive.PathOf("folder", ".hidden"), "hello");
        await drive.FlushAsync();

        await drive.LoseMachineAsync();
        drive.DestroyCloud(2);
        (await drive.AttachAsync()).MustSucceed();
        await drive.MountAsync();

        Assert.Equal(content, File.ReadAllBytes(drive.PathOf("big")));
        Assert.Equal("hello", File.ReadAllText(drive.PathOf("folder", ".hidden")));
        // And the new machine writes on.
        File.WriteAllText(drive.PathOf("new"), "written here");
        await drive.RemountAsync();
        Assert.Equal("written here", File.ReadAllText(drive.PathOf("new")));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_file_with_holes_that_is_still_open_is_flushed_whole(bool grow)
    {
        const int Mebibyte = 1 << 20;
        await using var drive = await MountedDrive.CreateAsync();
        var data = new byte[8192];
        new Random(8).NextBytes(data);
        await using (var file = new FileStream(drive.PathOf("sparse"), FileMode.CreateNew, FileAccess.Write, FileShare.Read, bufferSize: 0))
        {
            file.Write(data);
            file.Position = Mebibyte;
            file.Write(data);
            if (grow)
                file.SetLength(3 * Mebibyte);
            await drive.FlushAsync();
            await drive.KillAsync();
        }

        await drive.LoseMachineAsync();
        (await drive.AttachAsync()).MustSucceed();
        await drive.MountAsync();

        var back = File.ReadAllBytes(drive.PathOf("sparse"));
        Assert.Equal(grow ? 3 * Mebibyte : Mebibyte + data.Length, back.Length);
        Assert.Equal(data, back[..data.Length]);
        Assert.Equal(data, back[Mebibyte..(Mebibyte + data.Length)]);
    }

    /// <summary>Nothing but the kernel knows of what was overwritten in place.</summary>
    [Fact]
    public async Task A_file_that_is_open_and_was_overwritten_in_place_is_flushed_whole()
    {
        const int Size = 64 << 20;
        await using var drive = await MountedDrive.CreateAsync();
        var data = new byte[Size];
        new Random(9).NextBytes(data);
        await using (var file = new FileStream(drive.PathOf("file"), FileMode.CreateNew, FileAccess.Write, FileShare.Read, bufferSize: 0))
        {
            file.Write(data);
            await drive.FlushAsync();
            new Random(10).NextBytes(data);
            file.Position = 0;
            file.Write(data);
            await drive.FlushAsync();
            await drive.KillAsync();
        }

        await drive.LoseMachineAsync();
        (await drive.AttachAsync()).MustSucceed();
        await drive.MountAsync();

        Assert.True(data.AsSpan().SequenceEqual(File.ReadAllBytes(drive.PathOf("file"))));
    }

    [Fact]
    public async Task Too_few_clouds_are_refused_and_leave_nothing_behind()
    {
        await using var drive = await MountedDrive.CreateAsync();
        File.WriteAllBytes(drive.PathOf("a"), new byte[1_000_000]);
        await drive.FlushAsync();
        await drive.LoseMachineAsync();

        var result = await drive.RunAsync("attach", "test", "--cloud", $"file://{drive.Clouds[0]}", "--cloud", $"file://{drive.Clouds[1]}");

        result.MustFail(1, "cloud");
        Assert.False(Directory.Exists(Path.Combine(drive.Home, "state", "drives", "test")));
        (await drive.AttachAsync()).MustSucceed();
    }

    [Fact]
    public async Task Clouds_without_a_drive_are_recognised()
    {
        using var folder = new TemporaryFolder();

        var empty = await CuckooProcess.RunAsync(folder.Environment, "attach", "photos", "--cloud", $"file://{folder.Sub("a")}");
        var missing = await CuckooProcess.RunAsync(folder.Environment, "attach", "photos", "--cloud", $"file://{folder.Path}/nowhere");

        empty.MustFail(1, "drive");
        missing.MustFail(1, "nowhere");
    }

    [Fact]
    public async Task The_machine_before_may_no_longer_write()
    {
        await using var drive = await MountedDrive.CreateAsync();
        File.WriteAllText(drive.PathOf("a"), "hello");
        await drive.FlushAsync();
        await drive.UnmountAsync();
        var elsewhere = new Dictionary<string, string?>(drive.Environment) { ["CUCKOO_HOME"] = Path.Combine(drive.Root, "elsewhere") };
        string[] clouds = [.. drive.Clouds.SelectMany(cloud => new[] { "--cloud", $"file://{cloud}" })];

        (await CuckooProcess.RunAsync(elsewhere, ["attach", "test", .. clouds])).MustSucceed();
        (await CuckooProcess.RunAsync(elsewhere, "mount", "test", drive.MountPoint)).MustSucceed();
        File.WriteAllText(drive.PathOf("b"), "from the new machine");
        (await CuckooProcess.RunAsync(elsewhere, "flush", "test")).MustSucceed();
        (await CuckooProcess.RunAsync(elsewhere, "unmount", drive.MountPoint)).MustSucceed();
        await drive.MountAsync();
        var write = Record.Exception(() => File.WriteAllText(drive.PathOf("c"), "from the old machine"));
        var flush = await drive.RunAsync("flush", "test");

        Assert.True(write is IOException || flush.ExitStatus == 1, "The old machine's write was taken as protected.");
        using var status = await drive.StatusAsync();
        Assert.NotNull(status.RootElement.GetProperty("writeStopped").GetString());
    }
}
