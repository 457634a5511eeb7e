using CuckooDrive.Clouds.Providers.Folder;
using CuckooDrive.Testing.Clouds;
using Xunit;

namespace CuckooDrive.Clouds.Tests;

/// <summary>What only folders do: vanished disks, leftovers of crashes, foreign files, permissions.</summary>
public sealed class FolderStorageTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_vanished_folder_is_an_error_of_every_call_and_is_not_made_again()
    {
        var root = _folder["disk"];
        Directory.CreateDirectory(root);
        await using var storage = new FolderStorage(root);
        await storage.WriteAsync("a/b", Content(10));
        await storage.ReadAsync("a/b", 0, new byte[10]);
        Directory.Move(root, _folder["away"]);

        await AssertRootMissing(() => storage.WriteAsync("a/c", Content(10)));
        await AssertRootMissing(() => storage.WriteAsync("d", Content(10)));
        await AssertRootMissing(() => storage.WriteAsync("e", new Trickle(10)));
        await AssertRootMissing(() => storage.StatAsync("a/b"));
        await AssertRootMissing(() => storage.DeleteAsync("a/b"));
        await AssertRootMissing(() => storage.MoveAsync("a/b", "c"));
        await AssertRootMissing(() => storage.OpenReadAsync("a/b"));
        await AssertRootMissing(() => storage.GetQuotaAsync());
        await AssertRootMissing(async () => await storage.ListAsync("").ToListAsync());
        await AssertRootMissing(async () => await storage.ListAsync("a/b").ToListAsync());
        Assert.False(Directory.Exists(root));

        // The disk is back: everything goes on with the same instance.
        Directory.Move(_folder["away"], root);
        await storage.WriteAsync("a/c", Content(10));
        Assert.Equal(10, (await storage.StatAsync("a/c"))!.Length);
        Assert.Equal(10, (await storage.StatAsync("a/b"))!.Length);
    }

    /// <summary>As when a disk is unmounted and its empty mount point is there: what has begun fails, and a second later the folder is what it is.</summary>
    [Fact]
    public async Task Another_folder_in_the_place_of_the_root_is_noticed()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "elsewhere a volume's path goes with it");
        var root = _folder["disk"];
        Directory.CreateDirectory(root);
        var time = new ManualTime();
        await using var storage = new FolderStorage(root, time: time);
        await storage.WriteAsync("a/b", Content(10));
        Directory.Move(root, _folder["away"]);
        Directory.CreateDirectory(root);

        await AssertKind(CloudErrorKind.NotFound, () => storage.WriteAsync("a/c", Content(10)));
        await AssertKind(CloudErrorKind.NotFound, () => storage.DeleteAsync("a/b"));
        Assert.Empty(Directory.GetFileSystemEntries(root));

        time.Advance(TimeSpan.FromSeconds(2));
        await storage.WriteAsync("a/c", Content(10));
    }

    /// <summary>Also when a call found none there in between.</summary>
    [Fact]
    public async Task Another_folder_after_a_missing_root_is_noticed()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "elsewhere a volume's path goes with it");
        var root = _folder["disk"];
        Directory.CreateDirectory(root);
        await using var storage = new FolderStorage(root, time: new ManualTime());
        await storage.WriteAsync("a/b", Content(10));
        Directory.Move(root, _folder["away"]);
        await AssertRootMissing(() => storage.WriteAsync("a/c", Content(10)));
        Directory.CreateDirectory(root);
        await AssertKind(CloudErrorKind.NotFound, () => storage.WriteAsync("a/c", Content(10)));
        Assert.Empty(Directory.GetFileSystemEntries(root));
    }

    [Fact]
    public async Task A_deleted_file_is_noticed_although_it_was_kept_open()
    {
        var time = new ManualTime();
        await using var storage = new FolderStorage(_folder.Path, time: time);
        await storage.WriteAsync("a/b", Content(10));
        await storage.ReadAsync("a/b", 0, new byte[10]);
        File.Delete(_folder["a/b"]);
        time.Advance(TimeSpan.FromSeconds(5));
        await AssertKind(CloudErrorKind.NotFound, async () => await storage.ReadAsync("a/b", 0, new byte[10]));
    }

    [Fact]
    public async Task A_corrupted_file_is_read_as_it_is_now()
    {
        await using var storage = new FolderStorage(_folder.Path);
        await storage.WriteAsync("a", CloudContent.FromMemory(new byte[5000]));
        await storage.ReadAsync("a", 0, new byte[5000]);
        await File.WriteAllBytesAsync(_folder["a"], Enumerable.Repeat((byte)7, 5000).ToArray());
        var buffer = new byte[5000];
        Assert.Equal(5000, await storage.ReadAsync("a", 0, buffer));
        Assert.All(buffer, each => Assert.Equal(7, each));
    }

    [Fact]
    public async Task A_truncated_file_is_read_short_and_not_padded()
    {
        await using var storage = new FolderStorage(_folder.Path);
        await storage.WriteAsync("a", CloudContent.FromMemory(new byte[5000]));
        await storage.ReadAsync("a", 0, new byte[5000]);
        await using (var file = new FileStream(_folder["a"], FileMode.Open))
            file.SetLength(1000);
        Assert.Equal(1000, await storage.ReadAsync("a", 0, new byte[5000]));
    }

    [Fact]
    public async Task Leftovers_of_crashed_writers_are_removed_and_those_of_living_ones_kept()
    {
        Directory.CreateDirectory(_folder[".tmp"]);
        await File.WriteAllTextAsync(_folder[".tmp/old"], "x");
        await File.WriteAllTextAsync(_folder[".tmp/young"], "x");
        File.SetLastWriteTimeUtc(_folder[".tmp/old"], DateTime.UtcNow - TimeSpan.FromDays(2));
        await using var storage = new FolderStorage(_folder.Path);
        Assert.Empty(await storage.ListAsync("").ToListAsync());
        await storage.WriteAsync("a", Content(1));
        Assert.Equal([_folder[".tmp/young"]], Directory.GetFiles(_folder[".tmp"]));
    }

    [Fact]
    public async Task A_failed_or_finished_write_leaves_no_temporary()
    {
        await using var storage = new FolderStorage(_folder.Path);
        await storage.WriteAsync("a", Content(100));
        await AssertKind(CloudErrorKind.Other, () => storage.WriteAsync("b", new Trickle(100, given: 50)));
        await AssertKind(CloudErrorKind.Other, () => storage.WriteAsync("c", CloudContent.FromFile(_folder["a"], 50, 100)));
        await AssertKind(CloudErrorKind.AlreadyExists, () => storage.WriteAsync("a", Content(100)));
        Assert.Empty(Directory.GetFiles(_folder[".tmp"]));
    }

    [Fact]
    public async Task Empty_folders_go_with_their_last_object()
    {
        await using var storage = new FolderStorage(_folder.Path);
        await storage.WriteAsync("a/b/c", Content(1));
        await storage.WriteAsync("a/d", Content(1));
        await storage.DeleteAsync("a/b/c");
        Assert.True(Directory.Exists(_folder["a"]));
        Assert.False(Directory.Exists(_folder["a/b"]));
        await storage.DeleteAsync("a/d");
        Assert.False(Directory.Exists(_folder["a"]));
        Assert.True(Directory.Exists(_folder.Path));
    }

    [Fact]
    public async Task A_name_that_is_a_folder_or_lies_below_an_object_is_refused()
    {
        await using var storage = new FolderStorage(_folder.Path);
        await storage.WriteAsync("a/b", Content(1));
        await AssertKind(CloudErrorKind.InvalidName, () => storage.WriteAsync("a", Content(1)));
        await AssertKind(CloudErrorKind.InvalidName, () => storage.WriteAsync("a/b/c", Content(1)));
        await AssertKind(CloudErrorKind.NotFound, async () => await storage.ReadAsync("a", 0, new byte[1]));
        Assert.Equal(1, (await storage.StatAsync("a/b"))!.Length);
    }

    [Fact]
    public async Task Files_of_other_programs_are_no_objects()
    {
        await using var storage = new FolderStorage(_folder.Path);
        await storage.WriteAsync("a", Content(1));
        foreach (var name in new[] { ".DS_Store", "Read Me.txt", "Thumbs.db" })
            await File.WriteAllTextAsync(_folder[name], "x");
        Directory.CreateDirectory(_folder[".hidden"]);
        await File.WriteAllTextAsync(_folder[".hidden/b"], "x");
        File.CreateSymbolicLink(_folder["link"], _folder["a"]);
        Directory.CreateSymbolicLink(_folder["loop"], _folder.Path);
        Assert.Equal(["a"], (await storage.ListAsync("").ToListAsync()).Select(each => each.Name));
    }

    [Fact]
    public async Task A_folder_without_permission_is_forbidden()
    {
        if (OperatingSystem.IsWindows() || Environment.IsPrivilegedProcess)
        {
            Assert.Skip("root may do everything, and Windows has other permissions");
            return;
        }
        await using var storage = new FolderStorage(_folder.Path);
        await storage.WriteAsync("a/b", Content(1));
        File.SetUnixFileMode(_folder[".tmp"], UnixFileMode.UserRead | UnixFileMode.UserExecute);
        await AssertKind(CloudErrorKind.Forbidden, () => storage.WriteAsync("c", Content(1)));
        File.SetUnixFileMode(_folder["a"], UnixFileMode.None);
        try
        {
            await AssertKind(CloudErrorKind.Forbidden, () => storage.StatAsync("a/b"));
            await AssertKind(CloudErrorKind.Forbidden, async () => await storage.ListAsync("").ToListAsync());
        }
        finally
        {
            File.SetUnixFileMode(_folder["a"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    [Fact]
    public async Task A_full_disk_is_quota_exceeded()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "needs Linux");
        // Every write to this device fails as on a full disk.
        await using var file = new FileStream("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, 0);
        var failure = await Assert.ThrowsAnyAsync<IOException>(() => file.WriteAsync(new byte[10]).AsTask());
        Assert.Equal(CloudErrorKind.QuotaExceeded, FolderErrors.Map(failure, "/x").Kind);
    }

    [Theory]
    [InlineData(1, CloudErrorKind.Forbidden)]
    [InlineData(2, CloudErrorKind.NotFound)]
    [InlineData(5, CloudErrorKind.Transient)]
    [InlineData(13, CloudErrorKind.Forbidden)]
    [InlineData(27, CloudErrorKind.TooLarge)]
    [InlineData(28, CloudErrorKind.QuotaExceeded)]
    [InlineData(30, CloudErrorKind.Forbidden)]
    [InlineData(36, CloudErrorKind.InvalidName)]
    [InlineData(116, CloudErrorKind.Transient)]
    [InlineData(122, CloudErrorKind.QuotaExceeded)]
    public void Each_error_of_linux_has_its_kind(int errno, CloudErrorKind kind)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "numbers of Linux");
        Assert.Equal(kind, FolderErrors.Map(Errno.Exception(errno), "/x").Kind);
    }

    [Fact]
    public async Task The_root_is_made_only_when_asked_for()
    {
        var root = _folder["new/drive"];
        await using (var storage = CloudRegistry.Default.Open($"file://{root}"))
            await AssertRootMissing(() => storage.WriteAsync("a", Content(1)));
        await using (var storage = CloudRegistry.Default.Open($"file://{root}", new CloudOpenOptions { CreateRoot = true }))
            await storage.WriteAsync("a", Content(1));
        Assert.True(File.Exists(Path.Join(root, "a")));
    }

    [Fact]
    public async Task Folders_of_one_disk_are_different_domains_with_shared_space()
    {
        await using var one = new FolderStorage(_folder["one"]);
        await using var two = new FolderStorage(_folder["two"]);
        Assert.NotEqual(one.Capabilities.FailureDomain, two.Capabilities.FailureDomain);
        Assert.Equal(one.Capabilities.SpacePool, two.Capabilities.SpacePool);
        Assert.NotEqual("", one.Capabilities.SpacePool);
        await using var named = CloudRegistry.Default.Open($"file://{_folder["one"]}?domain=cellar");
        Assert.Equal("cellar", named.Capabilities.FailureDomain);
    }

    private static CloudContent Content(int length) => CloudContent.FromMemory(new byte[length]);

    private static async Task AssertKind(CloudErrorKind kind, Func<Task> call)
    {
        var failure = await Assert.ThrowsAsync<CloudException>(call);
        Assert.Equal(kind, failure.Kind);
    }

    private static async Task AssertRootMissing(Func<Task> call)
    {
        var failure = await Assert.ThrowsAsync<CloudException>(call);
        Assert.Equal(CloudErrorKind.NotFound, failure.Kind);
        Assert.Contains("connect its disk", failure.Message);
    }
}
