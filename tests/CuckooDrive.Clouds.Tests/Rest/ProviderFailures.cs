using CuckooDrive.Clouds.Decorators;
using CuckooDrive.Testing.Clouds;
using CuckooDrive.Testing.Emulators;

namespace CuckooDrive.Clouds.Tests.Rest;

/// <summary>What goes wrong at a service that is spoken to over HTTP, and what the provider makes of it.</summary>
public abstract class ProviderFailures : IDisposable
{
    /// <summary>Larger than any simple upload of the provider.</summary>
    protected abstract int LargeSize { get; }

    /// <summary>What the path of a request to create an object contains, and no other.</summary>
    protected abstract string WritePath { get; }

    /// <summary>What the path of a request for content contains, and no other.</summary>
    protected abstract string DownloadPath { get; }

    /// <summary>Whether a login that may not see the quota is no failure.</summary>
    protected virtual bool MayHideQuota => false;

    protected abstract CloudEmulator Emulator { get; }

    protected abstract int LeakedTokens { get; }

    protected abstract int OpenSessions { get; }

    public void Dispose()
    {
        Assert.Equal(0, LeakedTokens);
        Emulator.Dispose();
        GC.SuppressFinalize(this);
    }

    [Theory]
    [InlineData(429, 7, CloudErrorKind.RateLimited)]
    [InlineData(429, null, CloudErrorKind.RateLimited)]
    [InlineData(500, null, CloudErrorKind.Transient)]
    [InlineData(502, null, CloudErrorKind.Transient)]
    [InlineData(503, 3, CloudErrorKind.Transient)]
    [InlineData(403, null, CloudErrorKind.Forbidden)]
    public async Task Every_call_reports_what_the_service_says(int status, int? retryAfter, CloudErrorKind kind)
    {
        await using var storage = Open();
        var content = CloudContent.FromMemory(new byte[100]);
        await storage.WriteAsync("a", content);
        Func<Task>[] calls =
        [
            () => storage.WriteAsync("b", content),
            () => storage.StatAsync("a"),
            () => storage.ReadAsync("a", 0, new byte[10]).AsTask(),
            () => storage.ListAsync("").ToListAsync().AsTask(),
            () => storage.DeleteAsync("a"),
            .. storage.Capabilities.Move ? (Func<Task>[])[() => storage.MoveAsync("a", "c")] : [],
            () => storage.GetQuotaAsync(),
        ];
        foreach (var call in calls.SkipLast(status == 403 && MayHideQuota ? 1 : 0))
        {
            Emulator.Faults.Add(new EmulatorFault { Status = status, RetryAfter = retryAfter, Times = 100, Body = "<html>not JSON" });
            var failure = await Assert.ThrowsAsync<CloudException>(call);
            Assert.Equal(kind, failure.Kind);
            Assert.Equal(retryAfter is { } seconds ? TimeSpan.FromSeconds(seconds) : null, failure.RetryAfter);
            Assert.DoesNotContain("html", failure.Message);
            Emulator.Faults.Clear();
        }
        Assert.Equal(["a"], await storage.ListAsync("").Select(each => each.Name).ToListAsync());
    }

    [Fact]
    public async Task Work_goes_on_through_throttling_and_errors()
    {
        await using var storage = OpenWithRetries();
        await storage.WriteAsync("f/warm", CloudContent.FromMemory(Data(10)));
        Emulator.Faults.Add(new EmulatorFault { Status = 429, Share = 0.2, Times = 1000 });
        Emulator.Faults.Add(new EmulatorFault { Status = 503, Share = 0.05, Times = 1000 });
        Emulator.Faults.Add(new EmulatorFault { Reset = EmulatorReset.AfterEffect, Share = 0.05, Times = 1000 });
        await Task.WhenAll(Enumerable.Range(0, 12).Select(async index =>
        {
            var data = Data(20_000 + index);
            await storage.WriteAsync($"f/{index}", CloudContent.FromMemory(data));
            var buffer = new byte[data.Length + 1];
            Assert.Equal(data.Length, await storage.ReadAsync($"f/{index}", 0, buffer));
            Assert.Equal(data, buffer[..data.Length]);
        }));
        Emulator.Faults.Clear();
        Assert.Equal(13, await storage.ListAsync("f/").CountAsync());
    }

