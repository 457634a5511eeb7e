using CuckooDrive.Testing.Servers;
using Xunit;

namespace CuckooDrive.Clouds.Tests.Servers;

/// <summary>What users of S3 do wrong, and what other servers say.</summary>
public sealed class S3Tests
{
    [Fact]
    public Task A_wrong_secret_key_is_told_and_not_repeated() => Failing.EveryCallAsync(
        S3Conformance.Open("cuckoo", secretKey: "hunter2", createRoot: false),
        CloudErrorKind.Unauthorized,
        "check both parts of it",
        "hunter2");

    [Fact]
    public Task An_unknown_access_key_is_told() => Failing.EveryCallAsync(
        S3Conformance.Open("cuckoo", accessKey: "STRANGER", createRoot: false), CloudErrorKind.Unauthorized, "check both parts of it");

    [Fact]
    public Task Missing_keys_are_told() => Failing.EveryCallAsync(
        CloudRegistry.Default.Open($"s3://cuckoo?endpoint={TestServers.S3["endpoint"]}"),
        CloudErrorKind.Unauthorized,
        "sign in to this cloud first");

    [Fact]
    public Task A_missing_bucket_is_told_and_not_made() => Failing.EveryCallAsync(
        S3Conformance.Open("nobody-made-this", createRoot: false),
        CloudErrorKind.NotFound,
        "create it or correct the address");

    [Fact]
    public async Task A_bucket_of_somebody_else_is_told()
    {
        await using (var owner = S3Conformance.Open("private-bucket"))
            Assert.Null(await owner.StatAsync("a"));
        await Failing.EveryCallAsync(
            S3Conformance.Open(
                "private-bucket", "", TestServers.S3["guest-access-key"], TestServers.S3["guest-secret-key"], createRoot: false),
            CloudErrorKind.Forbidden,
            "check its permissions");
    }

    [Fact]
    public async Task Corrected_keys_are_used_by_the_next_call()
    {
        var store = new MemoryCredentialStore(
            CloudCredential.Empty.With(CloudSecret.AccessKey, TestServers.S3["access-key"]).With(CloudSecret.SecretKey, "wrong"));
        await using var storage = CloudRegistry.Default.Open(
            $"s3://corrected?endpoint={TestServers.S3["endpoint"]}", new CloudOpenOptions { Credentials = store, CreateRoot = true });
        await Failing.CallAsync(() => storage.StatAsync("a"), CloudErrorKind.Unauthorized, "check both parts");
        await store.WriteAsync((await store.ReadAsync())!.With(CloudSecret.SecretKey, TestServers.S3["secret-key"]));
        Assert.Null(await storage.StatAsync("a"));
    }

    [Fact]
    public async Task An_upload_in_parts_that_fails_leaves_nothing_and_does_not_replace()
    {
        await using var storage = S3Conformance.Open("parts", "&multipart=1");
        var content = new byte[3 << 20];
        Array.Fill(content, (byte)7);
        await storage.WriteAsync("whole", CloudContent.FromMemory(content));
        await Failing.CallAsync(
            () => storage.WriteAsync("whole", CloudContent.FromMemory(new byte[2 << 20])), CloudErrorKind.AlreadyExists, "exists");
        var path = Path.GetTempFileName();
        await File.WriteAllBytesAsync(path, content);
        await Failing.CallAsync(
            () => storage.WriteAsync("short", CloudContent.FromFile(path, 0, content.Length + 1)), CloudErrorKind.Other, "shorter");
        File.Delete(path);
        Assert.Null(await storage.StatAsync("short"));
        var read = new byte[content.Length];
        Assert.Equal(read.Length, await storage.ReadAsync("whole", 0, read));
        Assert.Equal(content, read);
        await storage.DeleteAsync("whole");
    }

    [Fact]
    public async Task An_untrusted_certificate_is_refused_before_anything_is_sent()
    {
        using var server = new UntrustedServer();
        await Failing.EveryCallAsync(
            Open($"s3://bucket?endpoint=https://{server.Host}"), CloudErrorKind.Other, "is not safe, so nothing was sent", "hunter2");
        Assert.Equal(0, server.Requests);
    }

    [Fact]
    public async Task A_list_that_goes_on_without_saying_where_is_no_whole_list()
    {
        // So answers a server that does not know the second version of the question.
        await using var storage = Open("s3://bucket?endpoint=https://s3.example", _ => (200,
            "<ListBucketResult><Name>bucket</Name><MaxKeys>1</MaxKeys><IsTruncated>true</IsTruncated>" +
            "<Contents><Key>a</Key><Size>1</Size><ETag>\"1\"</ETag><LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents></ListBucketResult>"));
        await Failing.CallAsync(() => storage.ListAsync("").CountAsync().AsTask(), CloudErrorKind.Corrupt, "rest of a list");
    }

