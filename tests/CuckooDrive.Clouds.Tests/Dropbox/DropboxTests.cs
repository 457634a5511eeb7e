using CuckooDrive.Clouds.Tests.Rest;
using CuckooDrive.Testing.Clouds;
using CuckooDrive.Testing.Emulators;
using CuckooDrive.Testing.Emulators.Dropbox;

namespace CuckooDrive.Clouds.Tests.Dropbox;

public sealed class DropboxTests : ProviderFailures
{
    private readonly DropboxEmulator _emulator = new() { PageSize = 3 };

    protected override int LargeSize => 17_000_000;

    protected override string WritePath => "/2/files/upload";

    protected override string DownloadPath => "/2/files/download";

    protected override CloudEmulator Emulator => _emulator;

    protected override int LeakedTokens => 0;

    // A session that is not finished cannot be ended; Dropbox forgets it after a week.
    protected override int OpenSessions => 0;

    [Theory]
    [InlineData("dropbox://host/path", "dropbox:/path")]
    [InlineData("dropbox:path", "dropbox:/path")]
    [InlineData("dropbox:/a/../b", "dropbox:/path")]
    [InlineData("dropbox:/a//b", "dropbox:/path")]
    [InlineData("dropbox:/a?colour=red", "colour")]
    public void A_wrong_address_gets_one_sentence_that_helps(string url, string help)
    {
        var failure = Assert.Throws<CloudException>(() => CloudRegistry.Default.Open(url));
        Assert.Equal(CloudErrorKind.InvalidAddress, failure.Kind);
        Assert.Contains(help, failure.Message);
    }

    [Fact]
    public async Task Changes_never_meet_however_many_there_are()
    {
        _emulator.RefusesParallelChanges = true;
        _emulator.AnswersBatchesLater = true;
        await using var storage = Open();
        await Task.WhenAll(Enumerable.Range(0, 40).Select(index => storage.WriteAsync($"p/{index}", CloudContent.FromMemory(Data(1000 + index)))));
        await storage.MoveAsync("p/0", "q/0");
        await Task.WhenAll(Enumerable.Range(1, 39).Select(index => storage.DeleteAsync($"p/{index}")));
        Assert.Equal(["q/0"], await storage.ListAsync("").Select(each => each.Name).ToListAsync());
    }

    [Fact]
    public async Task A_batch_in_which_one_fails_stores_the_others()
    {
        await using var storage = Open();
        await storage.WriteAsync("b/3", CloudContent.FromMemory(Data(10)));
        var writes = Enumerable.Range(0, 10).Select(index => storage.WriteAsync($"b/{index}", CloudContent.FromMemory(Data(100)))).ToList();
        for (var index = 0; index < 10; index++)
        {
            var failure = await Record.ExceptionAsync(() => writes[index]);
            Assert.Equal(index == 3 ? CloudErrorKind.AlreadyExists : null, (failure as CloudException)?.Kind);
        }
        Assert.Equal(Data(10), await DownloadAsync(storage, "b/3"));
        Assert.Equal(10, await storage.ListAsync("b/").CountAsync());
    }

    [Fact]
    public async Task A_batch_that_gets_lost_fails_all_who_are_in_it()
    {
        await using var storage = Open();
        await storage.WriteAsync("warm", CloudContent.FromMemory(Data(1)));
        _emulator.Faults.Add(new EmulatorFault { Path = "/2/files/upload", Status = 503, Times = 100 });
        var writes = Enumerable.Range(0, 5).Select(index => storage.WriteAsync($"l/{index}", CloudContent.FromMemory(Data(9)))).ToList();
        foreach (var write in writes)
            Assert.Equal(CloudErrorKind.Transient, (await Assert.ThrowsAsync<CloudException>(() => write)).Kind);
        _emulator.Faults.Clear();
        await storage.WriteAsync("l/0", CloudContent.FromMemory(Data(9)));
    }

    [Fact]
    public async Task A_missing_permission_is_not_mended_by_another_token()
    {
        await using var storage = Open();
        _emulator.Faults.Add(new EmulatorFault
        {
            Status = 401,
            Body = """{"error_summary":"missing_scope/","error":{".tag":"missing_scope","required_scope":"account_info.read"}}""",
        });
        var failure = await Assert.ThrowsAsync<CloudException>(() => storage.GetQuotaAsync());
        Assert.Equal(CloudErrorKind.Forbidden, failure.Kind);
        Assert.Contains("Permissions page", failure.Message);
        Assert.Equal(0, _emulator.Login.Refreshes);
    }