    [Theory]
    [InlineData(EmulatorReset.BeforeEffect)]
    [InlineData(EmulatorReset.AfterEffect)]
    public async Task A_write_whose_answer_is_lost_is_recognised(EmulatorReset reset)
    {
        var data = Data(30_000);
        await using (var bare = Open())
        {
            await bare.StatAsync("warm");
            Emulator.Faults.Add(new EmulatorFault { Path = WritePath, Reset = reset });
            var failure = await Assert.ThrowsAsync<CloudException>(() => bare.WriteAsync("lost", CloudContent.FromMemory(data)));
            Assert.Equal(CloudErrorKind.Transient, failure.Kind);
            await bare.DeleteAsync("lost");
        }
        await using var storage = OpenWithRetries();
        Emulator.Faults.Add(new EmulatorFault { Path = WritePath, Reset = reset });
        await storage.WriteAsync("lost", CloudContent.FromMemory(data));
        Assert.Equal(data, await DownloadAsync(storage, "lost"));
        var other = await Assert.ThrowsAsync<CloudException>(() => storage.WriteAsync("lost", CloudContent.FromMemory(Data(30_001))));
        Assert.Equal(CloudErrorKind.AlreadyExists, other.Kind);
    }

    [Fact]
    public async Task A_download_that_breaks_off_is_resumed()
    {
        var data = Data(400_000);
        await using var bare = Open();
        await bare.WriteAsync("big", CloudContent.FromMemory(data));
        Emulator.Faults.Add(new EmulatorFault { Path = DownloadPath, Reset = EmulatorReset.InAnswer, ResetAfterBytes = 150_000 });
        var failure = await Assert.ThrowsAsync<CloudException>(() => bare.ReadAsync("big", 0, new byte[400_000]).AsTask());
        Assert.Equal(CloudErrorKind.Transient, failure.Kind);

        await using var storage = OpenWithRetries();
        Emulator.Faults.Add(new EmulatorFault { Path = DownloadPath, Reset = EmulatorReset.InAnswer, ResetAfterBytes = 150_000, Times = 2 });
        Assert.Equal(data, await DownloadAsync(storage, "big"));
    }

    [Fact]
    public async Task An_expired_token_is_renewed_without_anybody_noticing()
    {
        var store = new MemoryCredentialStore(Emulator.Login.SignIn());
        var before = (await store.ReadAsync())!;
        await using var storage = Open(Emulator.Options(store) with { CreateRoot = true });
        foreach (var size in new[] { 0, 70_000, LargeSize })
        {
            var data = Data(size);
            Emulator.Login.Expire();
            await storage.WriteAsync($"w{size}", CloudContent.FromMemory(data));
            Emulator.Login.Expire();
            Assert.Equal(data, await DownloadAsync(storage, $"w{size}"));
        }
        Emulator.Login.Expire();
        Assert.Equal(3, await storage.ListAsync("").CountAsync());
        var after = (await store.ReadAsync())!;
        Assert.NotEqual(before[CloudSecret.AccessToken], after[CloudSecret.AccessToken]);
        Assert.Equal(Emulator.Login.IsRotating, before[CloudSecret.RefreshToken] != after[CloudSecret.RefreshToken]);
        Assert.Equal(0, OpenSessions);
    }

    [Fact]
    public async Task A_revoked_login_is_reported_with_what_to_do()
    {
        await using var storage = Open();
        await storage.WriteAsync("a", CloudContent.FromMemory(new byte[10]));
        Emulator.Login.Revoke();
        foreach (var call in new Func<Task>[]
        {
            () => storage.StatAsync("a"),
            () => storage.DeleteAsync("a"),
            () => storage.WriteAsync("b", CloudContent.FromMemory(new byte[10])),
            () => storage.ListAsync("").ToListAsync().AsTask(),
        })
        {
            var failure = await Assert.ThrowsAsync<CloudException>(call);
            Assert.Equal(CloudErrorKind.Unauthorized, failure.Kind);
            Assert.Contains("Sign in again", failure.Message);
        }
    }

    [Fact]
    public async Task A_full_account_is_reported_and_keeps_nothing_of_the_object()
    {
        await using var storage = Open();
        await storage.WriteAsync("fits", CloudContent.FromMemory(Data(1000)));
        Emulator.Quota = 2000;
        foreach (var size in new[] { 1500, LargeSize })
        {
            var failure = await Assert.ThrowsAsync<CloudException>(() => storage.WriteAsync("full", CloudContent.FromMemory(Data(size))));
            Assert.Equal(CloudErrorKind.QuotaExceeded, failure.Kind);
            Assert.Null(await storage.StatAsync("full"));
        }
        Assert.Equal(0, OpenSessions);
        Assert.Equal(new CloudQuota(2000, 1000, 1000), await storage.GetQuotaAsync());

        // Without any room at all everything but writing still works.
        Emulator.Quota = 500;
        Assert.Equal(1000, (await storage.StatAsync("fits"))!.Length);
        Assert.Null(await storage.StatAsync("full"));
        Assert.Equal(0, (await storage.GetQuotaAsync()).Free);
        await storage.DeleteAsync("fits");
        Assert.Null(await storage.StatAsync("fits"));
    }

