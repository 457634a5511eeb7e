using CuckooDrive.Testing.Clouds;
using Xunit;

namespace CuckooDrive.Clouds.Tests.Servers;

/// <summary>Remotes of rclone, and what its users do wrong.</summary>
public sealed class RcloneTests
{
    [Fact]
    public Task An_unknown_remote_is_told() => Failing.EveryCallAsync(
        CloudRegistry.Default.Open("rclone:nobody-made-this:path"), CloudErrorKind.InvalidAddress, "rclone config");

    [Fact]
    public async Task A_missing_folder_is_told_and_not_made()
    {
        using var folder = new TemporaryFolder();
        await using var storage = CloudRegistry.Default.Open($"rclone::local:{folder["missing"]}");
        await Failing.CallAsync(() => storage.StatAsync("a"), CloudErrorKind.NotFound, "correct the address");
        await Failing.CallAsync(
            () => storage.WriteAsync("a", CloudContent.FromMemory(new byte[3])), CloudErrorKind.NotFound, "correct the address");
        Assert.False(Directory.Exists(folder["missing"]));
    }

    [Fact]
    public async Task A_remote_in_memory_without_folders_is_written_and_read()
    {
        await using var storage = CloudRegistry.Default.Open("rclone::memory:bucket/prefix", new CloudOpenOptions { CreateRoot = true });
        Assert.Null(await storage.StatAsync("a/b"));
        await storage.WriteAsync("a/b", CloudContent.FromMemory("hello"u8.ToArray()));
        var read = new byte[10];
        Assert.Equal(3, await storage.ReadAsync("a/b", 2, read));
        Assert.Equal("llo"u8, read.AsSpan(0, 3));
        await storage.DeleteAsync("a/b");
        Assert.Null(await storage.StatAsync("a/b"));
    }

    [Theory]
    [InlineData("rclone:remote", "rclone:remote:path")]
    [InlineData("rclone:", "rclone:remote:path")]
    [InlineData("rclone://remote/path", "rclone:remote:path")]
    [InlineData("rclone:-v:path", "rclone:remote:path")]
    [InlineData("rclone:remote:path?colour=red", "quota, domain")]
    public void A_wrong_address_gets_one_sentence_that_helps(string url, string help)
    {
        var failure = Assert.Throws<CloudException>(() => CloudRegistry.Default.Open(url));
        Assert.Equal(CloudErrorKind.InvalidAddress, failure.Kind);
        Assert.Contains(help, failure.Message);
        Assert.EndsWith(".", failure.Message);
    }
}
