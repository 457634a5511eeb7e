using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Http.Headers;
using CuckooDrive.Testing.Clouds;
using CuckooDrive.Testing.Servers;
using Xunit;

namespace CuckooDrive.Clouds.Tests.Servers;

/// <summary>What WebDAV servers do wrong or differently, and what users do wrong.</summary>
public sealed class WebDavTests
{
    [Fact]
    public Task A_wrong_password_is_told_and_not_repeated() => Failing.EveryCallAsync(
        WebDavConformance.Open("/dav", "hunter2"), CloudErrorKind.Unauthorized, "check the user and the password", "hunter2");

    [Fact]
    public Task A_missing_password_is_told() => Failing.EveryCallAsync(
        CloudRegistry.Default.Open(TestServers.WebDav["address"]), CloudErrorKind.Unauthorized, "sign in to this cloud first");

    [Fact]
    public Task A_missing_folder_is_told_and_not_made() => Failing.EveryCallAsync(
        WebDavConformance.Open("/dav/missing/deep"), CloudErrorKind.NotFound, "create it or correct the address");

    [Fact]
    public Task A_file_is_no_folder() =>
        Failing.CallAsync(() => WebDavConformance.Open("/file").StatAsync("a"), CloudErrorKind.NotFound, "is a file");

    [Fact]
    public async Task A_read_only_folder_can_be_read_and_says_so_when_written()
    {
        await using var storage = WebDavConformance.Open("/readonly");
        Assert.Null(await storage.StatAsync("a"));
        await Failing.CallAsync(
            () => storage.WriteAsync("a", CloudContent.FromMemory(new byte[5])), CloudErrorKind.Forbidden, "read-only");
    }

    [Fact]
    public async Task The_folder_is_made_when_a_drive_is_created()
    {
        await using var storage = WebDavConformance.Open("/dav/made/for me", createRoot: true);
        await storage.WriteAsync("a/b", CloudContent.FromMemory(new byte[5]));
        await using var again = WebDavConformance.Open("/dav/made/for me");
        Assert.Equal(5, (await again.StatAsync("a/b"))!.Length);
        await again.DeleteAsync("a/b");
    }

