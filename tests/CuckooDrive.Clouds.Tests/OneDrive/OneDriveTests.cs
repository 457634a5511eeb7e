using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using CuckooDrive.Clouds.Providers.OneDrive;
using CuckooDrive.Clouds.Tests.Rest;
using CuckooDrive.Testing.Clouds;
using CuckooDrive.Testing.Emulators;

namespace CuckooDrive.Clouds.Tests.OneDrive;

public sealed class OneDriveTests : ProviderFailures
{
    private readonly OneDriveEmulator _emulator = new() { PageSize = 3 };

    protected override int LargeSize => 11 << 20;

    protected override string WritePath => ":/content";

    protected override string DownloadPath => "/y/";

    protected override bool MayHideQuota => true;

    protected override CloudEmulator Emulator => _emulator;

    protected override int LeakedTokens => _emulator.LeakedTokens;

    protected override int OpenSessions => _emulator.OpenSessions;

    [Theory]
    [InlineData("onedrive://host/path", "onedrive:/path")]
    [InlineData("onedrive:path", "onedrive:/path")]
    [InlineData("onedrive:/a/b*", "no folder named 'b*'")]
    [InlineData("onedrive:/a/../b", "no folder named '..'")]
    [InlineData("onedrive:/a?colour=red", "unknown option 'colour'")]
    [InlineData("onedrive:/a?access=all", "access=files")]
    [InlineData("onedrive:/a?tenant=x%2Fy", "not the id of an organisation")]
    public void A_wrong_address_gets_one_sentence_that_helps(string url, string help)
    {
        var failure = Assert.Throws<CloudException>(() => CloudRegistry.Default.Open(url));
        Assert.Equal(CloudErrorKind.InvalidAddress, failure.Kind);
        Assert.Contains(help, failure.Message);
    }

    [Theory]
    [InlineData("onedrive:/a", "Files.ReadWrite.AppFolder", "common")]
    [InlineData("onedrive:/a?access=files&tenant=contoso.example", "Files.ReadWrite", "contoso.example")]
    public void The_address_tells_what_to_ask_for(string url, string scope, string tenant)
    {
        var endpoint = CloudRegistry.Default.SignInNeed(url).OAuth!;
        Assert.Equal([scope, "offline_access"], endpoint.Scopes);
        Assert.Contains($"/{tenant}/oauth2/", endpoint.Token.AbsolutePath);
    }

    [Fact]
    public async Task Names_that_OneDrive_refuses_are_stored_under_others()
    {
        string[] names = ["desktop.ini", "a/desktop.ini/b", "_vti_", "a_vti_vti_b", "forms/x", "plain"];
        await using var storage = Open();
        foreach (var name in names)
            await storage.WriteAsync(name, CloudContent.FromMemory(Data(name.Length)));
        Assert.Equal(names.Order(), await storage.ListAsync("").Select(each => each.Name).Order().ToListAsync());
        foreach (var name in names)
        {
            Assert.Equal(Data(name.Length), await DownloadAsync(storage, name));
            Assert.Equal(name, (await storage.StatAsync(name))!.Name);
        }
        await storage.MoveAsync("plain", "b/desktop.ini");
        Assert.Equal(["b/desktop.ini"], await storage.ListAsync("b/desktop.ini").Select(each => each.Name).ToListAsync());
    }

    [Fact]
    public async Task A_file_whose_name_differs_by_case_counts_as_existing()
    {
        await using var storage = Open();
        await storage.WriteAsync("a/readme", CloudContent.FromMemory(Data(5)));
        using var client = Client();
        using var taken = await client.PutAsync(
            new Uri($"https://graph.microsoft.com/v1.0/me/drive/root:/{OneDriveEmulator.AppFolder}/drive/A/OTHER:/content"), new ByteArrayContent(Data(9)));
        Assert.Equal(HttpStatusCode.Created, taken.StatusCode);
        var failure = await Assert.ThrowsAsync<CloudException>(() => storage.WriteAsync("a/other", CloudContent.FromMemory(Data(5))));
        Assert.Equal(CloudErrorKind.AlreadyExists, failure.Kind);
        // What is not ours is not listed.
        Assert.Equal(["a/readme"], await storage.ListAsync("").Select(each => each.Name).ToListAsync());
    }

    [Fact]
    public async Task Personal_accounts_are_compared_by_their_own_hash()
    {
        _emulator.IsBusiness = false;
        await using var storage = Open();
        await storage.WriteAsync("a", CloudContent.FromMemory(Data(1000)));
        Assert.Null((await storage.StatAsync("a"))!.Hash);
        SpoilHashes(true);
        var failure = await Assert.ThrowsAsync<CloudException>(() => storage.WriteAsync("b", CloudContent.FromMemory(Data(1000))));
        Assert.Equal(CloudErrorKind.Corrupt, failure.Kind);
    }

