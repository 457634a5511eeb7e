using CuckooDrive.Testing.Clouds;
using CuckooDrive.Testing.Emulators;
using CuckooDrive.Testing.Servers;
using Xunit;

namespace CuckooDrive.Clouds.Tests.Servers;

/// <summary>Logins by Keystone, emulated, whose tokens the real Swift takes; and rclone as the judge of both.</summary>
public sealed class SwiftKeystoneTests : IDisposable
{
    private const string Named =
        $"&user={KeystoneEmulator.User}&user-domain={KeystoneEmulator.UserDomain}&project={KeystoneEmulator.Project}" +
        $"&project-domain={KeystoneEmulator.ProjectDomain}&region={KeystoneEmulator.Region}";

    private readonly KeystoneEmulator _keystone = new(TestServers.Swift["auth"], TestServers.Swift["user"], TestServers.Swift["password"]);

    public void Dispose() => _keystone.Dispose();

    [Theory]
    [InlineData(Named)]
    [InlineData($"&application-credential={KeystoneEmulator.ApplicationId}&region={KeystoneEmulator.Region}")]
    public async Task Users_and_applications_are_let_in_to_their_region(string options)
    {
        await using var storage = Open(options);
        await storage.WriteAsync("a/b", CloudContent.FromMemory(new byte[5]));
        Assert.Equal(5, (await storage.StatAsync("a/b"))!.Length);
        await storage.DeleteAsync("a/b");
        Assert.Equal(1, Logins);
    }

    [Fact]
    public async Task A_token_that_is_refused_is_renewed_once_for_all_who_wait()
    {
        _keystone.WorthlessTokens = 1;
        await using var storage = Open(Named);
        await Task.WhenAll(Enumerable.Range(0, 10).Select(
            number => storage.WriteAsync($"many/{number}", CloudContent.FromMemory(new byte[100_000 * number]))));
        Assert.Equal(2, Logins);
        foreach (var number in Enumerable.Range(0, 10))
            await storage.DeleteAsync($"many/{number}");
    }

    [Fact]
    public async Task A_token_is_renewed_before_it_ends()
    {
        var time = new ManualTime();
        _keystone.Expires = time.GetUtcNow().AddHours(1);
        await using var storage = Open(Named, time: time);
        Assert.Null(await storage.StatAsync("a"));
        time.Advance(TimeSpan.FromMinutes(58));
        Assert.Null(await storage.StatAsync("a"));
        Assert.Equal(1, Logins);
        time.Advance(TimeSpan.FromMinutes(1.5));
        _keystone.Expires = time.GetUtcNow().AddHours(1);
        Assert.Null(await storage.StatAsync("a"));
        Assert.Equal(2, Logins);
    }

    [Fact]
    public async Task A_service_that_refuses_new_tokens_too_is_told()
    {
        _keystone.WorthlessTokens = 10;
        await using var storage = Open(Named);
        await Failing.CallAsync(() => storage.StatAsync("a"), CloudErrorKind.Unauthorized, "refuses even a new token");
        Assert.Equal(2, Logins);
    }

    [Theory]
    [InlineData("&user-domain=strangers")]
    [InlineData("&project=other")]
    public Task What_Keystone_does_not_know_is_told(string instead) => Failing.EveryCallAsync(
        Open(string.Join('&', Named.Split('&').Select(each => each.Split('=')[0] == instead[1..].Split('=')[0] ? instead[1..] : each))),
        CloudErrorKind.Unauthorized,
        "the project and the domains",
        KeystoneEmulator.Password);

    [Theory]
    [InlineData("")]
    [InlineData("&region=west")]
    public Task A_region_must_be_one_of_the_catalogue(string region) => Failing.EveryCallAsync(
        Open($"&application-credential={KeystoneEmulator.ApplicationId}{region}"),
        CloudErrorKind.Other,
        "in these regions: south, north; say which by region=NAME");

    [Fact]
    public async Task The_interface_is_chosen_from_the_catalogue()
    {
        // Nobody listens where the catalogue has the internal one.
        await using var storage = Open($"{Named}&interface=internal");
        var failure = await Assert.ThrowsAsync<CloudException>(() => storage.StatAsync("a"));
        Assert.Equal(CloudErrorKind.Transient, failure.Kind);
        Assert.Equal(1, Logins);
    }

    [Fact]
    public async Task Rclone_accepts_both_logins_and_understands_what_the_provider_wrote()
    {
        using var keystone = new Rclone(
            _keystone,
            "type = swift",
            $"auth = {_keystone.AuthAddress}",
            "auth_version = 3",
            $"user = {KeystoneEmulator.User}",
            $"key = {KeystoneEmulator.Password}",
            $"domain = {KeystoneEmulator.UserDomain}",
            $"tenant = {KeystoneEmulator.Project}",
            $"tenant_domain = {KeystoneEmulator.ProjectDomain}",
            $"region = {KeystoneEmulator.Region}");
        using var direct = new Rclone(
            _keystone,
            "type = swift",
            $"auth = {TestServers.Swift["auth"]}",
            "auth_version = 1",
            $"user = {TestServers.Swift["user"]}",
            $"key = {TestServers.Swift["password"]}");
        await using var storage = Open(Named);
        using var local = new TemporaryFolder();
        var data = new byte[300_001];
        new Random(1).NextBytes(data);
        await File.WriteAllBytesAsync(local["theirs"], data);
        foreach (var rclone in new[] { keystone, direct })
        {
            await rclone.RunAsync("copy", local.Path, "cloud:keystone/prefix");
            await storage.WriteAsync("ours", CloudContent.FromMemory(data));
            Assert.Equal(["ours", "theirs"], await rclone.LinesAsync("lsf", "cloud:keystone/prefix"));
            Assert.Equal(data, await rclone.RunAsync("cat", "cloud:keystone/prefix/ours"));
            await rclone.RunAsync("check", local.Path, "cloud:keystone/prefix", "--one-way");
            var found = await storage.ListAsync("").SingleAsync(each => each.Name == "theirs");
            Assert.True(ContentHash.AreEqual(found.Hash!, (await ContentHash.ComputeAsync(CloudHashKind.Md5, CloudContent.FromMemory(data)))!));
            await rclone.RunAsync("deletefile", "cloud:keystone/prefix/ours");
            await storage.DeleteAsync("theirs");
            Assert.Empty(await storage.ListAsync("").ToListAsync());
        }
    }

    private int Logins => _keystone.Log.Count("POST /v3/auth/tokens");

    private ICloudStorage Open(string options, TimeProvider? time = null) => CloudRegistry.Default.Open(
        $"swift://keystone/prefix?auth={_keystone.AuthAddress}{options}",
        new CloudOpenOptions
        {
            CreateRoot = true,
            Credentials = new MemoryCredentialStore(CloudCredential.Empty
                .With(CloudSecret.Password, KeystoneEmulator.Password)
                .With(CloudSecret.SecretKey, KeystoneEmulator.ApplicationSecret)),
            Time = time ?? TimeProvider.System,
        });
}
