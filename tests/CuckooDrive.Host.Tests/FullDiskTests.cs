using System.Security.Cryptography;
using CuckooDrive.Testing.Host;

namespace CuckooDrive.Host.Tests;

/// <summary>A disk that is really full: a small tmpfs, which only root can mount.</summary>
public sealed class FullDiskTests
{
    private const int NoSpaceErrno = 28;

    [Fact]
    public async Task Creating_on_a_full_disk_fails_with_a_sentence_and_leaves_nothing()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root to mount a tmpfs");
        using var folder = new TemporaryFolder();
        await using var disk = await SmallDisk.MountAsync(folder.Sub("disk"), "size=16k");
        var environment = folder.Environment;
        environment["CUCKOO_HOME"] = Path.Combine(disk.Path, "home");

        var result = await CuckooProcess.RunAsync(environment, "create", "photos", "--cloud", $"file://{folder.Sub("cloud")}");

        result.MustFail(1, "full");
        Assert.False(Directory.Exists(Path.Combine(disk.Path, "home", "state", "drives", "photos")));
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(folder.Path, "cloud"), "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task A_cloud_that_is_full_at_creation_is_named()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root to mount a tmpfs");
        using var folder = new TemporaryFolder();
        await using var disk = await SmallDisk.MountAsync(folder.Sub("disk"), "size=4k");

        var result = await CuckooProcess.RunAsync(
            folder.Environment, "create", "photos", "--cloud", $"file://{folder.Sub("cloud")}", "--cloud", $"file://{disk.Path}");

        result.MustFail(1, disk.Path);
        Assert.False(Directory.Exists(Path.Combine(folder.Path, "home", "state", "drives", "photos")));
    }

    [Fact]
    public async Task When_the_local_disk_is_full_writing_fails_honestly_and_goes_on_when_there_is_space_again()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root to mount a tmpfs");
        using var folder = new TemporaryFolder();
        await using var disk = await SmallDisk.MountAsync(folder.Sub("disk"), "size=96m");
        await using var drive = await MountedDrive.CreateAsync(new MountedDriveOptions
        {
            Clouds = 2,
            Home = Path.Combine(disk.Path, "home"),
            // Nothing is uploaded before the disk is full: that makes room by and by.
            Settings = new Dictionary<string, string> { ["StagingLimit"] = "64MiB", ["DiskCacheLimit"] = "8MiB", ["JournalInterval"] = "3600" },
        });
        var synced = new Dictionary<string, byte[]>();
        void Write(string name)
        {
            var content = RandomNumberGenerator.GetBytes(4 << 20);
            DurableFile.Write(drive.PathOf(name), content);
            synced[name] = SHA256.HashData(content);
        }

        Write("before");
        var ballast = Path.Combine(disk.Path, "ballast");
        Fill(ballast);
        var full = Record.Exception(() =>
        {
            for (var number = 0; number < 20; number++)
                Write($"while full {number}");
        });
        CheckAll(drive, synced);
        File.Delete(ballast);
        Write("after");

        Assert.Equal(NoSpaceErrno, Assert.IsType<IOException>(full).HResult);
        CheckAll(drive, synced);
        await drive.RemountAsync();
        CheckAll(drive, synced);
        await drive.FlushAsync();
        await drive.CheckAsync();
    }

    /// <summary>What is staged still needs room for its parity: the last of the disk must be there for it, and for closing and opening the drive.</summary>
    [Fact]
    public async Task A_local_disk_that_fills_while_the_clouds_are_away_is_not_filled_to_the_last_byte()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root to mount a tmpfs");
        using var folder = new TemporaryFolder();
        await using var disk = await SmallDisk.MountAsync(folder.Sub("disk"), "size=300m");
        await using var drive = await MountedDrive.CreateAsync(new MountedDriveOptions { Clouds = 2, Home = Path.Combine(disk.Path, "home") });
        foreach (var cloud in drive.Clouds)
            Directory.Move(cloud, cloud + ".away");
        var synced = new Dictionary<string, byte[]>();
        var full = Record.Exception(() =>
        {
            for (var number = 0; number < 200; number++)
            {
                var content = RandomNumberGenerator.GetBytes(60 << 20);
                DurableFile.Write(drive.PathOf($"file {number}"), content);
                synced[$"file {number}"] = SHA256.HashData(content);
            }
        });
        Assert.Equal(NoSpaceErrno, Assert.IsType<IOException>(full).HResult);
        Assert.InRange(synced.Count, 1, 3);
        await drive.RemountAsync();
        CheckAll(drive, synced);
        foreach (var cloud in drive.Clouds)
            Directory.Move(cloud + ".away", cloud);
        await drive.FlushAsync();
        CheckAll(drive, synced);
        await drive.CheckAsync();
    }

    [Fact]
    public async Task When_the_local_disk_is_full_names_too_are_refused_and_what_is_there_can_be_read_and_removed()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root to mount a tmpfs");
        using var folder = new TemporaryFolder();
        await using var disk = await SmallDisk.MountAsync(folder.Sub("disk"), "size=96m");
        await using var drive = await MountedDrive.CreateAsync(new MountedDriveOptions
        {
            Clouds = 2,
            Home = Path.Combine(disk.Path, "home"),
            Settings = new Dictionary<string, string> { ["DiskCacheLimit"] = "0" },
        });
        var synced = new Dictionary<string, byte[]>();
        for (var number = 0; number < 20; number++)
        {
            var content = RandomNumberGenerator.GetBytes(1000);
            DurableFile.Write(drive.PathOf($"before {number}"), content);
            synced[$"before {number}"] = SHA256.HashData(content);
        }
        var ballast = Path.Combine(disk.Path, "ballast");
        Fill(ballast);

        var full = Record.Exception(() =>
        {
            for (var number = 0; number < 1_000_000; number++)
                Directory.CreateDirectory(drive.PathOf($"while full {number}"));
        });
        Assert.Equal(NoSpaceErrno, Assert.IsAssignableFrom<IOException>(full).HResult);
        CheckAll(drive, synced);
        File.Delete(drive.PathOf("before 0"));
        synced.Remove("before 0");
        File.Delete(ballast);
        Directory.CreateDirectory(drive.PathOf("after"));
        DurableFile.Write(drive.PathOf("after", "file"), [1, 2, 3]);

        await drive.KillAsync();
        await drive.MountAsync();
        Assert.Equal([1, 2, 3], File.ReadAllBytes(drive.PathOf("after", "file")));
        Assert.False(File.Exists(drive.PathOf("before 0")));
        CheckAll(drive, synced);
        await drive.FlushAsync();
        await drive.CheckAsync();
    }

    private static void CheckAll(MountedDrive drive, Dictionary<string, byte[]> synced) =>
        Assert.All(synced, pair => Assert.Equal(pair.Value, SHA256.HashData(File.ReadAllBytes(drive.PathOf(pair.Key)))));

    /// <summary>Takes all the space that is left on the disk.</summary>
    private static void Fill(string path)
    {
        using var file = File.OpenHandle(path, FileMode.Create, FileAccess.Write);
        var block = new byte[1 << 16];
        try
        {
            for (long offset = 0; ; offset += block.Length)
                RandomAccess.Write(file, block, offset);
        }
        catch (IOException)
        {
            // Full: what was wanted.
        }
    }

    private sealed class SmallDisk : IAsyncDisposable
    {
        public required string Path { get; init; }

        public static async Task<SmallDisk> MountAsync(string path, string options)
        {
            (await CuckooProcess.ToolAsync("mount", "-t", "tmpfs", "-o", options, "tmpfs", path)).MustSucceed();
            return new SmallDisk { Path = path };
        }

        public async ValueTask DisposeAsync() => await CuckooProcess.ToolAsync("umount", "-l", Path);
    }
}
