using CuckooDrive.Clouds;
using CuckooDrive.Clouds.Decorators;
using CuckooDrive.Core.Placement;

namespace CuckooDrive.Core.Tests.Chunks;

/// <summary>Clouds that come back after they were away, or hold what they should not.</summary>
public sealed class ReturningCloudTests
{
    [Fact]
    public async Task Many_uploads_that_fail_together_do_not_make_the_pause_longer()
    {
        await using var fixture = new StoreFixture(new Redundancy(2, 1), configure: static options => options with
        {
            InitialBackoff = TimeSpan.FromMilliseconds(100),
            MaximumBackoff = TimeSpan.FromMinutes(10),
        });
        fixture.Plans[0].Offline = true;
        for (var pack = 0; pack < 12; pack++)
        {
            fixture.Add(StoreFixture.Random(50_000));
            fixture.Commit(seal: true);
        }
        await ChunkStoreTests.WaitUntil(() => fixture.Plans[0].Injected > 1);
        fixture.Plans[0].Offline = false;
        await fixture.UploadAllAsync();
        Assert.Equal(0, fixture.Store.GetStatus().PendingPacks);
    }

    [Fact]
    public async Task Whoever_waits_for_all_uploads_has_an_absent_cloud_asked_at_once()
    {
        await using var fixture = new StoreFixture(new Redundancy(2, 1), configure: static options => options with
        {
            InitialBackoff = TimeSpan.FromMinutes(10),
            MaximumBackoff = TimeSpan.FromMinutes(10),
        });
        fixture.Plans[0].Offline = true;
        fixture.Add(StoreFixture.Random(50_000));
        fixture.Commit(seal: true);
        await ChunkStoreTests.WaitUntil(() => fixture.Plans[0].Injected > 0);
        fixture.Plans[0].Offline = false;
        await fixture.UploadAllAsync();
    }

    [Fact]
    public async Task A_torn_shard_gives_way_to_the_whole_one()
    {
        await using var fixture = new StoreFixture(new Redundancy(2, 1));
        var plan = fixture.Plans[1];
        plan.Only = static request => request.Operation == CloudOperation.Write;
        plan.TornWriteShare = 1;
        var plain = StoreFixture.Random(100_000);
        var chunk = fixture.Add(plain);
        fixture.Commit(seal: true);
        await ChunkStoreTests.WaitUntil(() => plan.Injected > 0 && fixture.ObjectCount() == 3);
        plan.TornWriteShare = 0;
        await fixture.UploadAllAsync();
        fixture.Plans[0].Offline = true;
        await fixture.ReopenWithoutLocalFilesAsync();
        Assert.Equal(plain, await fixture.ReadAsync(chunk, plain.Length));
    }
}