    [Theory]
    [InlineData("s3:bucket", "s3://bucket/prefix")]
    [InlineData("s3:///prefix", "s3://bucket/prefix")]
    [InlineData("s3://KEY@bucket", "s3://bucket/prefix")]
    [InlineData("s3://bucket?endpoint=ftp://host", "endpoint=https://host")]
    [InlineData("s3://bucket?endpoint=http://a:b@host", "endpoint=https://host")]
    [InlineData("s3://bucket?create-once=1", "create-once=true or create-once=false")]
    [InlineData("s3://bucket?hash=sha1", "hash=md5")]
    [InlineData("s3://bucket?multipart=0", "from 1 to 5120")]
    [InlineData("s3://bucket?regoin=eu", "endpoint, region")]
    public void A_wrong_address_gets_one_sentence_that_helps(string url, string help)
    {
        var failure = Assert.Throws<CloudException>(() => Open(url));
        Assert.Equal(CloudErrorKind.InvalidAddress, failure.Kind);
        Assert.Contains(help, failure.Message);
        Assert.EndsWith(".", failure.Message);
    }

    [Theory]
    [InlineData(403, "RequestTimeTooSkewed", CloudErrorKind.Other, "clock")]
    [InlineData(400, "ExpiredToken", CloudErrorKind.Unauthorized, "sign in again")]
    [InlineData(400, "AuthorizationHeaderMalformed", CloudErrorKind.Other, "region=")]
    [InlineData(503, "SlowDown", CloudErrorKind.RateLimited, "fewer requests")]
    [InlineData(429, "", CloudErrorKind.RateLimited, "fewer requests")]
    [InlineData(507, "XMinioStorageFull", CloudErrorKind.QuotaExceeded, "full")]
    [InlineData(500, "InternalError", CloudErrorKind.Transient, "in trouble")]
    [InlineData(502, "", CloudErrorKind.Transient, "in trouble")]
    [InlineData(400, "EntityTooLarge", CloudErrorKind.TooLarge, "larger")]
    [InlineData(412, "PreconditionFailed", CloudErrorKind.AlreadyExists, "exists")]
    [InlineData(409, "ConditionalRequestConflict", CloudErrorKind.AlreadyExists, "exists")]
    public async Task Every_error_has_its_kind(int status, string code, CloudErrorKind kind, string hint)
    {
        var requests = 0;
        await using var storage = Open("s3://bucket?endpoint=https://s3.example", _ =>
        {
            requests++;
            return (status, code.Length == 0 ? "" : $"<Error><Code>{code}</Code><Message>no</Message></Error>");
        });
        await Failing.CallAsync(() => storage.WriteAsync("a", CloudContent.FromMemory(new byte[9])), kind, hint, "hunter2");
        Assert.Equal(1, requests);
    }

    [Theory]
    [InlineData("s3://bucket?region=eu-central-1", "https://bucket.s3.eu-central-1.amazonaws.com/a")]
    [InlineData("s3://bucket/p?endpoint=https://r2.example", "https://r2.example/bucket/p/a")]
    [InlineData("s3://bucket/p?endpoint=minio.example:9000", "https://minio.example:9000/bucket/p/a")]
    [InlineData("s3://bucket/p?endpoint=https://s3.example&path-style=false", "https://bucket.s3.example/p/a")]
    public async Task Requests_go_where_the_address_says(string url, string expected)
    {
        Uri? asked = null;
        await using var storage = Open(url, request =>
        {
            asked = request.RequestUri;
            return (200, "");
        });
        await storage.WriteAsync("a", CloudContent.FromMemory(new byte[9]));
        Assert.Equal(expected, asked!.AbsoluteUri);
    }

    [Fact]
    public async Task No_upload_waits_for_leave_to_send_its_body()
    {
        var puts = new List<bool?>();
        await using var storage = Open("s3://bucket?endpoint=https://s3.example&multipart=1", request =>
        {
            if (request.Method == HttpMethod.Put)
                puts.Add(request.Headers.ExpectContinue);
            return request.Method == HttpMethod.Head ? (404, "")
                : request.Method == HttpMethod.Get ? (200, "<ListBucketResult/>")
                : (200, "<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>");
        });
        await storage.WriteAsync("whole", CloudContent.FromMemory(new byte[9]));
        await storage.WriteAsync("parts", CloudContent.FromMemory(new byte[2 << 20]));
        Assert.Equal([false, false], puts);
    }

    private static ICloudStorage Open(string url, Func<HttpRequestMessage, (int Status, string Body)>? answer = null) =>
        CloudRegistry.Default.Open(url, new CloudOpenOptions
        {
            Credentials = new MemoryCredentialStore(
                CloudCredential.Empty.With(CloudSecret.AccessKey, "KEY").With(CloudSecret.SecretKey, "hunter2")),
            HttpHandler = answer is null ? null : () => new CannedAnswers(answer),
        });
}
