using CuckooDrive.Core.Chunks;
using CuckooDrive.Core.Placement;
using Xunit;

namespace CuckooDrive.Core.Tests.Chunks;

/// <summary>A crash between any two steps: what was committed is there, what was not is no trouble, and uploads go on where they were.</summary>
public class CrashTests
{
    private static readonly Redundancy ThreeOne = new(3, 1);

    [Fact]
    public async Task Before_a_commit_leaves_nothing()
    {
        await using var fixture = new StoreFixture(ThreeOne);
        fixture.Add(StoreFixture.Random(50_000));
        await fixture.ReopenAsync();
        Assert.Equal(0, fixture.Store.GetStatus().Packs);
        Assert.Empty(Directory.GetFiles(fixture.Staging));
        var plain = StoreFixture.Random(1000);
        Assert.Equal(plain, await fixture.ReadAsync(fixture.Add(plain), plain.Length));
    }

    [Fact]
    public async Task With_an_open_pack_seals_it_and_never_continues_it()
    {
        await using var fixture = new StoreFixture(ThreeOne);
        var plain = StoreFixture.Random(50_000);
        var chunk = fixture.Add(plain);
        fixture.Commit();
        var lost = fixture.Add(StoreFixture.Random(60_000));
        await fixture.ReopenAsync();
        Assert.Equal(plain, await fixture.ReadAsync(chunk, plain.Length));
        await Assert.ThrowsAsync<ChunkUnavailableException>(() => fixture.ReadAsync(lost, 1));
        Assert.NotEqual(chunk.Pack, fixture.Add(StoreFixture.Random(1000)).Pack);
        await fixture.UploadAllAsync();
        await fixture.ReopenWithoutLocalFilesAsync();
        Assert.Equal(plain, await fixture.ReadAsync(chunk, plain.Length));
    }

