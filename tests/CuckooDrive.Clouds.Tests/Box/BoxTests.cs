using CuckooDrive.Clouds.Providers.Box;
using CuckooDrive.Clouds.Tests.Rest;
using CuckooDrive.Testing.Clouds;
using CuckooDrive.Testing.Emulators;

namespace CuckooDrive.Clouds.Tests.Box;

public sealed class BoxTests : ProviderFailures
{
    private readonly BoxEmulator _emulator = new() { PageSize = 3 };

    protected override int LargeSize => 21_000_000;

    protected override string WritePath => "/api/2.0/files/content";

    protected override string DownloadPath => "/d/";

    protected override CloudEmulator Emulator => _emulator;

    protected override int LeakedTokens => _emulator.LeakedTokens;

    protected override int OpenSessions => _emulator.OpenSessions;

    [Theory]
    [InlineData("box://host/path", "box:/path")]
    [InlineData("box:path", "box:/path")]
    [InlineData("box:/a/../b", "no folder named '..'")]
    [InlineData("box:/a/ b", "no folder named ' b'")]
    [InlineData("box:/a?colour=red", "unknown option 'colour'")]
    [InlineData("box:/a?trash=burn", "trash=keep")]
    public void A_wrong_address_gets_one_sentence_that_helps(string url, string help)
    {
        var failure = Assert.Throws<CloudException>(() => CloudRegistry.Default.Open(url));
        Assert.Equal(CloudErrorKind.InvalidAddress, failure.Kind);
        Assert.Contains(help, failure.Message);
    }

