using CuckooDrive.Core.Chunks;
using CuckooDrive.Core.Placement;
using Xunit;

namespace CuckooDrive.Core.Tests.Chunks;

/// <summary>Losing clouds in every form: up to M of them cost nothing, one more costs exactly what it must, never a wrong byte.</summary>
public class LostCloudsTests
{
    public enum Loss
    {
        Destroyed,
        Emptied,
        Corrupted,
        Truncated,
        Hanging,
        Failing,
    }

    public static TheoryData<int, int, Loss> Cases()
    {
        var cases = new TheoryData<int, int, Loss>();
        foreach (var (data, parity) in new[] { (3, 1), (2, 2), (1, 1), (1, 2) })
        {
            foreach (var loss in Enum.GetValues<Loss>())
                cases.Add(data, parity, loss);
        }
        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Every_choice_of_as_many_clouds_as_promised_may_be_lost(int data, int parity, Loss loss)
    {
        await using var fixture = new StoreFixture(new Redundancy(data, parity), configure: WithoutLocalHelp);
        var chunks = AddChunks(fixture, 24);
        await fixture.UploadAllAsync();
        foreach (var lost in Choices(data + parity, parity))
        {
            Backup(fixture);
            foreach (var cloud in lost)
                Lose(fixture, cloud, loss);
            await fixture.ReopenWithoutLocalFilesAsync();
            foreach (var (plain, chunk) in chunks)
                Assert.Equal(plain, await fixture.ReadAsync(chunk, plain.Length));
            await fixture.Store.DisposeAsync();
            Restore(fixture);
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task One_cloud_too_many_makes_exactly_its_chunks_unavailable(int data, int parity, Loss loss)
    {
        await using var fixture = new StoreFixture(
            new Redundancy(data, parity), configure: static options => WithoutLocalHelp(options) with { ReadTimeout = TimeSpan.FromSeconds(2) });
        var chunks = AddChunks(fixture, loss == Loss.Hanging ? 5 : 12);
        await fixture.UploadAllAsync();
        var homes = chunks.Select(item => fixture.Store.Describe(item.Chunk)).Select(place => place.Pack.Shards[place.Page.Shard].Cloud).ToList();
        var lost = Enumerable.Range(0, parity + 1).ToArray();
        foreach (var cloud in lost)
            Lose(fixture, cloud, loss);
        await fixture.ReopenWithoutLocalFilesAsync();
        for (var i = 0; i < chunks.Count; i++)
        {
            var (plain, chunk) = chunks[i];
            if (!lost.Contains(homes[i]))
                Assert.Equal(plain, await fixture.ReadAsync(chunk, plain.Length));
            else
                Assert.Contains("cloud", (await Assert.ThrowsAsync<ChunkUnavailableException>(() => fixture.ReadAsync(chunk, plain.Length))).Message);
        }
    }

    [Fact]
    public async Task Missing_and_damaged_shards_are_found_by_reading_and_rebuilt()
    {
        await using var fixture = new StoreFixture(new Redundancy(2, 2));
        var chunks = AddChunks(fixture, 24);
        await fixture.UploadAllAsync();
        var before = fixture.ObjectCount();
        Lose(fixture, 0, Loss.Emptied);
        Lose(fixture, 1, Loss.Corrupted);
        await fixture.ReopenWithoutLocalFilesAsync();
        foreach (var (plain, chunk) in chunks)
            Assert.Equal(plain, await fixture.ReadAsync(chunk, plain.Length));
        Assert.True(fixture.Store.GetStatus().DegradedReads > 0);
        await ChunkStoreTests.WaitUntil(() => fixture.Store.GetStatus() is { DamagedShards: 0, PendingPacks: 0 });
        fixture.Commit();
        Lose(fixture, 2, Loss.Emptied);
        Lose(fixture, 3, Loss.Emptied);
        await fixture.ReopenWithoutLocalFilesAsync();
        var unreadable = 0;
        foreach (var (plain, chunk) in chunks)
        {
            try
            {
                Assert.Equal(plain, await fixture.ReadAsync(chunk, plain.Length));
            }
            catch (ChunkUnavailableException)
            {
                unreadable++;
            }
        }
        Assert.Equal(0, unreadable);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_too_many_clouds_have_lost_is_told_after_a_read_of_it_and_well_when_they_have_it_again(bool damagedOnly)
    {
        await using var fixture = new StoreFixture(new Redundancy(2, 1), configure: static options => options with { DiskCacheLimit = 0, MemoryCacheLimit = 0 });
        var plain = StoreFixture.Random(50_000);
        var chunk = fixture.Add(plain);
        await fixture.UploadAllAsync();
        await fixture.ReopenWithoutLocalFilesAsync();
        var objects = Enumerable.Range(0, 3).SelectMany(fixture.ObjectFiles).ToDictionary(static path => path, File.ReadAllBytes);
        foreach (var (path, content) in objects)
        {
            File.Delete(path);
            if (damagedOnly)
                File.WriteAllBytes(path, StoreFixture.Random(content.Length));
        }
        await Assert.ThrowsAsync<ChunkUnavailableException>(() => fixture.ReadAsync(chunk, plain.Length));
        await ChunkStoreTests.WaitUntil(() => fixture.Store.GetState(chunk) == ChunkState.Lost);
        Assert.Equal((1, 3), (fixture.Store.GetStatus().LostPacks, fixture.Store.GetStatus().DamagedShards));
        foreach (var (path, content) in objects)
        {
            File.Delete(path);
            File.WriteAllBytes(path, content);
        }
        await ChunkStoreTests.WaitUntil(() => fixture.Store.GetState(chunk) == ChunkState.Protected);
        Assert.Equal(plain, await fixture.ReadAsync(chunk, plain.Length));
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 0)]
    public async Task A_cloud_that_refuses_a_shard_keeps_no_other_from_its_own(int refusing, int other)
    {
        await using var fixture = new StoreFixture(new Redundancy(2, 2), configure: static options => options with { DiskCacheLimit = 0, MemoryCacheLimit = 0 });
        var plain = StoreFixture.Random(50_000);
        var chunk = fixture.Add(plain);
        await fixture.UploadAllAsync();
        await fixture.ReopenWithoutLocalFilesAsync();
        var lost = fixture.ObjectFiles(other).ToList();
        foreach (var path in lost.Concat(fixture.ObjectFiles(refusing)))
            File.Delete(path);
        fixture.Plans[refusing].RefuseWrites = true;
        // So that both are missed.
        fixture.Plans[3].Offline = true;
        await Assert.ThrowsAsync<ChunkUnavailableException>(() => fixture.ReadAsync(chunk, plain.Length));
        fixture.Plans[3].Offline = false;
        await ChunkStoreTests.WaitUntil(() => lost.TrueForAll(File.Exists));
    }

    [Fact]
    public async Task A_damaged_local_copy_is_read_from_the_clouds_and_repaired()
    {
        await using var fixture = new StoreFixture(new Redundancy(3, 1), configure: static options => options with { MemoryCacheLimit = 0 });
        var chunks = AddChunks(fixture, 6);
        await fixture.UploadAllAsync();
        foreach (var file in Directory.GetFiles(fixture.Cache))
            Spoil(file);
        foreach (var (plain, chunk) in chunks)
            Assert.Equal(plain, await fixture.ReadAsync(chunk, plain.Length));
        foreach (var plan in fixture.Plans)
            plan.Offline = true;
        foreach (var (plain, chunk) in chunks)
            Assert.Equal(plain, await fixture.ReadAsync(chunk, plain.Length));
    }

    /// <summary>The tags are recorded, so what the disk has made of the data since is known not to be it.</summary>
    [Fact]
    public async Task A_shard_that_waits_is_not_made_from_a_staged_file_that_has_changed()
    {
        // The first question may be under way already.
        await using var fixture = new StoreFixture(
            new Redundancy(2, 1), configure: static options => options with { QuotaInterval = TimeSpan.FromMilliseconds(50) });
        fixture.Plans[2].Full = true;
        await ChunkStoreTests.WaitUntil(() => fixture.Store.GetSpace().Free == 0);
        var chunks = AddChunks(fixture, 4);
        fixture.Commit(seal: true);
        await ChunkStoreTests.WaitUntil(() => fixture.ObjectCount() == 2);
        await ChunkStoreTests.WaitUntil(() => fixture.Store.GetState(chunks[0].Chunk) == ChunkState.Uploading);
        fixture.Commit();
        fixture.Plans[2].Full = false;
        await ReopenWithSpoiledFilesAsync(fixture);
        await fixture.UploadAllAsync();

        fixture.Plans[0].Offline = true;
        await fixture.ReopenWithoutLocalFilesAsync();
        foreach (var (plain, chunk) in chunks)
            Assert.Equal(plain, await fixture.ReadAsync(chunk, plain.Length));
    }

    [Fact]
    public async Task What_a_crash_kept_from_being_recorded_is_found_although_the_staged_file_has_changed()
    {
        await using var fixture = new StoreFixture(new Redundancy(2, 1));
        foreach (var plan in fixture.Plans)
            plan.Offline = true;
        var chunks = AddChunks(fixture, 4);
        fixture.Commit(seal: true);
        await ChunkStoreTests.WaitUntil(() => fixture.Plans.All(static plan => plan.Injected > 0) && fixture.Store.HasChanges);
        fixture.Commit();
        foreach (var plan in fixture.Plans)
            plan.Offline = false;
        await ChunkStoreTests.WaitUntil(() => fixture.ObjectCount() == 3);
        await ReopenWithSpoiledFilesAsync(fixture);
        await fixture.UploadAllAsync();
        await fixture.ReopenWithoutLocalFilesAsync();
        foreach (var (plain, chunk) in chunks)
            Assert.Equal(plain, await fixture.ReadAsync(chunk, plain.Length));
    }

    [Fact]
    public async Task A_file_of_the_cache_is_not_taken_for_a_staged_one_when_its_pack_loses_a_shard()
    {
        await using var fixture = new StoreFixture(new Redundancy(2, 1), configure: static options => options with { MemoryCacheLimit = 0 });
        var chunks = AddChunks(fixture, 4);
        await fixture.UploadAllAsync();
        await ReopenWithSpoiledFilesAsync(fixture);
        Lose(fixture, 0, Loss.Emptied);
        foreach (var (plain, chunk) in chunks)
            Assert.Equal(plain, await fixture.ReadAsync(chunk, plain.Length));
        fixture.Commit();
        await ChunkStoreTests.WaitUntil(() => fixture.Store.GetStatus() is { DamagedShards: 0, PendingPacks: 0 });
        fixture.Commit();
        Assert.Equal(0, fixture.Store.GetStatus().StagedBytes);
    }

    [Fact]
    public async Task Chunks_read_from_clouds_stay_on_the_local_disk()
    {
        await using var fixture = new StoreFixture(new Redundancy(2, 1), configure: static options => options with { MemoryCacheLimit = 0 });
        var chunks = AddChunks(fixture, 10);
        await fixture.UploadAllAsync();
        await fixture.ReopenWithoutLocalFilesAsync();
        foreach (var (plain, chunk) in chunks)
            Assert.Equal(plain, await fixture.ReadAsync(chunk, plain.Length));
        await fixture.ReopenAsync();
        foreach (var plan in fixture.Plans)
            plan.Offline = true;
        foreach (var (plain, chunk) in chunks)
            Assert.Equal(plain, await fixture.ReadAsync(chunk, plain.Length));
    }

    /// <summary>One chunk of a joined read-ahead fails as nobody foresaw: the others must not be waited for in vain.</summary>
    [Fact]
    public async Task A_cached_file_that_cannot_be_opened_lets_no_reader_wait_for_ever()
    {
        await using var fixture = new StoreFixture(new Redundancy(2, 1));
        var chunks = AddChunks(fixture, 8);
        await fixture.UploadAllAsync();
        await fixture.ReopenWithoutLocalFilesAsync();
        await fixture.ReadAsync(chunks[0].Chunk, chunks[0].Plain.Length);
        foreach (var plan in fixture.Plans)
            plan.Offline = true;
        fixture.Configure = static options => options with { InitialBackoff = TimeSpan.FromMinutes(10), MaximumBackoff = TimeSpan.FromMinutes(10) };
        await fixture.ReopenAsync();
        await ChunkStoreTests.WaitUntil(() => fixture.Store.GetStatus().Clouds.All(static cloud => !cloud.Reachable));
        var part = Assert.Single(Directory.GetFiles(fixture.Cache));
        File.Delete(part);
        Directory.CreateDirectory(part);

        fixture.Store.Prefetch([.. chunks.Select(static item => item.Chunk)]);
        foreach (var (plain, chunk) in chunks)
            await Assert.ThrowsAsync<ChunkUnavailableException>(() => fixture.ReadAsync(chunk, plain.Length).WaitAsync(TimeSpan.FromMinutes(1)));
    }

    private static async Task ReopenWithSpoiledFilesAsync(StoreFixture fixture)
    {
        var configure = fixture.Configure;
        fixture.Configure = options =>
        {
            foreach (var file in Directory.GetFiles(fixture.Staging).Concat(Directory.GetFiles(fixture.Cache)))
                Spoil(file);
            return configure(options);
        };
        await fixture.ReopenAsync();
        fixture.Configure = configure;
    }

    private static ChunkStoreOptions WithoutLocalHelp(ChunkStoreOptions options) => options with { DiskCacheLimit = 0, MemoryCacheLimit = 0 };

    private static List<(byte[] Plain, ChunkRef Chunk)> AddChunks(StoreFixture fixture, int count) =>
        [.. Enumerable.Range(0, count).Select(i => StoreFixture.Random(100 + (i * 7919 % 60_000))).Select(plain => (plain, fixture.Add(plain)))];

    private static IEnumerable<int[]> Choices(int clouds, int count) =>
        Enumerable.Range(0, 1 << clouds).Where(set => int.PopCount(set) == count)
            .Select(set => Enumerable.Range(0, clouds).Where(cloud => (set >> cloud & 1) == 1).ToArray());

    private static void Lose(StoreFixture fixture, int cloud, Loss loss)
    {
        switch (loss)
        {
            case Loss.Destroyed:
                Directory.Delete(fixture.CloudFolder(cloud), recursive: true);
                break;
            case Loss.Emptied:
                foreach (var file in fixture.ObjectFiles(cloud).ToList())
                    File.Delete(file);
                break;
            case Loss.Corrupted:
                foreach (var file in fixture.ObjectFiles(cloud))
                    Spoil(file);
                break;
            case Loss.Truncated:
                foreach (var file in fixture.ObjectFiles(cloud))
                    File.WriteAllBytes(file, []);
                break;
            case Loss.Hanging:
                fixture.Plans[cloud].Hang = true;
                break;
            case Loss.Failing:
                fixture.Plans[cloud].Offline = true;
                break;
        }
    }

    /// <summary>Changes at least one byte in each 65, so that no chunk survives.</summary>
    private static void Spoil(string file)
    {
        var bytes = File.ReadAllBytes(file);
        for (var i = Random.Shared.Next(64); i < bytes.Length; i += 1 + Random.Shared.Next(64))
            bytes[i] ^= (byte)Random.Shared.Next(1, 256);
        File.WriteAllBytes(file, bytes);
    }

    private static void Backup(StoreFixture fixture)
    {
        for (var cloud = 0; cloud < fixture.Members.Count; cloud++)
            Copy(fixture.CloudFolder(cloud), fixture.CloudFolder(cloud) + ".backup");
    }

    private static void Restore(StoreFixture fixture)
    {
        for (var cloud = 0; cloud < fixture.Members.Count; cloud++)
        {
            fixture.Plans[cloud].Hang = false;
            fixture.Plans[cloud].Offline = false;
            Copy(fixture.CloudFolder(cloud) + ".backup", fixture.CloudFolder(cloud));
        }
    }

    private static void Copy(string from, string to)
    {
        if (Directory.Exists(to))
            Directory.Delete(to, recursive: true);
        Directory.CreateDirectory(to);
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }
}