    [Fact]
    public async Task With_an_open_pack_without_anything_alive_drops_it()
    {
        await using var fixture = new StoreFixture(ThreeOne);
        var held = fixture.Append(StoreFixture.Random(50_000));
        fixture.Commit();
        await fixture.ReopenAsync();
        var sequence = fixture.Commit(seal: true);
        fixture.Store.Journaled(sequence);
        await ChunkStoreTests.WaitUntil(() => fixture.Commit() > 0 && fixture.Store.GetStatus().Packs == 0);
        await ChunkStoreTests.WaitUntil(() => Directory.GetFiles(fixture.Staging).Length == 0);
        await Assert.ThrowsAsync<ChunkUnavailableException>(() => fixture.ReadAsync(held, 1));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task With_shards_on_their_way_uploads_the_same_bytes_again(bool answersGetLost)
    {
        await using var fixture = new StoreFixture(ThreeOne);
        // Two clouds take their shards, or take them and do not say so; two cannot be reached.
        fixture.Plans[0].FailAfterShare = fixture.Plans[1].FailAfterShare = answersGetLost ? 1 : 0;
        fixture.Plans[0].Only = fixture.Plans[1].Only = static request => request.ToString()!.Contains("Write", StringComparison.OrdinalIgnoreCase);
        fixture.Plans[2].Offline = fixture.Plans[3].Offline = true;
        var chunks = Enumerable.Range(0, 20).Select(_ => StoreFixture.Random(30_000)).Select(plain => (plain, Chunk: fixture.Add(plain))).ToList();
        fixture.Commit(seal: true);
        var packs = fixture.Store.GetStatus().Packs;
        await ChunkStoreTests.WaitUntil(() => fixture.ObjectFiles(0).Count() + fixture.ObjectFiles(1).Count() >= 2 * packs);
        var content = Contents(fixture);

        // No commit since: the new store knows nothing of any upload.
        await fixture.ReopenAsync();
        foreach (var plan in fixture.Plans)
            (plan.Offline, plan.FailAfterShare) = (false, 0);
        await fixture.UploadAllAsync();
        Assert.All(content, pair => Assert.Equal(pair.Value, File.ReadAllBytes(pair.Key)));
        await fixture.ReopenWithoutLocalFilesAsync();
        for (var cloud = 0; cloud < 4; cloud++)
        {
            foreach (var plan in fixture.Plans)
                plan.Offline = plan == fixture.Plans[cloud];
            foreach (var (plain, chunk) in chunks)
                Assert.Equal(plain, await fixture.ReadAsync(chunk, plain.Length));
            await fixture.ReopenWithoutLocalFilesAsync();
        }
    }

    [Fact]
    public async Task After_the_upload_and_before_its_record_needs_no_local_file_to_be_evicted_safely()
    {
        await using var fixture = new StoreFixture(ThreeOne, configure: static options => options with { DiskCacheLimit = 0, MemoryCacheLimit = 0 });
        var plain = StoreFixture.Random(50_000);
        var chunk = fixture.Add(plain);
        var sequence = fixture.Commit(seal: true);
        await fixture.Store.WaitForUploadsAsync(sequence, full: true, CancellationToken.None);
        // Nothing may be evicted before a commit says that the shards are there.
        await ChunkStoreTests.WaitUntil(() => Directory.GetFiles(fixture.Staging).Length == 0);
        Assert.Single(Directory.GetFiles(fixture.Cache));
        await fixture.ReopenAsync();
        Assert.Equal(plain, await fixture.ReadAsync(chunk, plain.Length));
        await fixture.UploadAllAsync();
        Assert.Equal(ChunkState.Protected, fixture.Store.GetState(chunk));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task With_the_machine_lost_before_the_upload_was_recorded_finds_the_shards_and_rebuilds_what_is_missing(bool oneIsMissing)
    {
        await using var fixture = new StoreFixture(ThreeOne);
        var chunks = Enumerable.Range(0, 20).Select(_ => StoreFixture.Random(30_000)).Select(plain => (plain, Chunk: fixture.Add(plain))).ToList();
        var sequence = fixture.Commit(seal: true);
        await fixture.Store.WaitForUploadsAsync(sequence, full: true, CancellationToken.None);
        if (oneIsMissing)
            fixture.ObjectFiles(1).ToList().ForEach(File.Delete);
        await fixture.ReopenWithoutLocalFilesAsync();
        foreach (var (plain, chunk) in chunks)
            Assert.Equal(plain, await fixture.ReadAsync(chunk, plain.Length));
        await ChunkStoreTests.WaitUntil(() => fixture.Store.GetStatus() is { DamagedShards: 0, PendingPacks: 0 });
        Assert.Empty((await fixture.Store.VerifyAsync(askClouds: true, null, CancellationToken.None)).Problems);
        fixture.Commit();
        fixture.ObjectFiles(0).ToList().ForEach(File.Delete);
        await fixture.ReopenWithoutLocalFilesAsync();
        foreach (var (plain, chunk) in chunks)
            Assert.Equal(plain, await fixture.ReadAsync(chunk, plain.Length));
    }

    [Fact]
    public async Task Between_death_and_deletion_finishes_the_deletion()
    {
        await using var fixture = new StoreFixture(ThreeOne);
        var chunk = fixture.Add(StoreFixture.Random(50_000));
        await fixture.UploadAllAsync();
        fixture.Store.RemoveReference(chunk);
        var death = fixture.Commit(seal: true);
        fixture.Plans[2].Offline = true;
        fixture.Store.Journaled(death);
        await ChunkStoreTests.WaitUntil(() => fixture.ObjectCount() == 1);
        await fixture.ReopenAsync();
        fixture.Plans[2].Offline = false;
        fixture.Store.Journaled(fixture.Metadata.Sequence);
        await ChunkStoreTests.WaitUntil(() => fixture.Commit() > 0 && fixture.Store.GetStatus().Packs == 0);
        Assert.Equal(0, fixture.ObjectCount());
    }

    [Fact]
    public async Task A_foreign_object_under_a_shards_name_is_replaced_and_never_believed()
    {
        await using var fixture = new StoreFixture(new Redundancy(1, 0), clouds: 2);
        fixture.Plans[0].Offline = fixture.Plans[1].Offline = true;
        var chunks = new List<(byte[] Plain, ChunkRef Chunk, string Foreign)>();
        for (var i = 0; i < 8; i++)
        {
            var plain = StoreFixture.Random(50_000);
            var chunk = fixture.Add(plain);
            fixture.Commit(seal: true);
            var place = fixture.Store.Describe(chunk).Pack;
            var file = Path.Combine(fixture.CloudFolder(0), CuckooDrive.Format.ObjectNames.Shard(place.Id, 0));
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllBytes(file, new byte[place.PaddedLength]);
            chunks.Add((plain, chunk, file));
        }
        fixture.Plans[0].Offline = fixture.Plans[1].Offline = false;
        await fixture.UploadAllAsync();
        Assert.Equal(8, fixture.Members.Select((_, cloud) => fixture.ObjectFiles(cloud).Count(file => File.ReadAllBytes(file).AsSpan().ContainsAnyExcept((byte)0))).Sum());
        await fixture.ReopenWithoutLocalFilesAsync();
        foreach (var (plain, chunk, _) in chunks)
            Assert.Equal(plain, await fixture.ReadAsync(chunk, plain.Length));
    }

    [Fact]
    public async Task A_commit_that_failed_is_made_up_by_the_next()
    {
        await using var fixture = new StoreFixture(ThreeOne);
        var plain = StoreFixture.Random(50_000);
        var chunk = fixture.Add(plain);
        // Collected, never committed.
        fixture.Store.CollectChanges(new CuckooDrive.Core.Metadata.MetadataBatch(), sealOpenPacks: true);
        fixture.Commit();
        await fixture.ReopenAsync();
        Assert.Equal(plain, await fixture.ReadAsync(chunk, plain.Length));
        await fixture.UploadAllAsync();
    }

    private static Dictionary<string, byte[]> Contents(StoreFixture fixture) =>
        Enumerable.Range(0, fixture.Members.Count).SelectMany(fixture.ObjectFiles).ToDictionary(static file => file, File.ReadAllBytes);
}
