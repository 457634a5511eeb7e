using CuckooDrive.Testing.Servers;
using Xunit;

namespace CuckooDrive.Clouds.Tests.Servers;

/// <summary>What users of Swift do wrong, and what a full one, a limited one and other services say.</summary>
public sealed class SwiftTests
{
    private const string Made = "swift://container?auth=https://swift.example/auth/v1.0&user=me";

    [Fact]
    public Task A_wrong_password_is_told() =>
        Failing.EveryCallAsync(SwiftConformance.Open("cuckoo", password: "hunter2"), CloudErrorKind.Unauthorized, "check the secret", "hunter2");

    [Fact]
    public Task A_missing_password_is_told() => Failing.EveryCallAsync(
        CloudRegistry.Default.Open($"swift://cuckoo?auth={TestServers.Swift["auth"]}&user=me"),
        CloudErrorKind.Unauthorized,
        "sign in to this cloud first");

    [Fact]
    public Task A_missing_container_is_told_and_not_made() => Failing.EveryCallAsync(
        SwiftConformance.Open("nobody-made-this", createRoot: false), CloudErrorKind.NotFound, "create it or correct the address");

    [Fact]
    public async Task Somebody_without_rights_is_told()
    {
        await using (var owner = SwiftConformance.Open("private"))
            Assert.Null(await owner.StatAsync("a"));
        await Failing.EveryCallAsync(
            CloudRegistry.Default.Open($"swift://private?auth={TestServers.Swift["auth"]}&user={TestServers.Swift["guest"]}", new CloudOpenOptions
            {
                Credentials = new MemoryCredentialStore(CloudCredential.Empty.With(CloudSecret.Password, TestServers.Swift["guest-password"])),
            }),
            CloudErrorKind.Forbidden,
            "check its roles");
    }

    [Fact]
    public async Task A_corrected_password_is_used_by_the_next_call()
    {
        var store = new MemoryCredentialStore(CloudCredential.Empty.With(CloudSecret.Password, "wrong"));
        await using var storage = CloudRegistry.Default.Open(
            $"swift://corrected?auth={TestServers.Swift["auth"]}&user={TestServers.Swift["user"]}",
            new CloudOpenOptions { Credentials = store, CreateRoot = true });
        await Failing.CallAsync(() => storage.StatAsync("a"), CloudErrorKind.Unauthorized, "check the secret");
        await store.WriteAsync(CloudCredential.Empty.With(CloudSecret.Password, TestServers.Swift["password"]));
        Assert.Null(await storage.StatAsync("a"));
    }

    [Fact]
    public async Task A_container_and_a_prefix_of_any_letters_are_used_as_they_are()
    {
        await using var storage = SwiftConformance.Open("Größe%20100%25/a+b ü%3Fx");
        await storage.WriteAsync("a/b", CloudContent.FromMemory(new byte[5]));
        Assert.Equal(["a/b"], await storage.ListAsync("a/").Select(each => each.Name).ToListAsync());
        using var raw = await SwiftAccount.SendAsync(HttpMethod.Get, "/Gr%C3%B6%C3%9Fe%20100%25");
        Assert.Equal("a+b ü?x/a/b\n", await raw.Content.ReadAsStringAsync());
        await storage.DeleteAsync("a/b");
    }

    [Fact]
    public async Task A_full_container_is_told_and_its_room_is_known()
    {
        await using var storage = SwiftConformance.Open("narrow", "&quota=true");
        await storage.WriteAsync("small", CloudContent.FromMemory(new byte[1000]));
        using (var set = await SwiftAccount.SendAsync(HttpMethod.Post, "/narrow", ("X-Container-Meta-Quota-Bytes", "5000")))
            Assert.True(set.IsSuccessStatusCode);
        Assert.Equal(new CloudQuota(5000, 1000, 4000), await storage.GetQuotaAsync());
        await Failing.CallAsync(
            () => storage.WriteAsync("large", CloudContent.FromMemory(new byte[200_000])), CloudErrorKind.QuotaExceeded, "full");
        Assert.Null(await storage.StatAsync("large"));
        await storage.DeleteAsync("small");
    }

