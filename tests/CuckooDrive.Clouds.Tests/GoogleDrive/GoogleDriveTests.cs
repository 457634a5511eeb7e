using CuckooDrive.Clouds.Tests.Rest;
using CuckooDrive.Testing.Clouds;
using CuckooDrive.Testing.Emulators;
using CuckooDrive.Testing.Emulators.GoogleDrive;

namespace CuckooDrive.Clouds.Tests.GoogleDrive;

public sealed class GoogleDriveTests : ProviderFailures
{
    private readonly GoogleDriveEmulator _emulator = new() { PageSize = 3 };

    protected override int LargeSize => 17_000_000;

    protected override string WritePath => "/upload/drive/v3/files";

    // What has an id in its path and is no upload.
    protected override string DownloadPath => "/drive/v3/files/1id";

    protected override CloudEmulator Emulator => _emulator;

    protected override int LeakedTokens => 0;

    // A session that is not finished takes no space; Google forgets it after a week.
    protected override int OpenSessions => 0;

    [Theory]
    [InlineData("gdrive://host/path", "gdrive:/path")]
    [InlineData("gdrive:path", "gdrive:/path")]
    [InlineData("gdrive:/a/../b", "gdrive:/path")]
    [InlineData("gdrive:/a?colour=red", "colour")]
    public void A_wrong_address_gets_one_sentence_that_helps(string url, string help)
    {
        var failure = Assert.Throws<CloudException>(() => CloudRegistry.Default.Open(url));
        Assert.Equal(CloudErrorKind.InvalidAddress, failure.Kind);
        Assert.Contains(help, failure.Message);
    }

    [Theory]
    [InlineData("rateLimitExceeded", CloudErrorKind.RateLimited)]
    [InlineData("userRateLimitExceeded", CloudErrorKind.RateLimited)]
    [InlineData("storageQuotaExceeded", CloudErrorKind.QuotaExceeded)]
    [InlineData("accessNotConfigured", CloudErrorKind.Forbidden)]
    [InlineData("anythingElse", CloudErrorKind.Forbidden)]
    public async Task The_reason_of_a_refusal_counts(string reason, CloudErrorKind kind)
    {
        await using var storage = Open();
        await storage.StatAsync("warm");
        _emulator.Faults.Add(new EmulatorFault
        {
            Path = "/upload/",
            Status = 403,
            Body = """{"error":{"code":403,"errors":[{"domain":"usageLimits","reason":"REASON"}]}}""".Replace("REASON", reason, StringComparison.Ordinal),
        });
        var failure = await Assert.ThrowsAsync<CloudException>(() => storage.WriteAsync("a", CloudContent.FromMemory(Data(10))));
        Assert.Equal(kind, failure.Kind);
    }

    [Fact]
    public async Task A_write_ends_although_the_look_after_it_is_never_answered()
    {
        var time = new ManualTime();
        await using var storage = Open(_emulator.Options(time: time) with { CreateRoot = true });
        await storage.WriteAsync("warm", CloudContent.FromMemory(Data(10)));
        var looks = _emulator.Log.Count("GET /drive/v3/files");
        _emulator.Faults.Add(new EmulatorFault { Path = "/upload/" });
        _emulator.Faults.Add(new EmulatorFault { Path = "/drive/v3/files", Delay = TimeSpan.FromDays(1) });
        using var stop = new CancellationTokenSource();
        var write = storage.WriteAsync("a", CloudContent.FromMemory(Data(10)), stop.Token);
        await UntilAsync(() => _emulator.Log.Count("GET /drive/v3/files") > looks);
        await stop.CancelAsync();

        time.Advance(TimeSpan.FromMinutes(2));
        var failure = await Assert.ThrowsAsync<CloudException>(() => write.WaitAsync(TimeSpan.FromMinutes(1)));
        Assert.Equal(CloudErrorKind.Transient, failure.Kind);
        // Whoever tries again is told that it is there.
        failure = await Assert.ThrowsAsync<CloudException>(() => storage.WriteAsync("a", CloudContent.FromMemory(Data(10))));
        Assert.Equal(CloudErrorKind.AlreadyExists, failure.Kind);
        Assert.Equal(Data(10), await DownloadAsync(storage, "a"));
    }