    [Fact]
    public async Task A_deletion_that_is_never_answered_does_not_stop_all_other_changes()
    {
        var time = new ManualTime();
        await using var storage = Open(_emulator.Options(time: time) with { CreateRoot = true });
        await storage.WriteAsync("a", CloudContent.FromMemory(Data(10)));
        await storage.WriteAsync("b", CloudContent.FromMemory(Data(10)));
        _emulator.Faults.Add(new EmulatorFault { Path = "/delete_v2", Delay = TimeSpan.FromDays(1) });
        using var stop = new CancellationTokenSource();
        var silent = storage.DeleteAsync("a", stop.Token);
        await UntilAsync(() => _emulator.Log.Count("/delete_v2") == 1);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => silent);

        time.Advance(TimeSpan.FromMinutes(5));
        await storage.DeleteAsync("b").WaitAsync(TimeSpan.FromMinutes(1));
        Assert.Null(await storage.StatAsync("b"));
    }

    /// <summary>A small object has the turn for as long as a slow line takes; what others have sent meanwhile is not sent again.</summary>
    [Fact]
    public async Task An_upload_waits_for_its_turn_as_long_as_a_slow_one_has_it()
    {
        var time = new ManualTime();
        await using var storage = Open(_emulator.Options(time: time) with { CreateRoot = true });
        await storage.WriteAsync("a", CloudContent.FromMemory(Data(10)));
        _emulator.Faults.Add(new EmulatorFault { Path = "/files/upload", Delay = TimeSpan.FromDays(1) });
        using var stop = new CancellationTokenSource();
        var slow = storage.WriteAsync("slow", CloudContent.FromMemory(Data(10)), stop.Token);
        await UntilAsync(() => _emulator.Log.Count("/files/upload") == 2);
        var waiting = storage.WriteAsync("b", CloudContent.FromMemory(Data(10)));
        await UntilAsync(() => _emulator.Log.Count("/upload_session/start") == 1);
        // It shows nowhere that it waits.
        await Task.Delay(TimeSpan.FromSeconds(1));

        time.Advance(TimeSpan.FromMinutes(5));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => slow);
        Assert.Equal(10, (await waiting.WaitAsync(TimeSpan.FromMinutes(1))).Length);
        Assert.Equal(1, _emulator.Log.Count("/upload_session/start"));
    }

    [Fact]
    public async Task A_list_that_does_not_go_on_is_not_taken_for_all_there_is() => Assert.Equal(
        CloudErrorKind.Transient,
        (await ListUpToAsync(new EmulatorFault
        {
            Path = "/list_folder/continue",
            Status = 409,
            Body = """{"error_summary":"path/not_found/","error":{".tag":"path","path":{".tag":"not_found"}}}""",
        })).Kind);

    [Fact]
    public async Task A_limit_says_how_long_to_wait_in_the_body_too()
    {
        await using var storage = Open();
        _emulator.Faults.Add(new EmulatorFault
        {
            Status = 429,
            Body = """{"error_summary":"too_many_requests/","error":{"reason":{".tag":"too_many_requests"},"retry_after":15}}""",
        });
        var failure = await Assert.ThrowsAsync<CloudException>(() => storage.GetQuotaAsync());
        Assert.Equal((CloudErrorKind.RateLimited, TimeSpan.FromSeconds(15)), (failure.Kind, failure.RetryAfter));
    }

    [Fact]
    public async Task Names_of_others_with_capitals_are_found_by_small_letters()
    {
        await using var storage = CloudRegistry.Default.Open("dropbox:/DRIVE", _emulator.Options() with { CreateRoot = true });
        await using var other = Open();
        await storage.WriteAsync("a/b", CloudContent.FromMemory(Data(5)));
        Assert.Equal(["a/b"], await other.ListAsync("").Select(each => each.Name).ToListAsync());
        Assert.Equal(Data(5), await DownloadAsync(other, "a/b"));
    }

    protected override ICloudStorage Open(CloudOpenOptions options) => CloudRegistry.Default.Open("dropbox:/drive", options);

    protected override void SpoilHashes(bool spoil) => _emulator.DamagesUploads = spoil;

    protected override void ExpireLinks()
    {
    }
}
