using CuckooDrive.Clouds.Decorators;
using CuckooDrive.Core.Chunks;
using CuckooDrive.Core.Placement;
using Xunit;

namespace CuckooDrive.Core.Tests.Chunks;

public class SpaceTests
{
    private const int Pack = 2 * StoreFixture.SmallShard;

    [Fact]
    public async Task Writers_wait_for_uploads_when_staging_is_full_and_go_on()
    {
        await using var fixture = new StoreFixture(new Redundancy(1, 1), configure: static options => options with { StagingLimit = 0, ReserveWait = TimeSpan.FromSeconds(30) });
        for (var i = 0; i < 40; i++)
        {
            var reserve = fixture.Store.ReserveAsync(100_000, CancellationToken.None).AsTask();
            while (!reserve.IsCompleted)
            {
                fixture.Commit();
                await Task.Delay(10);
            }
            Assert.True(await reserve);
            fixture.Add(StoreFixture.Random(100_000));
            fixture.Store.Unreserve(100_000);
            Assert.InRange(fixture.Store.GetStatus().StagedBytes, 0, 4 * Pack);
        }
    }

    [Fact]
    public async Task Writers_get_no_space_when_the_clouds_stay_away_and_staging_is_full()
    {
        await using var fixture = new StoreFixture(new Redundancy(1, 1), configure: static options => options with { StagingLimit = 0, ReserveWait = TimeSpan.FromMilliseconds(300) });
        foreach (var plan in fixture.Plans)
            plan.Offline = true;
        var refused = false;
        for (var i = 0; i < 40 && !refused; i++)
        {
            refused = !await fixture.Store.ReserveAsync(100_000, CancellationToken.None);
            if (refused)
                break;
            fixture.Add(StoreFixture.Random(100_000));
            fixture.Store.Unreserve(100_000);
            fixture.Commit();
        }
        Assert.True(refused);
        foreach (var plan in fixture.Plans)
            plan.Offline = false;
        await fixture.UploadAllAsync();
        Assert.True(await fixture.Store.ReserveAsync(100_000, CancellationToken.None));
    }

    [Fact]
    public async Task Full_clouds_are_no_space_at_write_time()
    {
        await using var fixture = new StoreFixture(new Redundancy(2, 1), configure: static options => options with { QuotaInterval = TimeSpan.FromMilliseconds(50) });
        Assert.True(await fixture.Store.ReserveAsync(1000, CancellationToken.None));
        fixture.Store.Unreserve(1000);
        fixture.Plans[1].Full = true;
        await ChunkStoreTests.WaitUntil(() => fixture.Store.GetSpace().Free == 0);
        Assert.False(await fixture.Store.ReserveAsync(1000, CancellationToken.None));
        fixture.Plans[1].Full = false;
        await ChunkStoreTests.WaitUntil(() => fixture.Store.GetSpace().Free > 0);
        Assert.True(await fixture.Store.ReserveAsync(1000, CancellationToken.None));
    }

    [Fact]
    public async Task Before_a_writer_is_refused_a_full_cloud_is_asked_again()
    {
        await using var fixture = new StoreFixture(new Redundancy(2, 1), configure: static options => options with { QuotaInterval = TimeSpan.FromHours(1), QuotaAge = TimeSpan.Zero });
        await FillAsync(fixture, 1);
        Assert.False(await fixture.Store.ReserveAsync(1000, CancellationToken.None));
        fixture.Plans[1].Full = false;
        Assert.True(await fixture.Store.ReserveAsync(1000, CancellationToken.None));
    }

    [Fact]
    public async Task A_full_drive_does_not_ask_at_every_write_but_when_somebody_flushes()
    {
        await using var fixture = new StoreFixture(new Redundancy(2, 1), configure: static options => options with { QuotaInterval = TimeSpan.FromHours(1), QuotaAge = TimeSpan.FromHours(1), InitialBackoff = TimeSpan.FromHours(1), MaximumBackoff = TimeSpan.FromHours(1) });
        await FillAsync(fixture, 1);
        var asked = 0;
        fixture.Plans[1].Only = request =>
        {
            if (request.Operation == CloudOperation.Quota)
                Interlocked.Increment(ref asked);
            return true;
        };
        for (var i = 0; i < 20; i++)
            Assert.False(await fixture.Store.ReserveAsync(1000, CancellationToken.None));
        Assert.Equal(1, asked);
        fixture.Plans[1].Full = false;
        Assert.False(await fixture.Store.ReserveAsync(1000, CancellationToken.None));
        await fixture.UploadAllAsync();
        await ChunkStoreTests.WaitUntil(() => fixture.Store.GetSpace().Free > 0);
        Assert.True(await fixture.Store.ReserveAsync(1000, CancellationToken.None));
    }

