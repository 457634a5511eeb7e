using CuckooDrive.Clouds;
using CuckooDrive.Clouds.Decorators;
using CuckooDrive.Core.Chunks;
using CuckooDrive.Core.Placement;
using CuckooDrive.Format;

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

    /// <summary>A machine that lost power may have uploaded what its disk has no more; a hostile cloud may hold anything.</summary>
    [Fact]
    public async Task Other_bytes_under_the_name_of_a_shard_give_way_to_the_right_ones()
    {
        await using var fixture = new StoreFixture(new Redundancy(2, 1));
        var plan = fixture.Plans[0];
        plan.Only = static request => request.Operation == CloudOperation.Write;
        plan.Offline = true;
        var plain = StoreFixture.Random(100_000);
        var chunk = fixture.Add(plain);
        fixture.Commit(seal: true);
        await ChunkStoreTests.WaitUntil(() => plan.Injected > 0 && fixture.ObjectCount() == 2);
        PutForeign(fixture, chunk, cloud: 0);
        plan.Offline = false;
        await fixture.UploadAllAsync();

        fixture.Plans[1].Offline = true;
        await fixture.ReopenWithoutLocalFilesAsync();
        Assert.Equal(plain, await fixture.ReadAsync(chunk, plain.Length));
    }

    /// <summary>One cloud that refuses a shard by holding other bytes, whatever is done about it, must not keep the journal from the others.</summary>
    [Fact]
    public async Task A_cloud_that_keeps_other_bytes_is_neither_waited_for_nor_asked_without_a_pause()
    {
        await using var fixture = new StoreFixture(new Redundancy(2, 1));
        var plan = fixture.Plans[0];
        plan.Only = static request => request.Operation == CloudOperation.Write;
        plan.Offline = true;
        var chunk = fixture.Add(StoreFixture.Random(100_000));
        var sequence = fixture.Commit(seal: true);
        await ChunkStoreTests.WaitUntil(() => plan.Injected > 0 && fixture.ObjectCount() == 2);
        PutForeign(fixture, chunk, cloud: 0);
        var reads = 0;
        plan.Only = request =>
        {
            if (request.Operation == CloudOperation.Read)
                Interlocked.Increment(ref reads);
            return request.Operation == CloudOperation.Delete;
        };
        plan.ErrorKind = CloudErrorKind.Forbidden;
        await ChunkStoreTests.WaitUntil(() => Volatile.Read(ref reads) > 0);
        await fixture.Store.WaitForUploadsAsync(sequence, full: false, TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromMinutes(1));
        await Task.Delay(TimeSpan.FromSeconds(2), TestContext.Current.CancellationToken);
        Assert.InRange(Volatile.Read(ref reads), 1, 60);
    }

    private static void PutForeign(StoreFixture fixture, ChunkRef chunk, int cloud)
    {
        var pack = fixture.Store.Describe(chunk).Pack;
        var there = Enumerable.Range(1, 2).SelectMany(fixture.ObjectFiles).Select(static file => Path.GetFileName(file)).ToHashSet();
        var shard = Enumerable.Range(0, 3).Single(shard => !there.Contains(Path.GetFileName(ObjectNames.Shard(pack.Id, shard))));
        var path = Path.Combine(fixture.CloudFolder(cloud), ObjectNames.Shard(pack.Id, shard));
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, StoreFixture.Random(pack.PaddedLength));
    }
}
