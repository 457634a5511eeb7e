using CuckooDrive.Clouds.Decorators;

namespace CuckooDrive.Clouds.Tests.Servers;

/// <summary>A server that falls silent in the middle of an answer holds nobody up for longer than the time-out.</summary>
public sealed class StalledAnswerTests
{
    private const string Key = "/azsecret+key/azsecret+key/azsecret+key/azsecret+key/azsecret+key/azsecret+key/azsecret+ke==";

    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    [Theory]
    [InlineData("webdav://user@{0}/folder", "207 Multi-Status")]
    [InlineData("s3://bucket?endpoint=http://{0}", "200 OK")]
    [InlineData("azblob://container?endpoint=http://{0}", "200 OK")]
    public async Task A_list_whose_answer_stalls_ends(string url, string status)
    {
        await using var server = new StallingServer(status, "<?xml version=\"1.0\"?><multistatus xmlns=\"DAV:\"><response>");
        await using var storage = Open(url, server);
        await Failing.CallAsync(() => storage.ListAsync("").CountAsync().AsTask().WaitAsync(Minute), CloudErrorKind.Transient, "did not answer");
    }

    [Fact]
    public async Task A_look_whose_answer_stalls_ends_also_when_its_caller_gives_up()
    {
        await using var server = new StallingServer("207 Multi-Status", "<");
        await using var storage = CloudRegistry.Default.Open($"webdav://{server.Host}/folder");
        using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => storage.StatAsync("a", patience.Token).WaitAsync(Minute));
    }

    private static TimeoutStorage Open(string url, StallingServer server) => new(
        CloudRegistry.Default.Open(
            string.Format(System.Globalization.CultureInfo.InvariantCulture, url, server.Host),
            new CloudOpenOptions
            {
                Credentials = new MemoryCredentialStore(CloudCredential.Empty
                    .With(CloudSecret.Password, "hunter2").With(CloudSecret.AccessKey, "key").With(CloudSecret.SecretKey, Key)),
            }),
        new TimeoutOptions { Answer = TimeSpan.FromMilliseconds(500) });
}
