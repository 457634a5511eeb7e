using CuckooDrive.Clouds.Decorators;
using CuckooDrive.Core.Chunks;
using CuckooDrive.Core.Placement;
using Xunit;

namespace CuckooDrive.Core.Tests.Chunks;

public class ChunkStoreTests
{
    [Fact]
    public async Task A_chunk_is_read_back_at_once_and_from_any_offset()
    {
        await using var fixture = new StoreFixture(new Redundancy(3, 1));
        var plain = StoreFixture.Random(100_000);
        var chunk = fixture.Add(plain);
        Assert.Equal(plain, await fixture.ReadAsync(chunk, plain.Length));
        var part = new byte[1000];
        await fixture.Store.ReadAsync(chunk, 50_000, part, CancellationToken.None);
        Assert.Equal(plain[50_000..51_000], part);
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(3, 1)]
    public async Task Chunks_come_back_from_the_clouds_alone(int data, int parity)
    {
        await using var fixture = new StoreFixture(new Redundancy(data, parity));
        var chunks = Enumerable.Range(0, 60).Select(i => StoreFixture.Random(1 + (i * 1999 % 131072))).Select(plain => (plain, fixture.Add(plain))).ToList();
        await fixture.UploadAllAsync();
        Assert.All(chunks, item => Assert.Equal(ChunkState.Protected, fixture.Store.GetState(item.Item2)));
        await fixture.ReopenWithoutLocalFilesAsync();
        foreach (var (plain, chunk) in chunks)
            Assert.Equal(plain, await fixture.ReadAsync(chunk, plain.Length));
    }

    [Fact]
    public async Task Equal_chunks_are_stored_once_also_after_a_restart()
    {
        await using var fixture = new StoreFixture(new Redundancy(2, 1));
        byte[][] plains = [StoreFixture.Random(50_000), StoreFixture.Random(50_000)];
        var first = plains.Select(plain => fixture.Add(plain)).ToArray();
        Assert.Equal(first, plains.Select(plain => fixture.Add(plain)));
        fixture.Commit();
        await fixture.ReopenAsync();
        // What was stored before is learnt in the background, which a busy machine may put off for seconds. A chunk that is
        // added again at that very moment takes the place of the stored one, and its removal then forgets both: hence two.
        var tries = 0;
        await WaitUntil(() =>
        {
            var which = tries++ % plains.Length;
            var second = fixture.Add(plains[which]);
            if (second != first[which])
                fixture.Store.RemoveReference(second);
            return second == first[which];
        });
    }

    [Fact]
    public async Task A_dead_chunk_is_not_used_for_deduplication()
    {
        await using var fixture = new StoreFixture(new Redundancy(2, 1));
        var plain = StoreFixture.Random(50_000);
        var first = fixture.Add(plain);
        fixture.Add(StoreFixture.Random(10));
        fixture.Store.RemoveReference(first);
        Assert.NotEqual(first, fixture.Add(plain));
    }

    [Fact]
    public async Task Compressible_data_takes_less_room()
    {
        await using var fixture = new StoreFixture(new Redundancy(1, 0));
        for (var i = 0; i < 20; i++)
            fixture.Add(StoreFixture.Text(131072, i));
        Assert.InRange(fixture.Store.GetStatus().LiveBytes, 1, 20 * 131072 / 4);
    }

    [Fact]
    public async Task A_pack_with_nothing_alive_leaves_the_clouds_after_the_journal_says_so()
    {
        await using var fixture = new StoreFixture(new Redundancy(3, 1));
        var chunks = Enumerable.Range(0, 5).Select(_ => fixture.Add(StoreFixture.Random(100_000))).ToList();
        await fixture.UploadAllAsync();
        Assert.True(fixture.ObjectCount() > 0);
        chunks.ForEach(fixture.Store.RemoveReference);
        var death = fixture.Commit(seal: true);
        await Task.Delay(200);
        Assert.True(fixture.ObjectCount() > 0);
        fixture.Store.Journaled(death);
        await WaitUntil(() => fixture.ObjectCount() == 0);
        await WaitUntil(() => fixture.Commit() > 0 && fixture.Store.GetStatus().Packs == 0);
        await WaitUntil(() => Directory.GetFiles(fixture.Cache).Length == 0);
        await fixture.ReopenAsync();
        Assert.Equal(0, fixture.Store.GetStatus().Packs);
    }

