using CuckooDrive.Clouds.Conformance;
using CuckooDrive.Clouds.Decorators;
using CuckooDrive.Clouds.Providers.Memory;
using Xunit;

namespace CuckooDrive.Clouds.Tests;

/// <summary>The faults that other tests rely on do happen, and the conformance checks find them.</summary>
public sealed class FaultTests : IAsyncDisposable
{
    private readonly FaultPlan _plan = new(seed: 3);
    private readonly FaultStorage _storage;

    public FaultTests() => _storage = new FaultStorage(new MemoryStorage(), _plan);

    public ValueTask DisposeAsync() => _storage.DisposeAsync();

    [Fact]
    public async Task A_failure_after_the_effect_has_the_effect()
    {
        _plan.FailAfterShare = 1;
        await AssertKind(CloudErrorKind.Transient, () => WriteAsync("a", 10));
        _plan.FailAfterShare = 0;
        Assert.Equal(10, (await _storage.StatAsync("a"))!.Length);
    }

    [Fact]
    public async Task A_torn_write_leaves_a_part()
    {
        _plan.TornWriteShare = 1;
        await AssertKind(CloudErrorKind.Transient, () => WriteAsync("a", 1000));
        Assert.InRange((await _storage.StatAsync("a"))!.Length, 0, 999);
    }

    [Fact]
    public async Task The_same_bytes_are_corrupt_however_they_are_read()
    {
        await WriteAsync("a", 100_000);
        _plan.CorruptShare = 0.5;
        var whole = new byte[100_000];
        await _storage.ReadAsync("a", 0, whole);
        Assert.Contains(whole, each => each != 0);
        var parts = new byte[100_000];
        for (var offset = 0; offset < parts.Length; offset += 700)
            await _storage.ReadAsync("a", offset, parts.AsMemory(offset, Math.Min(700, parts.Length - offset)));
        Assert.Equal(whole, parts);
        await using var stream = await _storage.OpenReadAsync("a", 5000, 20_000);
        var streamed = new byte[20_000];
        await stream.ReadExactlyAsync(streamed);
        Assert.Equal(whole[5000..25_000], streamed);
    }

    [Fact]
    public async Task Lost_objects_are_lost_to_every_call_and_come_back()
    {
        for (var index = 0; index < 40; index++)
            await WriteAsync($"n{index}", 1);
        _plan.LostShare = 0.5;
        var left = (await _storage.ListAsync("").ToListAsync()).Select(each => each.Name).ToHashSet();
        Assert.InRange(left.Count, 1, 39);
        for (var index = 0; index < 40; index++)
            Assert.Equal(left.Contains($"n{index}"), await _storage.StatAsync($"n{index}") is not null);
        _plan.LostShare = 0;
        Assert.Equal(40, await _storage.ListAsync("").CountAsync());
    }

    [Fact]
    public async Task Stale_lists_show_the_past()
    {
        await WriteAsync("old", 1);
        await _storage.FreezeListsAsync();
        await WriteAsync("new", 1);
        await _storage.DeleteAsync("old");
        Assert.Equal(["old"], (await _storage.ListAsync("").ToListAsync()).Select(each => each.Name));
        Assert.NotNull(await _storage.StatAsync("new"));
        _plan.StaleLists = false;
        Assert.Equal(["new"], (await _storage.ListAsync("").ToListAsync()).Select(each => each.Name));
    }

    [Fact]
    public async Task Full_and_read_only_clouds_still_read()
    {
        await WriteAsync("a", 10);
        _plan.Full = true;
        await AssertKind(CloudErrorKind.QuotaExceeded, () => WriteAsync("b", 1));
        Assert.Equal(0, (await _storage.GetQuotaAsync()).Free);
        _plan.Full = false;
        _plan.RefuseWrites = true;
        await AssertKind(CloudErrorKind.Forbidden, () => WriteAsync("b", 1));
        Assert.Equal(10, await _storage.ReadAsync("a", 0, new byte[10]));
    }

    [Fact]
    public async Task A_hanging_call_goes_on_when_released()
    {
        _plan.Hang = true;
        var call = WriteAsync("a", 1);
        Assert.False(call.IsCompleted);
        _plan.Hang = false;
        await call;
    }

    [Fact]
    public async Task Only_chosen_calls_fail()
    {
        _plan.Only = request => request.Operation == CloudOperation.Write && request.Name.StartsWith("bad", StringComparison.Ordinal);
        _plan.FailBeforeShare = 1;
        await WriteAsync("good", 1);
        await AssertKind(CloudErrorKind.Transient, () => WriteAsync("bad", 1));
        Assert.NotNull(await _storage.StatAsync("good"));
    }

    // The checks themselves are worth nothing if they pass over a broken storage.
    [Theory]
    [InlineData("an object of 16 MiB comes back", 0.3, 0, 0)]
    [InlineData("an object of one byte comes back", 0, 1, 0)]
    [InlineData("an object of one byte comes back", 0, 0, 1)]
    public async Task The_checks_find_a_broken_storage(string check, double corrupt, double lost, double fails)
    {
        (_plan.CorruptShare, _plan.LostShare, _plan.FailAfterShare) = (corrupt, lost, fails);
        var result = await ConformanceSuite.RunAsync(
            ConformanceSuite.Checks.Single(each => each.Name == check), _storage, TimeProvider.System);
        Assert.Equal(ConformanceOutcome.Failed, result.Outcome);
        Assert.NotNull(result.Reason);
    }

    [Fact]
    public void There_are_enough_checks_and_each_has_its_own_name()
    {
        Assert.True(ConformanceSuite.Checks.Count >= 60);
        Assert.Equal(ConformanceSuite.Checks.Count, ConformanceSuite.Checks.DistinctBy(each => each.Name).Count());
    }

    private Task<CloudObject> WriteAsync(string name, int length) =>
        _storage.WriteAsync(name, CloudContent.FromMemory(new byte[length]));

    private static async Task AssertKind(CloudErrorKind kind, Func<Task> call)
    {
        var failure = await Assert.ThrowsAsync<CloudException>(call);
        Assert.Equal(kind, failure.Kind);
    }
}
