using CuckooDrive.Testing.Servers;
using Xunit;

namespace CuckooDrive.Clouds.Tests.Servers;

/// <summary>Logins to Azure, and what its users do wrong.</summary>
public sealed class AzureTests
{
    private static readonly string WrongKey = Convert.ToBase64String("hunter2 hunter2 "u8);

    [Fact]
    public Task A_wrong_key_is_told_and_not_repeated() => Failing.EveryCallAsync(
        AzureConformance.Open("azblob://cuckoo", AzureConformance.Key(WrongKey)),
        CloudErrorKind.Unauthorized,
        "check the account and its key",
        WrongKey);

    [Fact]
    public Task A_key_that_is_none_is_told_and_not_repeated() => Failing.EveryCallAsync(
        AzureConformance.Open("azblob://cuckoo", AzureConformance.Key("hunter2!")), CloudErrorKind.Unauthorized, "not complete", "hunter2!");

    [Fact]
    public Task A_missing_key_is_told() => Failing.EveryCallAsync(
        AzureConformance.Open("azblob://cuckoo", CloudCredential.Empty), CloudErrorKind.Unauthorized, "sign in to this cloud first");

    [Fact]
    public Task A_missing_container_is_told_and_not_made() => Failing.EveryCallAsync(
        AzureConformance.Open("azblob://nobody-made-this"), CloudErrorKind.NotFound, "create it or correct the address");

    [Theory]
    [InlineData("DefaultEndpointsProtocol=http;AccountName={0};AccountKey={1};BlobEndpoint={2};", null)]
    [InlineData("nonsense", "not complete")]
    public async Task A_connection_string_logs_in(string text, string? trouble)
    {
        var server = TestServers.Azure;
        var secret = text.Replace("{0}", server["account"], StringComparison.Ordinal).Replace("{1}", server["key"], StringComparison.Ordinal)
            .Replace("{2}", server["endpoint"], StringComparison.Ordinal);
        await using var storage = CloudRegistry.Default.Open("azblob://by-string", new CloudOpenOptions
        {
            CreateRoot = true,
            Credentials = new MemoryCredentialStore(CloudCredential.Empty.With(CloudSecret.ConnectionString, secret)),
        });
        if (trouble is null)
            Assert.Null(await storage.StatAsync("a"));
        else
            await Failing.CallAsync(() => storage.StatAsync("a"), CloudErrorKind.Unauthorized, trouble, secret);
    }

    [Fact]
    public async Task A_list_goes_on_with_the_next_page()
    {
        await using var storage = Open("azure.example", request => (200,
            request.RequestUri!.Query.Contains("marker=more", StringComparison.Ordinal) ? Page("b", "") : Page("a", "more")));
        var names = new List<string>();
        await foreach (var each in storage.ListAsync(""))
            names.Add(each.Name);
        Assert.Equal(["a", "b"], names);

        static string Page(string name, string next) =>
            $"""
            <?xml version="1.0" encoding="utf-8"?><EnumerationResults ServiceEndpoint="https://azure.example/" ContainerName="container"><Blobs><Blob>
            <Name>{name}</Name><Properties><Last-Modified>Sun, 06 Nov 1994 08:49:37 GMT</Last-Modified><Etag>0x1</Etag>
            <Content-Length>1</Content-Length><BlobType>BlockBlob</BlobType></Properties></Blob></Blobs><NextMarker>{next}</NextMarker></EnumerationResults>
            """;
    }

    [Fact]
    public async Task Of_racing_uploads_in_blocks_one_wins()
    {
        await using var storage = AzureConformance.Open("azblob://racing", createRoot: true);
        byte[][] contents = [.. Enumerable.Range(0, 4).Select(each => Enumerable.Repeat((byte)each, (9 << 20) + each).ToArray())];
        async Task<bool> WinsAsync(byte[] content)
        {
            try
            {
                await storage.WriteAsync("race", CloudContent.FromMemory(content));
                return true;
            }
            catch (CloudException failure) when (failure.Kind == CloudErrorKind.AlreadyExists)
            {
                return false;
            }
        }
        var wins = await Task.WhenAll(contents.Select(content => Task.Run(() => WinsAsync(content))));
        var winner = Assert.Single(contents, content => wins[Array.IndexOf(contents, content)]);
        var read = new byte[winner.Length + 1];
        Assert.Equal(winner.Length, await storage.ReadAsync("race", 0, read));
        Assert.Equal(winner, read[..winner.Length]);
        await storage.DeleteAsync("race");
    }

