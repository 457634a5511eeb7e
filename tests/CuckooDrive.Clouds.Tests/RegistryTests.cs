using Xunit;

namespace CuckooDrive.Clouds.Tests;

/// <summary>Addresses, and what is said about wrong ones.</summary>
public sealed class RegistryTests
{
    [Theory]
    [InlineData("", "file:///path")]
    [InlineData("/mnt/disk", "file:///absolute/path")]
    [InlineData("./here", "file:///absolute/path")]
    [InlineData("~/clouds", "file:///absolute/path")]
    [InlineData("C:\\clouds", "file:///absolute/path")]
    [InlineData("folder", "must begin with a scheme")]
    [InlineData("file:relative", "file:///absolute/path")]
    [InlineData("file://relative/path", "file:///absolute/path")]
    [InlineData("file:///", "file:///absolute/path")]
    [InlineData("file:///x?colour=red", "unknown option 'colour'")]
    [InlineData("file:///x?domain", "name=value")]
    [InlineData("file:///x?domain=a&domain=b", "twice")]
    [InlineData("floppy:a", "file:///path, ")]
    [InlineData("memory://host/name", "memory:name")]
    [InlineData("memory:a?quota=much", "not a number of bytes")]
    [InlineData("sftp://user@host:99999/x", "not a port")]
    public void A_wrong_address_gets_one_sentence_that_helps(string url, string help)
    {
        var failure = Assert.Throws<CloudException>(() => CloudRegistry.Default.Open(url));
        Assert.Equal(CloudErrorKind.InvalidAddress, failure.Kind);
        Assert.Contains(help, failure.Message);
        Assert.EndsWith(".", failure.Message);
        Assert.DoesNotContain("\n", failure.Message);
    }

    [Fact]
    public void A_password_in_an_address_is_refused_and_not_repeated()
    {
        var failure = Assert.Throws<CloudException>(() => CloudRegistry.Default.Open("webdavs://me:hunter2@host/x"));
        Assert.Equal(CloudErrorKind.InvalidAddress, failure.Kind);
        Assert.DoesNotContain("hunter2", failure.ToString());
    }

    [Fact]
    public void The_address_of_a_file_is_refused()
    {
        var path = Path.GetTempFileName();
        try
        {
            var failure = Assert.Throws<CloudException>(() => CloudRegistry.Default.Open($"file://{path}"));
            Assert.Equal(CloudErrorKind.InvalidAddress, failure.Kind);
            Assert.Contains("is a file", failure.Message);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void All_parts_of_an_address_are_found()
    {
        var address = CloudAddress.Parse("S3://me%40x@bucket.example:9000/pre%20fix/a?endpoint=http%3A%2F%2Flocalhost&region=eu");
        Assert.Equal("s3", address.Scheme);
        Assert.Equal("me@x", address.User);
        Assert.Equal("bucket.example", address.Host);
        Assert.Equal(9000, address.Port);
        Assert.Equal("/pre fix/a", address.Path);
        Assert.Equal("http://localhost", address.Options["endpoint"]);
        Assert.Equal("eu", address.Options["region"]);

        var opaque = CloudAddress.Parse("rclone:remote:some/path");
        Assert.Equal("remote:some/path", opaque.Path);
        Assert.Null(opaque.Host);
        Assert.Equal("/Apps/Cuckoo", CloudAddress.Parse("dropbox:/Apps/Cuckoo").Path);
    }

    [Fact]
    public async Task Stores_in_memory_are_shared_by_name()
    {
        await using var one = CloudRegistry.Default.Open("memory:shared-by-name");
        await using var two = CloudRegistry.Default.Open("memory:shared-by-name");
        await using var other = CloudRegistry.Default.Open("memory:");
        await one.WriteAsync("a", CloudContent.FromMemory(new byte[3]));
        Assert.Equal(3, (await two.StatAsync("a"))!.Length);
        Assert.Null(await other.StatAsync("a"));
        Assert.Equal(one.Capabilities.FailureDomain, two.Capabilities.FailureDomain);
        await two.DeleteAsync("a");
    }

    [Fact]
    public async Task A_store_in_memory_keeps_its_quota()
    {
        await using var store = CloudRegistry.Default.Open("memory:?quota=100");
        await store.WriteAsync("a", CloudContent.FromMemory(new byte[60]));
        var failure = await Assert.ThrowsAsync<CloudException>(() => store.WriteAsync("b", CloudContent.FromMemory(new byte[41])));
        Assert.Equal(CloudErrorKind.QuotaExceeded, failure.Kind);
        Assert.Equal(new CloudQuota(100, 60, 40), await store.GetQuotaAsync());
        await store.DeleteAsync("a");
        await store.WriteAsync("b", CloudContent.FromMemory(new byte[100]));
    }
}
