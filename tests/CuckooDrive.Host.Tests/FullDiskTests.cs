using System.Security.Cryptography;
using CuckooDrive.Testing.Host;

namespace CuckooDrive.Host.Tests;

/// <summary>A disk that is really full: a small tmpfs, which only root can mount.</summary>
public sealed class FullDiskTests
{
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
    public async Task When_the_disk_fills_up_while_mounted_what_was_synced_stays()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root to mount a tmpfs");
        using var folder = new TemporaryFolder();
        await using var disk = await SmallDisk.MountAsync(folder.Sub("disk"), "size=96m");
        await using var drive = await MountedDrive.CreateAsync(new MountedDriveOptions
        {
            ParentFolder = disk.Path,
            Clouds = 2,
            Settings = new Dictionary<string, string> { ["StagingLimit"] = "32MiB", ["DiskCacheLimit"] = "16MiB" },
        });

        // Home and both clouds share 96 MiB: far too little for 30 files of 4 MiB, twice.
        var synced = new Dictionary<string, byte[]>();
        IOException? full = null;
        for (var number = 0; number < 30 && full is null; number++)
        {
            var path = drive.PathOf($"file{number}");
            var content = RandomNumberGenerator.GetBytes(4 << 20);
            try
            {
                await using var file = new FileStream(path, FileMode.CreateNew);
                file.Write(content);
                file.Flush(flushToDisk: true);
                synced[path] = SHA256.HashData(content);
            }
            catch (IOException failure)
            {
                full = failure;
            }
        }

        Assert.NotNull(full);
        Assert.NotEmpty(synced);
        await drive.RemountAsync();
        Assert.All(synced, pair => Assert.Equal(pair.Value, SHA256.HashData(File.ReadAllBytes(pair.Key))));
        await drive.CheckAsync();
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