    public static TheoryData<string> Kinds => ["lighttpd", "Apache", "nginx", "rclone"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_folder_that_somebody_removed_is_made_again(string kind)
    {
        var server = Server(kind);
        await using var storage = WebDavConformance.Open(server, "/dav/shaken", createRoot: true);
        await storage.WriteAsync("a/b/c", CloudContent.FromMemory(new byte[5]));
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(
            HttpMethod.Delete, server["address"].Replace("webdav://user@", "http://", StringComparison.Ordinal) + "/dav/shaken/a/");
        request.Headers.Authorization = new("Basic", Convert.ToBase64String("user:secret"u8));
        using var response = await client.SendAsync(request);
        Assert.True(response.IsSuccessStatusCode, $"{response.StatusCode}");
        Assert.Null(await storage.StatAsync("a/b/c"));
        await storage.WriteAsync("a/b/c", CloudContent.FromMemory(new byte[6]));
        Assert.Equal(6, (await storage.StatAsync("a/b/c"))!.Length);
        await storage.DeleteAsync("a/b/c");
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Every_server_refuses_a_wrong_password_and_a_missing_folder(string kind)
    {
        await Failing.CallAsync(
            () => WebDavConformance.Open(Server(kind), "/dav", "hunter2").StatAsync("a"), CloudErrorKind.Unauthorized, "check the user", "hunter2");
        await Failing.CallAsync(
            () => WebDavConformance.Open(Server(kind), "/dav/none/deep").StatAsync("a"), CloudErrorKind.NotFound, "create it or correct");
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task On_every_server_a_root_that_is_a_file_and_objects_below_objects_are_refused(string kind)
    {
        await using var storage = WebDavConformance.Open(Server(kind), "/dav/files", createRoot: true);
        await storage.WriteAsync("file", CloudContent.FromMemory(new byte[5]));
        await Failing.CallAsync(
            () => WebDavConformance.Open(Server(kind), "/dav/files/file").StatAsync("a"), CloudErrorKind.NotFound, "is a file");
        Assert.Null(await storage.StatAsync("file/below/it"));
        await Failing.CallAsync(
            () => storage.WriteAsync("file/below/it", CloudContent.FromMemory(new byte[1])), CloudErrorKind.InvalidName, "both an object");
        await storage.DeleteAsync("file");
    }

    [Fact]
    public async Task An_untrusted_certificate_is_refused_before_anything_is_sent()
    {
        using var server = new UntrustedServer();
        await Failing.EveryCallAsync(
            Open($"webdavs://user@{server.Host}/"), CloudErrorKind.Other, "is not safe, so nothing was sent", "hunter2");
        Assert.Equal(0, server.Requests);
    }

    [Fact]
    public async Task A_certificate_authority_of_the_users_own_can_be_trusted()
    {
        using var folder = new TemporaryFolder();
        using var server = new UntrustedServer("404 Not Found");
        await File.WriteAllTextAsync(folder["ca.pem"], server.Certificate);
        await Failing.CallAsync(
            () => Open($"webdavs://user@{server.Host}/?ca={folder["ca.pem"]}").StatAsync("a"), CloudErrorKind.NotFound, "There is no folder");
        Assert.True(server.Requests > 0);
    }

    [Theory]
    [InlineData("webdavs:///path", "webdavs://user@host/path")]
    [InlineData("webdav:host/path", "webdav://user@host/path")]
    [InlineData("webdav://host/?create-once=maybe", "create-once=true or create-once=false")]
    [InlineData("webdav://host/?qouta=true", "create-once, quota")]
    [InlineData("webdavs://host/?ca=/nowhere.pem", "PEM")]
    [InlineData("webdav://ho st/", "not the name of a host")]
    public void A_wrong_address_gets_one_sentence_that_helps(string url, string help)
    {
        var failure = Assert.Throws<CloudException>(() => Open(url));
        Assert.Equal(CloudErrorKind.InvalidAddress, failure.Kind);
        Assert.Contains(help, failure.Message);
    }

    [Fact]
    public async Task Nextcloud_tells_its_quota_and_names_with_its_own_prefixes()
    {
        await using var storage = Open("webdavs://user@cloud.example/remote.php/dav/files/user/drive", _ => (207,
            """
            <?xml version="1.0"?>
            <d:multistatus xmlns:d="DAV:" xmlns:oc="http://owncloud.org/ns"><d:response><d:href>/remote.php/dav/files/user/drive/</d:href>
            <d:propstat><d:prop><d:quota-used-bytes>300</d:quota-used-bytes><d:quota-available-bytes>700</d:quota-available-bytes></d:prop>
            <d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response></d:multistatus>
            """));
        Assert.True(storage.Capabilities.Quota);
        Assert.Equal(new CloudQuota(1000, 300, 700), await storage.GetQuotaAsync());
    }

    [Fact]
    public async Task A_quota_without_a_limit_is_unknown()
    {
        await using var storage = Open("webdavs://user@cloud.example/?quota=true", _ => (207,
            """<multistatus xmlns="DAV:"><response><href>/</href><propstat><prop><quota-used-bytes>3</quota-used-bytes><quota-available-bytes>-3</quota-available-bytes></prop></propstat></response></multistatus>"""));
        Assert.Equal(new CloudQuota(null, 3, null), await storage.GetQuotaAsync());
    }

    [Fact]
    public async Task Lists_are_understood_in_many_tastes()
    {
        // Whole addresses, encoded letters, a proxy's prefix, properties in groups, dates, a namespace of another name.
        await using var storage = Open("webdavs://user@cloud.example/x%20y/", _ => (207,
            """
            <D:multistatus xmlns:D="DAV:" xmlns:a="urn:a">
            <D:response><D:href>https://inner.example/pre/x%20y/</D:href><D:propstat><D:prop><D:resourcetype><D:collection/></D:resourcetype></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>
            <D:propstat><D:prop><D:getcontentlength/></D:prop><D:status>HTTP/1.1 404 Not Found</D:status></D:propstat></D:response>
            <D:response><D:href>https://inner.example/pre/x%20y/on%65</D:href><D:propstat><D:prop><a:other>5</a:other><D:resourcetype/><D:getcontentlength>12</D:getcontentlength><D:getlastmodified>Sun, 06 Nov 1994 08:49:37 GMT</D:getlastmodified></D:prop></D:propstat></D:response>
            <D:response><D:href>https://inner.example/pre/x%20y/.cuckoo-upload/</D:href><D:propstat><D:prop><D:resourcetype><D:collection/></D:resourcetype></D:prop></D:propstat></D:response>
            <D:response><D:href>https://inner.example/pre/x%20y/Not Ours</D:href><D:propstat><D:prop><D:getcontentlength>1</D:getcontentlength></D:prop></D:propstat></D:response>
            </D:multistatus>
            """));
        var found = new List<CloudObject>();
        await foreach (var each in storage.ListAsync(""))
            found.Add(each);
        Assert.Equal([new CloudObject("one", 12, new DateTimeOffset(1994, 11, 6, 8, 49, 37, TimeSpan.Zero))], found);
    }

    [Theory]
    [InlineData("<html>login please</html>")]
    [InlineData("<multistatus xmlns='DAV:'><response></response></multistatus>")]
    [InlineData("<!DOCTYPE a [<!ENTITY b 'c'>]><multistatus xmlns='DAV:'/>")]
    [InlineData("")]
    public Task Nonsense_is_not_taken_for_an_answer(string body) =>
        Failing.CallAsync(() => Open("webdavs://user@cloud.example/", _ => (207, body)).StatAsync("a"), CloudErrorKind.Corrupt, "makes no sense");

    [Theory]
    [InlineData("<multistatus xmlns='DAV:'><response><href>/a</href>")]
    [InlineData("<multistatus xmlns='DAV:'><response><href>/a</href></response></multistatus>Internal Server Error")]
    public Task An_answer_that_breaks_off_is_no_answer_but_may_be_asked_for_again(string body) =>
        Failing.CallAsync(() => Open("webdavs://user@cloud.example/", _ => (207, body)).StatAsync("a"), CloudErrorKind.Transient, "broke off");

    [Theory]
    [InlineData(400, CloudErrorKind.Other)]
    [InlineData(401, CloudErrorKind.Unauthorized)]
    [InlineData(403, CloudErrorKind.Forbidden)]
    [InlineData(405, CloudErrorKind.Other)]
    [InlineData(301, CloudErrorKind.Other)]
    [InlineData(423, CloudErrorKind.Transient)]
    [InlineData(429, CloudErrorKind.RateLimited)]
    [InlineData(500, CloudErrorKind.Transient)]
    [InlineData(503, CloudErrorKind.Transient)]
    [InlineData(507, CloudErrorKind.QuotaExceeded)]
    public Task Every_status_has_its_kind(int status, CloudErrorKind kind) =>
        Failing.CallAsync(() => Open("webdavs://user@cloud.example/", _ => (status, "")).StatAsync("a"), kind, "", "hunter2");

    [Fact]
    public async Task A_full_account_is_told_and_what_was_uploaded_is_removed()
    {
        var requests = new List<string>();
        await using var storage = Open("webdavs://user@cloud.example/", request =>
        {
            requests.Add($"{request.Method} {request.RequestUri!.AbsolutePath[..8]}");
            return (request.Method.Method switch { "PUT" => 507, "MKCOL" => 201, "PROPFIND" => 404, _ => 204 }, "");
        });
        await Failing.CallAsync(
            () => storage.WriteAsync("a", CloudContent.FromMemory(new byte[9])), CloudErrorKind.QuotaExceeded, "full");
        Assert.Equal(["MKCOL /.cuckoo", "PROPFIND /.cuckoo", "PUT /.cuckoo", "DELETE /.cuckoo"], requests);
    }

    /// <summary>A part that is less than was asked for must not pass for the end of the object.</summary>
    [Theory]
    [InlineData("bytes 10-14/100", 5, true, CloudErrorKind.Corrupt)]
    [InlineData("bytes 10-14/100", 5, false, CloudErrorKind.Corrupt)]
    [InlineData("bytes 10-29/100", 20, true, CloudErrorKind.Corrupt)]
    [InlineData("bytes 9-18/100", 10, true, CloudErrorKind.Corrupt)]
    [InlineData("bytes 10-19/100", 5, true, CloudErrorKind.Corrupt)]
    [InlineData("bytes 10-19/100", 5, false, CloudErrorKind.Transient)]
    [InlineData("bytes 10-14/15", 3, false, CloudErrorKind.Transient)]
    public async Task A_part_is_held_to_what_was_asked_for(string range, int sent, bool tellsLength, CloudErrorKind kind)
    {
        await using var storage = Open("webdavs://user@cloud.example/", () => new PartAnswers(range, sent, tellsLength));
        await Failing.CallAsync(() => storage.ReadAsync("a", 10, new byte[10]).AsTask(), kind, "sent");
    }

    [Theory]
    [InlineData("bytes 10-19/100", 10, 10, 10)]
    [InlineData("bytes 10-14/15", 5, 10, 5)]
    [InlineData("bytes 10-10/100", 1, 0, 0)]
    public async Task A_part_may_end_where_the_object_does(string range, int sent, int wanted, int read)
    {
        await using var storage = Open("webdavs://user@cloud.example/", () => new PartAnswers(range, sent, false));
        Assert.Equal(read, await storage.ReadAsync("a", 10, new byte[wanted]));
        await using var stream = await storage.OpenReadAsync("a", 10, wanted);
        using var copy = new MemoryStream();
        await stream.CopyToAsync(copy);
        Assert.Equal(read, copy.Length);
    }

    private static TestServer Server(string kind) => kind switch
    {
        "lighttpd" => TestServers.WebDav,
        "Apache" => TestServers.Apache,
        "nginx" => TestServers.Nginx,
        _ => TestServers.RcloneWebDav,
    };

    private static ICloudStorage Open(string url, Func<HttpRequestMessage, (int Status, string Body)>? answer = null) =>
        Open(url, answer is null ? null : () => new CannedAnswers(answer));

    private static ICloudStorage Open(string url, Func<HttpMessageHandler>? handler) =>
        CloudRegistry.Default.Open(url, new CloudOpenOptions
        {
            Credentials = new MemoryCredentialStore(CloudCredential.Empty.With(CloudSecret.Password, "hunter2")),
            HttpHandler = handler,
        });

    /// <summary>Answers every GET with one part; without a length only the end of the connection ends it, as with HTTP/1.0.</summary>
    private sealed class PartAnswers(string range, int sent, bool tellsLength) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.Method != HttpMethod.Get)
            {
                return Task.FromResult(new HttpResponseMessage(HttpStatusCode.MultiStatus)
                {
                    Content = new StringContent(
                        "<multistatus xmlns='DAV:'><response><href>/</href><propstat><prop><resourcetype><collection/></resourcetype></prop></propstat></response></multistatus>"),
                });
            }
            var body = new byte[sent];
            HttpContent content = tellsLength
                ? new ByteArrayContent(body)
                : new StreamContent(PipeReader.Create(new ReadOnlySequence<byte>(body)).AsStream());
            content.Headers.ContentRange = ContentRangeHeaderValue.Parse(range);
            return Task.FromResult(new HttpResponseMessage(HttpStatusCode.PartialContent) { Content = content });
        }
    }
}