    [Fact]
    public async Task A_commit_that_is_not_ready_is_asked_for_again()
    {
        var time = new ManualTime();
        await using var storage = Open(_emulator.Options(time: time) with { CreateRoot = true });
        await storage.StatAsync("warm");
        _emulator.UnreadyCommits = 3;
        var data = Data(LargeSize);
        var write = storage.WriteAsync("a", CloudContent.FromMemory(data));
        while (!write.IsCompleted)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.WhenAny(write, Task.Delay(10));
        }
        await write;
        Assert.Equal(0, _emulator.UnreadyCommits);
        Assert.Equal(data, await DownloadAsync(storage, "a"));
    }

    [Theory]
    [InlineData("box:/drive", false, 0)]
    [InlineData("box:/drive?trash=keep", false, 1000)]
    [InlineData("box:/drive", true, 1000)]
    public async Task Deleted_objects_leave_the_trash_where_that_is_allowed(string url, bool isProtected, long used)
    {
        _emulator.ProtectsTrash = isProtected;
        await using var storage = BoxStorage.Provider.Open(CloudAddress.Parse(url), _emulator.Options() with { CreateRoot = true });
        await storage.WriteAsync("a", CloudContent.FromMemory(Data(1000)));
        await storage.DeleteAsync("a");
        Assert.Null(await storage.StatAsync("a"));
        Assert.Equal(used, _emulator.Used);
    }

    [Fact]
    public async Task Folders_that_others_remove_and_make_anew_are_found()
    {
        await using var one = Open();
        await using var other = Open();
        await one.WriteAsync("f/g/a", CloudContent.FromMemory(Data(10)));
        _emulator.RemoveFolder("drive");
        await other.WriteAsync("f/g/b", CloudContent.FromMemory(Data(20)));

        Assert.Null(await one.StatAsync("f/g/a"));
        Assert.Equal(20, (await one.StatAsync("f/g/b"))!.Length);
        Assert.Equal(Data(20), await DownloadAsync(one, "f/g/b"));
        Assert.Equal(["f/g/b"], await one.ListAsync("f/").Select(each => each.Name).ToListAsync());
    }

    [Fact]
    public async Task A_list_of_a_folder_that_others_made_anew_shows_what_is_in_the_new_one()
    {
        await using var one = Open();
        await using var other = Open();
        await one.WriteAsync("f/g/a", CloudContent.FromMemory(Data(10)));
        _emulator.RemoveFolder("drive");
        await other.WriteAsync("f/g/b", CloudContent.FromMemory(Data(20)));
        Assert.Equal(["f/g/b"], await one.ListAsync("f/g/").Select(each => each.Name).ToListAsync());
        _emulator.RemoveFolder("drive");
        Assert.Empty(await one.ListAsync("f/g/").ToListAsync());
    }

    [Fact]
    public async Task A_write_into_a_folder_that_vanished_is_tried_again_in_a_new_one()
    {
        await using var storage = Open();
        await storage.WriteAsync("f/a", CloudContent.FromMemory(Data(10)));
        _emulator.RemoveFolder("drive");
        var failure = await Assert.ThrowsAsync<CloudException>(() => storage.WriteAsync("f/b", CloudContent.FromMemory(Data(10))));
        Assert.Equal(CloudErrorKind.Transient, failure.Kind);
        await storage.WriteAsync("f/b", CloudContent.FromMemory(Data(10)));
        Assert.Equal(["f/b"], await storage.ListAsync("").Select(each => each.Name).ToListAsync());
    }

    [Fact]
    public async Task A_root_that_vanishes_is_noticed()
    {
        await using (var making = Open())
            await making.WriteAsync("a", CloudContent.FromMemory(Data(10)));
        await using var storage = Open(_emulator.Options());
        Assert.Equal(10, (await storage.StatAsync("a"))!.Length);
        _emulator.RemoveFolder("drive");
        foreach (var call in new Func<Task>[]
        {
            () => storage.ListAsync("").ToListAsync().AsTask(),
            () => storage.StatAsync("a"),
            () => storage.DeleteAsync("a"),
        })
            Assert.Equal(CloudErrorKind.NotFound, (await Assert.ThrowsAsync<CloudException>(call)).Kind);
    }

    [Fact]
    public async Task A_list_that_does_not_go_on_is_not_taken_for_all_there_is() => Assert.Equal(
        CloudErrorKind.Transient,
        (await ListUpToAsync(new EmulatorFault { Path = "/items", Status = 404, Body = """{"type":"error","status":404,"code":"not_found"}""" })).Kind);

    [Fact]
    public async Task A_folder_that_Box_shows_and_does_not_list_is_not_taken_for_empty()
    {
        await using var storage = Open();
        await storage.WriteAsync("f/a", CloudContent.FromMemory(Data(10)));
        _emulator.Faults.Add(new EmulatorFault { Path = "/items", Status = 404, Body = """{"type":"error","status":404,"code":"not_found"}""" });
        var failure = await Assert.ThrowsAsync<CloudException>(() => storage.ListAsync("f/").ToListAsync().AsTask());
        Assert.Equal(CloudErrorKind.Transient, failure.Kind);
    }

    [Fact]
    public async Task Another_upload_of_the_same_name_may_be_waited_for()
    {
        await using var storage = Open();
        await storage.StatAsync("warm");
        _emulator.Faults.Add(new EmulatorFault
        {
            Path = WritePath,
            Status = 409,
            Body = """{"type":"error","status":409,"code":"name_temporarily_reserved"}""",
        });
        var failure = await Assert.ThrowsAsync<CloudException>(() => storage.WriteAsync("a", CloudContent.FromMemory(Data(10))));
        Assert.Equal(CloudErrorKind.Transient, failure.Kind);
        await storage.WriteAsync("a", CloudContent.FromMemory(Data(10)));
    }

    [Fact]
    public async Task What_is_read_under_a_remembered_id_is_looked_up_anew_when_that_is_gone()
    {
        await using var one = Open();
        await using var other = Open();
        await one.WriteAsync("a", CloudContent.FromMemory(Data(10)));
        await other.DeleteAsync("a");
        Assert.Equal(CloudErrorKind.NotFound, (await Assert.ThrowsAsync<CloudException>(() => DownloadAsync(one, "a"))).Kind);
        await other.WriteAsync("a", CloudContent.FromMemory(Data(20)));
        Assert.Equal(Data(20), await DownloadAsync(one, "a"));
    }

    protected override ICloudStorage Open(CloudOpenOptions options) => BoxStorage.Provider.Open(CloudAddress.Parse("box:/drive"), options);

    protected override void SpoilHashes(bool spoil) => _emulator.ReportsWrongHash = spoil;

    protected override void ExpireLinks() => _emulator.ExpireLinks();
}