    [Fact]
    public async Task A_quota_that_may_not_be_seen_is_unknown()
    {
        await using var storage = Open();
        _emulator.Faults.Add(new EmulatorFault { Status = 403, Path = "/me/drive", Body = """{"error":{"code":"accessDenied"}}""" });
        Assert.Equal(default, await storage.GetQuotaAsync());
    }

    [Fact]
    public async Task The_token_does_not_follow_a_list_to_another_host()
    {
        await using var storage = Open();
        for (var index = 0; index < 5; index++)
            await storage.WriteAsync($"n{index}", CloudContent.FromMemory(Data(1)));
        _emulator.NextLinkHost = OneDriveEmulator.DownloadHost;
        var failure = await Assert.ThrowsAsync<CloudException>(() => storage.ListAsync("").ToListAsync().AsTask());
        Assert.Equal(CloudErrorKind.Corrupt, failure.Kind);
        Assert.Equal(0, _emulator.LeakedTokens);
    }

    [Fact]
    public async Task A_root_that_vanishes_is_noticed()
    {
        var time = new ManualTime();
        await using var storage = Open(_emulator.Options(time: time) with { CreateRoot = true });
        await storage.WriteAsync("a", CloudContent.FromMemory(Data(10)));
        Assert.Null(await storage.StatAsync("b"));
        _emulator.RemoveAppFolder();
        time.Advance(TimeSpan.FromMinutes(1));
        await using var again = Open(_emulator.Options(time: time));
        Assert.Equal(CloudErrorKind.NotFound, (await Assert.ThrowsAsync<CloudException>(() => again.StatAsync("a"))).Kind);
        Assert.Equal(CloudErrorKind.NotFound, (await Assert.ThrowsAsync<CloudException>(() => again.DeleteAsync("a"))).Kind);
    }

    [Fact]
    public async Task A_root_that_vanishes_is_noticed_by_a_list_also_a_moment_after_it_was_seen()
    {
        await using (var making = Open())
            await making.WriteAsync("a/b", CloudContent.FromMemory(Data(10)));
        await using var storage = Open(_emulator.Options());
        Assert.Single(await storage.ListAsync("").ToListAsync());
        _emulator.RemoveAppFolder();
        Assert.Equal(
            CloudErrorKind.NotFound, (await Assert.ThrowsAsync<CloudException>(() => storage.ListAsync("").ToListAsync().AsTask())).Kind);
        Assert.Equal(
            CloudErrorKind.NotFound, (await Assert.ThrowsAsync<CloudException>(() => storage.ListAsync("a/").ToListAsync().AsTask())).Kind);
    }

    [Fact]
    public async Task A_list_that_does_not_go_on_is_not_taken_for_all_there_is() => Assert.Equal(
        CloudErrorKind.Transient,
        (await ListUpToAsync(new EmulatorFault { Path = "/children", Status = 404, Body = """{"error":{"code":"itemNotFound"}}""" })).Kind);

    [Fact]
    public async Task The_emulator_refuses_fragments_of_a_wrong_size_or_place()
    {
        using var client = Client();
        using var begun = await client.PostAsJsonAsync(
            "https://graph.microsoft.com/v1.0/me/drive/special/approot:/x:/createUploadSession", new JsonObject());
        var session = (await begun.Content.ReadFromJsonAsync<JsonObject>())!["uploadUrl"]!.GetValue<string>();
        const int Unit = 320 << 10;
        Assert.Equal(HttpStatusCode.BadRequest, await PutAsync(0, 1000, 3 * Unit));
        Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, await PutAsync(Unit, Unit, 3 * Unit));
        Assert.Equal(HttpStatusCode.Accepted, await PutAsync(0, Unit, 3 * Unit));
        Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, await PutAsync(0, Unit, 3 * Unit));
        Assert.Equal(HttpStatusCode.BadRequest, await PutAsync(Unit, Unit, 4 * Unit));
        Assert.Equal(HttpStatusCode.Created, await PutAsync(Unit, 2 * Unit, 3 * Unit));

        async Task<HttpStatusCode> PutAsync(long offset, int count, long total)
        {
            using var body = new ByteArrayContent(new byte[count]);
            body.Headers.ContentRange = new(offset, offset + count - 1, total);
            client.DefaultRequestHeaders.Authorization = null;
            using var answer = await client.PutAsync(session, body);
            return answer.StatusCode;
        }
    }

    protected override ICloudStorage Open(CloudOpenOptions options) =>
        OneDriveStorage.Provider.Open(CloudAddress.Parse("onedrive:/drive"), options);

    protected override void SpoilHashes(bool spoil) => _emulator.WrongHashBytes = spoil ? 1 : 0;

    protected override void ExpireLinks() => _emulator.ExpireLinks();

    private HttpClient Client()
    {
        var client = new HttpClient(new EmulatorHandler(_emulator));
        client.DefaultRequestHeaders.Authorization = new("Bearer", _emulator.Login.SignIn()[CloudSecret.AccessToken]);
        return client;
    }
}