    [Fact]
    public async Task An_untrusted_certificate_is_refused_before_anything_is_sent()
    {
        using var server = new UntrustedServer();
        await Failing.EveryCallAsync(Open(server.Host), CloudErrorKind.Other, "is not safe, so nothing was sent", WrongKey);
        Assert.Equal(0, server.Requests);
    }

    [Theory]
    [InlineData(403, "AuthorizationPermissionMismatch", CloudErrorKind.Forbidden, "permissions")]
    [InlineData(503, "ServerBusy", CloudErrorKind.RateLimited, "fewer requests")]
    [InlineData(500, "InternalError", CloudErrorKind.Transient, "in trouble")]
    [InlineData(502, "", CloudErrorKind.Transient, "in trouble")]
    [InlineData(413, "RequestBodyTooLarge", CloudErrorKind.TooLarge, "larger")]
    [InlineData(409, "BlobAlreadyExists", CloudErrorKind.AlreadyExists, "exists")]
    [InlineData(409, "ContainerBeingDeleted", CloudErrorKind.Transient, "in trouble")]
    [InlineData(400, "Md5Mismatch", CloudErrorKind.Corrupt, "other bytes")]
    public async Task Every_error_has_its_kind(int status, string code, CloudErrorKind kind, string hint)
    {
        var requests = 0;
        await using var storage = Open("azure.example", _ =>
        {
            requests++;
            return (status, $"<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>no</Message></Error>");
        });
        await Failing.CallAsync(() => storage.WriteAsync("a", CloudContent.FromMemory(new byte[9])), kind, hint, WrongKey);
        Assert.Equal(1, requests);
    }

    [Theory]
    [InlineData("")]
    [InlineData("<?xml version=\"1.0\"?><Error><Code>Serv")]
    public async Task An_error_without_a_readable_body_may_pass(string body)
    {
        foreach (var status in new[] { 403, 429, 503 })
        {
            await using var storage = Open("azure.example", _ => (status, body));
            await Failing.CallAsync(
                () => storage.WriteAsync("a", CloudContent.FromMemory(new byte[9])), CloudErrorKind.Transient, "makes no sense", WrongKey);
        }
    }

    [Theory]
    [InlineData("azblob:container", "azblob://container/prefix")]
    [InlineData("azblob:///prefix", "azblob://container/prefix")]
    [InlineData("azblob://container?endpoint=nowhere", "endpoint=https://host")]
    [InlineData("azblob://container?account=me", "endpoint, domain")]
    public void A_wrong_address_gets_one_sentence_that_helps(string url, string help)
    {
        var failure = Assert.Throws<CloudException>(() => CloudRegistry.Default.Open(url));
        Assert.Equal(CloudErrorKind.InvalidAddress, failure.Kind);
        Assert.Contains(help, failure.Message);
        Assert.EndsWith(".", failure.Message);
    }

    [Fact]
    public async Task No_upload_waits_for_leave_to_send_its_body_even_when_the_account_was_throttled()
    {
        var expects = new List<bool?>();
        await using var storage = Open("azure.example", request =>
        {
            expects.Add(request.Headers.ExpectContinue);
            return (503, "<?xml version=\"1.0\"?><Error><Code>ServerBusy</Code><Message>no</Message></Error>");
        });
        for (var i = 0; i < 2; i++)
            await Failing.CallAsync(() => storage.WriteAsync("a", CloudContent.FromMemory(new byte[9])), CloudErrorKind.RateLimited, "fewer requests");
        Assert.Equal([false, false], expects);
    }

    private static ICloudStorage Open(string host, Func<HttpRequestMessage, (int Status, string Body)>? answer = null) =>
        CloudRegistry.Default.Open($"azblob://container?endpoint=https://{host}", new CloudOpenOptions
        {
            Credentials = new MemoryCredentialStore(
                CloudCredential.Empty.With(CloudSecret.AccessKey, "account").With(CloudSecret.SecretKey, WrongKey)),
            HttpHandler = answer is null ? null : () => new CannedAnswers(answer),
        });
}