    [Fact]
    public async Task An_upload_that_fails_on_its_way_leaves_no_session()
    {
        await using var storage = Open();
        await storage.StatAsync("warm");
        var failure = await Assert.ThrowsAsync<CloudException>(() => storage.WriteAsync("short", new Trickle(LargeSize, LargeSize - 1)));
        Assert.Equal(CloudErrorKind.Other, failure.Kind);
        Assert.Equal(0, OpenSessions);
        Assert.Null(await storage.StatAsync("short"));
    }

    [Fact]
    public async Task A_large_object_that_exists_is_not_replaced()
    {
        await using var storage = Open();
        await storage.WriteAsync("kept", CloudContent.FromMemory(Data(10)));
        var failure = await Assert.ThrowsAsync<CloudException>(() => storage.WriteAsync("kept", CloudContent.FromMemory(Data(LargeSize))));
        Assert.Equal(CloudErrorKind.AlreadyExists, failure.Kind);
        Assert.Equal(0, OpenSessions);
        Assert.Equal(Data(10), await DownloadAsync(storage, "kept"));
    }

    [Fact]
    public async Task What_was_stored_with_other_bytes_is_removed_again()
    {
        await using var storage = Open();
        await storage.StatAsync("warm");
        foreach (var size in new[] { 1000, LargeSize })
        {
            SpoilHashes(true);
            var failure = await Assert.ThrowsAsync<CloudException>(() => storage.WriteAsync("bad", CloudContent.FromMemory(Data(size))));
            Assert.Equal(CloudErrorKind.Corrupt, failure.Kind);
            SpoilHashes(false);
            Assert.Null(await storage.StatAsync("bad"));
        }
    }

    [Fact]
    public async Task A_missing_root_is_an_error_of_every_call_and_not_made_by_itself()
    {
        await using var storage = Open(Emulator.Options());
        foreach (var call in new Func<Task>[]
        {
            () => storage.StatAsync("a"),
            () => storage.DeleteAsync("a"),
            () => storage.ReadAsync("a", 0, new byte[1]).AsTask(),
            () => storage.WriteAsync("a/b", CloudContent.FromMemory(new byte[10])),
            () => storage.ListAsync("").ToListAsync().AsTask(),
            () => storage.ListAsync("a/b").ToListAsync().AsTask(),
        })
            Assert.Equal(CloudErrorKind.NotFound, (await Assert.ThrowsAsync<CloudException>(call)).Kind);
    }

    [Fact]
    public async Task Addresses_to_download_from_that_ran_out_are_asked_for_anew()
    {
        await using var storage = Open();
        await storage.WriteAsync("a", CloudContent.FromMemory(Data(5000)));
        Assert.Equal(Data(5000), await DownloadAsync(storage, "a"));
        var before = Emulator.Log.Requests.Count;
        Assert.Equal(Data(5000), await DownloadAsync(storage, "a"));
        Assert.Equal(before + 1, Emulator.Log.Requests.Count);
        ExpireLinks();
        Assert.Equal(Data(5000), await DownloadAsync(storage, "a"));
    }

    /// <summary>A bare storage with a root that is made when it is missing.</summary>
    protected ICloudStorage Open() => Open(Emulator.Options() with { CreateRoot = true });

    protected abstract ICloudStorage Open(CloudOpenOptions options);

    protected abstract void SpoilHashes(bool spoil);

    protected abstract void ExpireLinks();

    protected static byte[] Data(int size)
    {
        var data = new byte[size];
        new Random(size).NextBytes(data);
        return data;
    }

    protected static async Task<byte[]> DownloadAsync(ICloudStorage storage, string name)
    {
        await using var stream = await storage.OpenReadAsync(name);
        using var data = new MemoryStream();
        await stream.CopyToAsync(data);
        return data.ToArray();
    }

    /// <summary>The failure of a list of two pages, of which the service misses the second one.</summary>
    protected async Task<CloudException> ListUpToAsync(EmulatorFault fault)
    {
        await using var storage = Open();
        for (var index = 0; index < 5; index++)
            await storage.WriteAsync($"f/n{index}", CloudContent.FromMemory(Data(index)));
        await using var list = storage.ListAsync("f/").GetAsyncEnumerator();
        Assert.True(await list.MoveNextAsync());
        Emulator.Faults.Add(fault);
        return await Assert.ThrowsAsync<CloudException>(async () =>
        {
            while (await list.MoveNextAsync())
            {
            }
        });
    }

    /// <summary>Waits until something has happened, a minute at most.</summary>
    protected static async Task UntilAsync(Func<bool> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (!condition())
            await Task.Delay(10, patience.Token);
    }

    private RetryStorage OpenWithRetries() => new(
        Open(), new RetryOptions { Retries = 60, FirstDelay = TimeSpan.FromMilliseconds(1), LongestDelay = TimeSpan.FromMilliseconds(5) });
}