    [Fact]
    public async Task A_pack_that_dies_before_any_journal_names_it_is_never_uploaded()
    {
        await using var fixture = new StoreFixture(new Redundancy(3, 1));
        var chunk = fixture.Add(StoreFixture.Random(100_000));
        fixture.Commit();
        fixture.Store.RemoveReference(chunk);
        fixture.Commit(seal: true);
        await WaitUntil(() => fixture.Commit() > 0 && fixture.Store.GetStatus().Packs == 0);
        Assert.Equal(0, fixture.ObjectCount());
        await WaitUntil(() => Directory.GetFiles(fixture.Staging).Length == 0);
    }

    [Fact]
    public async Task Many_threads_append_and_read()
    {
        await using var fixture = new StoreFixture(new Redundancy(2, 1), configure: static options => options with { MemoryCacheLimit = 1 << 20 });
        var chunks = new System.Collections.Concurrent.ConcurrentBag<(byte[] Plain, ChunkRef Chunk)>();
        var work = Enumerable.Range(0, 4).Select(seed => Task.Run(async () =>
        {
            var random = new Random(seed);
            for (var i = 0; i < 60; i++)
            {
                var plain = random.Next(3) == 0 ? StoreFixture.Text(random.Next(1, 131072), random.Next(5)) : StoreFixture.Random(random.Next(1, 131072));
                chunks.Add((plain, fixture.Add(plain)));
                if (chunks.TryPeek(out var other))
                    Assert.Equal(other.Plain, await fixture.ReadAsync(other.Chunk, other.Plain.Length));
            }
        })).ToList();
        while (!work.TrueForAll(static task => task.IsCompleted))
        {
            fixture.Commit(seal: true);
            await Task.Delay(10);
        }
        await Task.WhenAll(work);
        await fixture.UploadAllAsync();
        await fixture.ReopenWithoutLocalFilesAsync();
        foreach (var (plain, chunk) in chunks)
            Assert.Equal(plain, await fixture.ReadAsync(chunk, plain.Length));
    }

    [Fact]
    public async Task Prefetched_chunks_are_in_memory()
    {
        await using var fixture = new StoreFixture(new Redundancy(2, 1));
        var chunks = Enumerable.Range(0, 20).Select(_ => StoreFixture.Random(20_000)).Select(plain => (plain, Chunk: fixture.Add(plain))).ToList();
        await fixture.UploadAllAsync();
        await fixture.ReopenWithoutLocalFilesAsync();
        fixture.Store.Prefetch([.. chunks.Select(item => item.Chunk)]);
        await WaitUntil(() => fixture.Store.GetStatus().MemoryBytes >= 20 * 20_000);
        foreach (var plan in fixture.Plans)
            plan.Offline = true;
        foreach (var (plain, chunk) in chunks)
            Assert.Equal(plain, await fixture.ReadAsync(chunk, plain.Length));
    }

    [Fact]
    public async Task A_prefetch_does_not_wait_for_a_cloud_that_is_known_not_to_answer()
    {
        // With a pause that a busy machine does not sleep through, after which the cloud would be asked again.
        await using var fixture = new StoreFixture(new Redundancy(2, 1), configure: static options => options with
        {
            ReadTimeout = TimeSpan.FromHours(1),
            InitialBackoff = TimeSpan.FromMinutes(10),
            MaximumBackoff = TimeSpan.FromMinutes(10),
        });
        var chunks = Enumerable.Range(0, 20).Select(_ => StoreFixture.Random(20_000)).Select(plain => (plain, Chunk: fixture.Add(plain))).ToList();
        await fixture.UploadAllAsync();
        await fixture.ReopenWithoutLocalFilesAsync();
        fixture.Plans[0].Offline = true;
        foreach (var (plain, chunk) in chunks.Take(2).Concat(chunks.TakeLast(2)))
            Assert.Equal(plain, await fixture.ReadAsync(chunk, plain.Length));
        // In this order: a cloud that answers in between would be known to answer again.
        fixture.Plans[0].Hang = true;
        fixture.Plans[0].Offline = false;
        fixture.Store.Prefetch([.. chunks.Select(item => item.Chunk)]);
        await WaitUntil(() => fixture.Store.GetStatus().MemoryBytes >= 20 * 20_000);
    }