    [Fact]
    public async Task Of_several_with_one_name_everybody_takes_the_oldest()
    {
        var root = _emulator.AddFolder("drive");
        _emulator.AddFile("twice", root, Data(10));
        _emulator.AddFile("twice", root, Data(20));
        _emulator.AddFile("Twice", root, Data(30));
        await using var storage = Open();
        Assert.Equal(10, (await storage.StatAsync("twice"))!.Length);
        Assert.Equal(Data(10), await DownloadAsync(storage, "twice"));
        Assert.Equal(10, Assert.Single(await storage.ListAsync("").ToListAsync()).Length);
        var failure = await Assert.ThrowsAsync<CloudException>(() => storage.WriteAsync("twice", CloudContent.FromMemory(Data(40))));
        Assert.Equal(CloudErrorKind.AlreadyExists, failure.Kind);
        Assert.Equal(2, _emulator.Find("twice").Count);

        await storage.DeleteAsync("twice");
        Assert.Null(await storage.StatAsync("twice"));
        Assert.Single(_emulator.Find("Twice"));
    }

    [Fact]
    public async Task Several_folders_of_one_name_are_one_folder()
    {
        var root = _emulator.AddFolder("drive");
        var (first, second) = (_emulator.AddFolder("f", root), _emulator.AddFolder("f", root));
        _emulator.AddFile("a", second, Data(10));
        _emulator.AddFile("b", first, Data(20));
        _emulator.AddFile("b", second, Data(30));
        await using var storage = Open();
        Assert.Equal(Data(10), await DownloadAsync(storage, "f/a"));
        Assert.Equal(20, (await storage.StatAsync("f/b"))!.Length);
        var failure = await Assert.ThrowsAsync<CloudException>(() => storage.WriteAsync("f/a", CloudContent.FromMemory(Data(5))));
        Assert.Equal(CloudErrorKind.AlreadyExists, failure.Kind);
        Assert.Equal([("f/a", 10L), ("f/b", 20L)], await storage.ListAsync("f/").OrderBy(each => each.Name).Select(each => (each.Name, each.Length)).ToListAsync());
    }

    [Fact]
    public async Task A_folder_is_made_once_by_many_writers()
    {
        await using var storage = Open();
        await Task.WhenAll(Enumerable.Range(0, 12).Select(index => storage.WriteAsync($"deep/er/{index}", CloudContent.FromMemory(Data(index)))));
        Assert.Single(_emulator.Find("deep"));
        Assert.Single(_emulator.Find("er"));
        Assert.Equal(12, await storage.ListAsync("deep/").CountAsync());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_others_remove_and_write_anew_is_found(bool toTrash)
    {
        await using var one = Open();
        await using var other = Open();
        await one.WriteAsync("f/a", CloudContent.FromMemory(Data(10)));
        _emulator.Remove(_emulator.Find("f").Single(), toTrash);
        Assert.Null(await one.StatAsync("f/a"));
        await other.WriteAsync("f/a", CloudContent.FromMemory(Data(20)));
        Assert.Equal(20, (await one.StatAsync("f/a"))!.Length);
        Assert.Equal(Data(20), await DownloadAsync(one, "f/a"));
        Assert.Equal("f/a", Assert.Single(await one.ListAsync("").ToListAsync()).Name);
    }

    [Fact]
    public async Task Names_in_questions_are_quoted()
    {
        await using var storage = CloudRegistry.Default.Open(
            "gdrive:/it's%20a%20%5C%20or%20'root'%20in%20parents", _emulator.Options() with { CreateRoot = true });
        await storage.WriteAsync("a", CloudContent.FromMemory(Data(10)));
        Assert.Equal("a", Assert.Single(await storage.ListAsync("").ToListAsync()).Name);
        Assert.Single(_emulator.Find(@"it's a \ or 'root' in parents"));
    }

    protected override ICloudStorage Open(CloudOpenOptions options) => CloudRegistry.Default.Open("gdrive:/drive", options);

    protected override void SpoilHashes(bool spoil) => _emulator.DamagesUploads = spoil;

    protected override void ExpireLinks()
    {
    }
}