    [Fact]
    public async Task What_is_too_large_is_told()
    {
        await using var storage = SwiftConformance.Open("cuckoo");
        await Failing.CallAsync(() => storage.WriteAsync("a", new HugeContent()), CloudErrorKind.TooLarge, "5 GiB");
    }

    [Fact]
    public async Task An_untrusted_certificate_is_refused_before_anything_is_sent()
    {
        using var server = new UntrustedServer();
        foreach (var path in new[] { "v3", "auth/v1.0" })
        {
            await Failing.EveryCallAsync(
                Open($"swift://container?auth=https://{server.Host}/{path}&user=me"),
                CloudErrorKind.Other,
                "is not safe, so nothing was sent",
                "hunter2");
        }
        Assert.Equal(0, server.Requests);
    }

    [Theory]
    [InlineData("swift:container", "swift://container/prefix")]
    [InlineData("swift:///prefix?auth=https://host/v3&user=me", "swift://container/prefix")]
    [InlineData("swift://me@container?auth=https://host/v3", "swift://container/prefix")]
    [InlineData("swift://container", "auth=https://host:5000/v3")]
    [InlineData("swift://container?auth=host/v3&user=me", "auth=https://host:5000/v3")]
    [InlineData("swift://container?auth=https://a:b@host/v3&user=me", "auth=https://host:5000/v3")]
    [InlineData("swift://container?auth=https://host&user=me", "auth-version=3")]
    [InlineData("swift://container?auth=https://host&auth-version=2&user=me", "auth-version=1 or auth-version=3")]
    [InlineData("swift://container?auth=https://host/v3", "user=NAME")]
    [InlineData("swift://container?auth=https://host/v1.0&user=me&project=p", "is for Keystone")]
    [InlineData("swift://container?auth=https://host/v3&application-credential=1&user=me", "leave it out")]
    [InlineData("swift://container?auth=https://host/v3&user=me&interface=outer", "public, internal or admin")]
    [InlineData("swift://container/../x?auth=https://host/v3&user=me", "choose another one")]
    [InlineData("swift://container?auth=https://host/v3&user=me&quota=1", "quota=true")]
    [InlineData("swift://container?auth=https://host/v3&user=me&regoin=x", "auth, auth-version")]
    public void A_wrong_address_gets_one_sentence_that_helps(string url, string help)
    {
        var failure = Assert.Throws<CloudException>(() => Open(url));
        Assert.Equal(CloudErrorKind.InvalidAddress, failure.Kind);
        Assert.Contains(help, failure.Message);
        Assert.EndsWith(".", failure.Message);
    }

    [Theory]
    [InlineData(202, "", CloudErrorKind.Transient, "newer change")]
    [InlineData(400, "", CloudErrorKind.Other, "status 400")]
    [InlineData(403, "", CloudErrorKind.Forbidden, "check its roles")]
    [InlineData(404, "", CloudErrorKind.NotFound, "no container")]
    [InlineData(408, "", CloudErrorKind.Transient, "in trouble")]
    [InlineData(409, "", CloudErrorKind.Transient, "interrupted")]
    [InlineData(412, "", CloudErrorKind.AlreadyExists, "exists")]
    [InlineData(413, "<html><h1>Request Entity Too Large</h1><p>Upload exceeds quota.</p></html>", CloudErrorKind.QuotaExceeded, "full")]
    [InlineData(413, "<html><h1>Request Entity Too Large</h1><p>The body of your request was too large.</p></html>", CloudErrorKind.TooLarge, "larger")]
    [InlineData(422, "", CloudErrorKind.Corrupt, "other bytes")]
    [InlineData(429, "", CloudErrorKind.RateLimited, "fewer requests")]
    [InlineData(498, "", CloudErrorKind.RateLimited, "fewer requests")]
    [InlineData(500, "", CloudErrorKind.Transient, "in trouble")]
    [InlineData(503, "", CloudErrorKind.Transient, "in trouble")]
    [InlineData(507, "", CloudErrorKind.QuotaExceeded, "full")]
    public async Task Every_status_has_its_kind(int status, string body, CloudErrorKind kind, string hint)
    {
        var requests = 0;
        await using var storage = Open(Made, new SwiftAnswers
        {
            Answer = _ =>
            {
                requests++;
                return (status, body);
            },
        });
        await Failing.CallAsync(() => storage.WriteAsync("a", CloudContent.FromMemory(new byte[9])), kind, hint, "hunter2");
        Assert.Equal(1, requests);
    }