    [Fact]
    public async Task A_cloud_that_hangs_does_not_keep_a_writer_from_its_refusal()
    {
        await using var fixture = new StoreFixture(new Redundancy(2, 1), configure: static options => options with { QuotaInterval = TimeSpan.FromHours(1), QuotaAge = TimeSpan.Zero, ReadTimeout = TimeSpan.FromHours(1) });
        await FillAsync(fixture, 1);
        fixture.Plans[2].Hang = true;
        Assert.False(await fixture.Store.ReserveAsync(1000, CancellationToken.None).AsTask().WaitAsync(TimeSpan.FromSeconds(60)));
    }

    [Fact]
    public async Task A_reservation_can_be_cancelled()
    {
        await using var fixture = new StoreFixture(new Redundancy(1, 0), configure: static options => options with { StagingLimit = 0, ReserveWait = TimeSpan.FromSeconds(30) });
        Assert.True(await fixture.Store.ReserveAsync(2 * StoreFixture.SmallShard, CancellationToken.None));
        using var cancel = new CancellationTokenSource();
        var waiting = fixture.Store.ReserveAsync(1000, cancel.Token).AsTask();
        Assert.False(waiting.IsCompleted);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        fixture.Store.Unreserve(2 * StoreFixture.SmallShard);
        Assert.True(await fixture.Store.ReserveAsync(1000, CancellationToken.None));
    }

    [Fact]
    public async Task A_shard_whose_cloud_stays_away_goes_to_another_failure_domain()
    {
        await using var fixture = new StoreFixture(new Redundancy(2, 1), clouds: 5, configure: static options => options with { ReplaceAfter = TimeSpan.FromMilliseconds(300) });
        var chunks = Enumerable.Range(0, 30).Select(_ => StoreFixture.Random(40_000)).Select(plain => (plain, Chunk: fixture.Add(plain))).ToList();
        fixture.Plans[0].Offline = true;
        fixture.Plans[1].Offline = true;
        await fixture.UploadAllAsync();
        Assert.All(chunks, item => Assert.Equal(ChunkState.Protected, fixture.Store.GetState(item.Chunk)));
        Assert.All(chunks, item => Assert.DoesNotContain(fixture.Store.Describe(item.Chunk).Pack.Shards, shard => shard.Cloud is 0 or 1));
    }

    [Fact]
    public async Task With_a_cloud_away_and_no_other_the_rest_is_enough_for_the_journal()
    {
        await using var fixture = new StoreFixture(new Redundancy(2, 1));
        fixture.Plans[2].Offline = true;
        var chunk = fixture.Add(StoreFixture.Random(40_000));
        var sequence = fixture.Commit(seal: true);
        await fixture.Store.WaitForUploadsAsync(sequence, full: false, CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(20));
        var full = fixture.Store.WaitForUploadsAsync(sequence, full: true, CancellationToken.None);
        Assert.False(full.IsCompleted);
        Assert.Equal(ChunkState.Uploading, fixture.Store.GetState(chunk));
        fixture.Plans[2].Offline = false;
        await full.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(ChunkState.Protected, fixture.Store.GetState(chunk));
    }

    [Fact]
    public async Task The_disk_cache_keeps_its_limit_and_evicts_only_what_the_clouds_have()
    {
        await using var fixture = new StoreFixture(new Redundancy(1, 1), configure: static options => options with { DiskCacheLimit = 3 * StoreFixture.SmallShard, MemoryCacheLimit = 0 });
        var chunks = Enumerable.Range(0, 40).Select(_ => StoreFixture.Random(60_000)).Select(plain => (plain, Chunk: fixture.Add(plain))).ToList();
        await fixture.UploadAllAsync();
        await ChunkStoreTests.WaitUntil(() => fixture.Store.GetStatus().CachedBytes <= 3 * StoreFixture.SmallShard);
        foreach (var (plain, chunk) in chunks)
        {
            Assert.Equal(plain, await fixture.ReadAsync(chunk, plain.Length));
            Assert.InRange(fixture.Store.GetStatus().CachedBytes, 0, 3 * StoreFixture.SmallShard);
        }
    }

    [Fact]
    public async Task A_staging_disk_that_fails_stores_nothing_and_says_so()
    {
        await using var fixture = new StoreFixture(new Redundancy(1, 1));
        Directory.Delete(fixture.Staging);
        Assert.ThrowsAny<IOException>(() => fixture.Append(StoreFixture.Random(1000)));
        Directory.CreateDirectory(fixture.Staging);
        var plain = StoreFixture.Random(1000);
        var chunk = fixture.Add(plain);
        fixture.Commit();
        Assert.Equal(plain, await fixture.ReadAsync(chunk, plain.Length));
    }

    /// <summary>Has a cloud refuse a shard as full, after every cloud was asked once for its space.</summary>
    private static async Task FillAsync(StoreFixture fixture, int cloud)
    {
        await ChunkStoreTests.WaitUntil(() => fixture.Store.GetStatus().Clouds.All(static each => each.FreeBytes is not null));
        fixture.Plans[cloud].Full = true;
        fixture.Add(StoreFixture.Random(50_000));
        fixture.Commit(seal: true);
        await ChunkStoreTests.WaitUntil(() => fixture.Store.GetSpace().Free == 0);
    }
}
