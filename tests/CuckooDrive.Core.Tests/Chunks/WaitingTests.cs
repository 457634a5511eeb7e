using CuckooDrive.Clouds.Decorators;
using CuckooDrive.Core.Chunks;
using CuckooDrive.Core.Placement;

namespace CuckooDrive.Core.Tests.Chunks;

/// <summary>Nobody waits for a shard that nobody works on, nor for one that is not needed.</summary>
public sealed class WaitingTests
{
    [Fact]
    public async Task A_cloud_that_failed_and_has_nothing_waiting_is_asked_again_by_itself()
    {
        await using var fixture = Make();
        var (chunk, plain, home) = await LoseShardAsync(fixture);
        // The healer's writes fail; after that nobody needs this cloud but the healer, which leaves it alone as long as it fails.
        await ChunkStoreTests.WaitUntil(() => !fixture.Store.GetStatus().Clouds[home].Reachable);
        fixture.Plans[home].FailBeforeShare = 0;
        await ChunkStoreTests.WaitUntil(() => fixture.Store.GetState(chunk) == ChunkState.Protected);
        Assert.Equal(plain, await fixture.ReadAsync(chunk, plain.Length));
    }

    [Fact]
    public async Task A_pack_that_could_not_be_healed_is_tried_again_when_somebody_waits()
    {
        await using var fixture = Make(static options => options with { InitialBackoff = TimeSpan.FromHours(1), MaximumBackoff = TimeSpan.FromHours(1) });
        var (chunk, _, home) = await LoseShardAsync(fixture);
        await ChunkStoreTests.WaitUntil(() => !fixture.Store.GetStatus().Clouds[home].Reachable);
        fixture.Plans[home].FailBeforeShare = 0;
        await fixture.UploadAllAsync();
        Assert.Equal(ChunkState.Protected, fixture.Store.GetState(chunk));
    }

    [Fact]
    public async Task A_pack_that_dies_while_the_journal_that_names_it_is_waited_for_is_healed_like_any_other()
    {
        await using var fixture = Make();
        var (chunk, _, home) = await LoseShardAsync(fixture);
        var sequence = fixture.Metadata.Sequence;
        fixture.Store.RemoveReference(chunk);
        fixture.Commit();
        var waiting = fixture.Store.WaitForUploadsAsync(sequence, full: true, TestContext.Current.CancellationToken);
        Assert.False(waiting.IsCompleted);
        fixture.Plans[home].FailBeforeShare = 0;
        await waiting.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task An_old_pack_that_cannot_be_healed_does_not_hold_up_the_journal_of_what_is_new()
    {
        await using var fixture = Make();
        var (chunk, _, home) = await LoseShardAsync(fixture);
        fixture.Store.Journaled(fixture.Metadata.Sequence);
        foreach (var cloud in Enumerable.Range(0, 3).Where(cloud => cloud != home))
            Array.ForEach([.. fixture.ObjectFiles(cloud)], File.Delete);
        await ChunkStoreTests.WaitUntil(() => fixture.Store.GetStatus().DamagedShards == 3);
        fixture.Plans[home].FailBeforeShare = 0;
        // The healer's failures have made it one that nobody waits for.
        await ChunkStoreTests.WaitUntil(() => fixture.Store.GetStatus().Clouds[home].Reachable);
        var added = fixture.Add(StoreFixture.Random(50_000));
        var sequence = fixture.Commit(seal: true);
        await fixture.Store.WaitForUploadsAsync(sequence, full: false, TestContext.Current.CancellationToken)
            .WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        Assert.Equal(ChunkState.Protected, fixture.Store.GetState(added));
        Assert.NotEqual(ChunkState.Protected, fixture.Store.GetState(chunk));
    }

    [Fact]
    public async Task A_provider_that_throws_anything_ends_no_background_work()
    {
        await using var fixture = Make();
        var thrown = 0;
        foreach (var plan in fixture.Plans)
        {
            plan.Only = _ => Interlocked.Increment(ref thrown) < 8 ? throw new InvalidOperationException("a provider's mistake") : false;
        }
        var chunk = fixture.Add(StoreFixture.Random(50_000));
        await fixture.UploadAllAsync();
        Assert.Equal(ChunkState.Protected, fixture.Store.GetState(chunk));
        Assert.True(thrown >= 8);
    }

    /// <summary>Clouds are not asked for their space but at the start, and nothing local helps.</summary>
    private static StoreFixture Make(Func<ChunkStoreOptions, ChunkStoreOptions>? configure = null) =>
        new(new Redundancy(2, 1), configure: options => (configure ?? (static same => same))(
            options with { QuotaInterval = TimeSpan.FromHours(1), HedgeAfter = TimeSpan.FromMinutes(1), DiskCacheLimit = 0, MemoryCacheLimit = 0 }));

    /// <summary>A chunk whose own shard is known to be missing at its cloud, where every write and delete fails.</summary>
    private static async Task<(ChunkRef Chunk, byte[] Plain, int Home)> LoseShardAsync(StoreFixture fixture)
    {
        var plain = StoreFixture.Random(50_000);
        var chunk = fixture.Add(plain);
        await fixture.UploadAllAsync();
        await fixture.ReopenWithoutLocalFilesAsync();
        // The question at the start has been answered.
        await ChunkStoreTests.WaitUntil(() => fixture.Store.GetStatus().Clouds.All(static cloud => cloud.FreeBytes is not null));
        var place = fixture.Store.Describe(chunk);
        var home = place.Pack.Shards[place.Page.Shard].Cloud;
        fixture.Plans[home].Only = static request => request.Operation is CloudOperation.Write or CloudOperation.Delete;
        fixture.Plans[home].FailBeforeShare = 1;
        File.Delete(fixture.ObjectFiles(home).Single());
        Assert.Equal(plain, await fixture.ReadAsync(chunk, plain.Length));
        Assert.NotEqual(ChunkState.Protected, fixture.Store.GetState(chunk));
        return (chunk, plain, home);
    }
}