    [Fact]
    public async Task A_prefetch_waits_only_a_while_for_a_cloud_that_begins_to_hang()
    {
        await using var fixture = new StoreFixture(new Redundancy(2, 1), configure: static options => options with { ReadTimeout = TimeSpan.FromHours(1) });
        var chunks = Enumerable.Range(0, 20).Select(_ => StoreFixture.Random(20_000)).Select(plain => (plain, Chunk: fixture.Add(plain))).ToList();
        await fixture.UploadAllAsync();
        await fixture.ReopenWithoutLocalFilesAsync();
        fixture.Plans[0].Hang = true;
        Assert.Equal(20, fixture.Store.Prefetch([.. chunks.Select(item => item.Chunk)]));
        await WaitUntil(() => fixture.Store.GetStatus().MemoryBytes >= 20 * 20_000);
        foreach (var (plain, chunk) in chunks)
            Assert.Equal(plain, await fixture.ReadAsync(chunk, plain.Length));
    }

    [Fact]
    public async Task A_prefetch_says_how_far_it_goes()
    {
        await using var fixture = new StoreFixture(new Redundancy(2, 1), configure: static options => options with { PrefetchLimit = 100_000, ReadTimeout = TimeSpan.FromHours(1) });
        var chunks = Enumerable.Range(0, 20).Select(_ => fixture.Add(StoreFixture.Random(20_000))).ToArray();
        Assert.Equal(20, fixture.Store.Prefetch(chunks));
        await fixture.UploadAllAsync();
        await fixture.ReopenWithoutLocalFilesAsync();
        foreach (var plan in fixture.Plans)
            plan.Hang = true;
        Assert.Equal(5, fixture.Store.Prefetch(chunks));
        Assert.Equal(0, fixture.Store.Prefetch(chunks));
    }

    [Fact]
    public async Task A_chunk_that_does_not_exist_is_unavailable()
    {
        await using var fixture = new StoreFixture(new Redundancy(1, 0));
        await Assert.ThrowsAsync<ChunkUnavailableException>(() => fixture.ReadAsync(new ChunkRef(7, 0), 1));
    }

    [Fact]
    public async Task Over_slow_lines_little_is_asked_for_twice()
    {
        const int Chunks = 32;
        await using var fixture = new StoreFixture(new Redundancy(3, 1), configure: static options => options with
        {
            DiskCacheLimit = 0,
            MemoryCacheLimit = 0,
            HedgeAfter = TimeSpan.FromMilliseconds(10),
            ReadTimeout = TimeSpan.FromMinutes(1),
        });
        var chunks = Enumerable.Range(0, Chunks).Select(_ => StoreFixture.Random(20_000)).Select(plain => (Plain: plain, Chunk: fixture.Add(plain))).ToList();
        await fixture.UploadAllAsync();
        await fixture.ReopenWithoutLocalFilesAsync();
        var asked = 0;
        foreach (var plan in fixture.Plans)
        {
            plan.Only = request => request.Operation != CloudOperation.Read || Interlocked.Increment(ref asked) > 0;
            plan.Delay = TimeSpan.FromMilliseconds(500);
        }
        var reads = await Task.WhenAll(chunks.Select(item => fixture.ReadAsync(item.Chunk, item.Plain.Length)));
        for (var chunk = 0; chunk < Chunks; chunk++)
            Assert.Equal(chunks[chunk].Plain, reads[chunk]);
        // Each chunk asked of all its clouds would be four times as many.
        Assert.InRange(asked, Chunks, 3 * Chunks);
    }

    internal static async Task WaitUntil(Func<bool> condition)
    {
        for (var tries = 0; !condition(); tries++)
        {
            Assert.True(tries < 1500, "waited for too long");
            await Task.Delay(20);
        }
    }
}
