using CsCheck;
using CuckooDrive.Core.Chunks;
using CuckooDrive.Format;
using Xunit;

namespace CuckooDrive.Core.Tests.Chunks;

public class MemoryTests
{
    [Fact]
    public void The_memory_cache_keeps_its_limit_and_the_most_recent() => Gen.Int[1, 40].Array[1, 200].Sample(lengths =>
    {
        const long limit = 20_000;
        var cache = new MemoryChunkCache(limit);
        for (uint i = 0; i < lengths.Length; i++)
        {
            var chunk = new ChunkRef(1, i);
            Assert.Null(cache.Begin(chunk, out var cached));
            Assert.Null(cached);
            var loaded = new CachedChunk(chunk, lengths[i] * 100);
            cache.Finish(loaded);
            loaded.Release();
            Assert.InRange(cache.Bytes, 0, limit);
            var again = cache.TryGet(chunk);
            Assert.NotNull(again);
            Assert.Equal(lengths[i] * 100, again.Memory.Length);
            again.Release();
        }
    });

    [Fact]
    public async Task Readers_of_one_chunk_share_one_load_and_its_failure()
    {
        var cache = new MemoryChunkCache(1000);
        var chunk = new ChunkRef(1, 1);
        Assert.Null(cache.Begin(chunk, out _));
        var second = cache.Begin(chunk, out _);
        Assert.NotNull(second);
        cache.Fail(chunk, new IOException("no"));
        await Assert.ThrowsAsync<IOException>(() => second);
        Assert.Null(cache.Begin(chunk, out _));
        var loaded = new CachedChunk(chunk, 10);
        var third = cache.Begin(chunk, out _);
        cache.Finish(loaded);
        Assert.Same(loaded, await third!);
    }

    [Fact]
    public void A_buffer_lives_until_its_last_owner_leaves()
    {
        var cache = new MemoryChunkCache(0);
        var chunk = new CachedChunk(new ChunkRef(1, 1), 10);
        Assert.True(chunk.TryShare());
        chunk.Release();
        Assert.Equal(10, chunk.Memory.Length);
        chunk.Release();
        Assert.False(chunk.TryShare());
        Assert.Equal(0, cache.Bytes);
    }

    [Fact]
    public void Deduplication_finds_what_was_added_last_and_stays_bounded() => Gen.Select(Gen.Int[0, 64], Gen.Int[1, 3000]).Sample((limit, count) =>
    {
        var index = new DedupIndex(limit);
        var random = new Random(count);
        var bytes = new byte[16];
        for (uint i = 0; i < count; i++)
        {
            random.NextBytes(bytes);
            var id = new ChunkId(bytes);
            index.Add(id, new ChunkRef(5, i));
            var way = 0;
            Assert.Equal(limit > 0, index.TryFind(id, ref way, out var found));
            if (limit == 0)
                continue;
            Assert.Equal(new ChunkRef(5, i), found);
            if (i % 3 != 0)
                continue;
            index.Remove(id, found);
            way = 0;
            Assert.False(index.TryFind(id, ref way, out _));
        }
    });
}