    [Theory]
    [InlineData(401, CloudErrorKind.Unauthorized, "check the secret")]
    [InlineData(403, CloudErrorKind.Unauthorized, "check the secret")]
    [InlineData(300, CloudErrorKind.Other, "check the option 'auth'")]
    [InlineData(404, CloudErrorKind.Other, "check the option 'auth'")]
    [InlineData(429, CloudErrorKind.RateLimited, "fewer requests")]
    [InlineData(503, CloudErrorKind.Transient, "in trouble")]
    public Task Every_status_of_a_login_has_its_kind(int status, CloudErrorKind kind, string hint) => Failing.CallAsync(
        () => Open(Made, new SwiftAnswers { LoginStatus = status }).StatAsync("a"), kind, hint, "hunter2");

    [Fact]
    public async Task A_refused_password_is_not_tried_again_at_once()
    {
        var answers = new SwiftAnswers { LoginStatus = 401 };
        await Failing.EveryCallAsync(Open(Made, answers), CloudErrorKind.Unauthorized, "check the secret", "hunter2");
        Assert.Equal(1, answers.Logins);
    }

    [Fact]
    public Task Data_is_not_sent_in_the_clear_after_a_safe_login() => Failing.EveryCallAsync(
        Open(Made, new SwiftAnswers { Storage = "http://swift.example/v1/AUTH_us" }), CloudErrorKind.Other, "in the clear", "hunter2");

    [Fact]
    public async Task An_object_that_arrived_damaged_is_removed_again()
    {
        var methods = new List<string>();
        await using var storage = Open(Made, new SwiftAnswers
        {
            ETag = "d41d8cd98f00b204e9800998ecf8427e",
            Answer = request =>
            {
                methods.Add(request.Method.Method);
                return (request.Method == HttpMethod.Put ? 201 : 204, "");
            },
        });
        await Failing.CallAsync(
            () => storage.WriteAsync("a", CloudContent.FromMemory(new byte[9])), CloudErrorKind.Corrupt, "removed again");
        Assert.Equal(["PUT", "DELETE"], methods);
    }

    [Theory]
    [InlineData("<html>login please</html>")]
    [InlineData("{}")]
    [InlineData("[{\"bytes\": 5}]")]
    [InlineData("[{\"name\": \"a\"}]")]
    [InlineData("[{\"name\": \"\", \"bytes\": 5}]")]
    [InlineData("")]
    public async Task Nonsense_is_not_taken_for_a_list(string body)
    {
        await using var storage = Open(Made, new SwiftAnswers { Answer = _ => (200, body) });
        await Failing.CallAsync(() => storage.ListAsync("").ToListAsync().AsTask(), CloudErrorKind.Corrupt, "makes no sense");
    }

    [Fact]
    public async Task A_list_that_does_not_go_on_ends()
    {
        await using var storage = Open(Made, new SwiftAnswers { Answer = _ => (200, """[{"name": "a", "bytes": 5}]""") });
        await Failing.CallAsync(() => storage.ListAsync("").ToListAsync().AsTask(), CloudErrorKind.Corrupt, "makes no sense");
    }

    private static ICloudStorage Open(string url, SwiftAnswers? answers = null) => CloudRegistry.Default.Open(url, new CloudOpenOptions
    {
        Credentials = new MemoryCredentialStore(
            CloudCredential.Empty.With(CloudSecret.Password, "hunter2").With(CloudSecret.SecretKey, "hunter2")),
        HttpHandler = answers is null ? null : () => answers,
    });

    private sealed class HugeContent : CloudContent
    {
        public override long Length => (5L << 30) + 1;

        public override Stream Open() => throw new InvalidOperationException("Nothing of it is to be read.");
    }
}
