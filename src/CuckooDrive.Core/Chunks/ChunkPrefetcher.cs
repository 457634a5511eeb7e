using System.Buffers;
using CuckooDrive.Core.Placement;

namespace CuckooDrive.Core.Chunks;

/// <summary>
/// Brings chunks into memory ahead of their readers. What lies side by side in a shard comes with one request. Bounded by
/// bytes; what exceeds the bound is simply not fetched ahead.
/// </summary>
internal sealed class ChunkPrefetcher(
    ChunkStoreOptions options,
    PackIndex index,
    MemoryChunkCache memory,
    ChunkReader reader,
    ShardRangeReader ranges,
    CloudChunkReader clouds,
    CancellationToken stopping)
{
    private const int LongestRequest = 1 << 20;
    private const int LargestGap = 32 * 1024;

    private long _underWay;

    public void Prefetch(ReadOnlySpan<ChunkRef> chunks)
    {
        List<ChunkLocation>? remote = null;
        foreach (var chunk in chunks)
        {
            if (Volatile.Read(ref _underWay) >= options.PrefetchLimit)
                break;
            if (memory.IsKnown(chunk) || !TryLocate(chunk, out var location))
                continue;
            // The local disk's own read-ahead serves a sequential reader; a thread for each chunk would only cost.
            if (!location.Pack.IsWholeLocally)
                (remote ??= []).Add(location);
        }
        if (remote is not null)
            StartRemote(remote);
    }

    private bool TryLocate(ChunkRef chunk, out ChunkLocation location)
    {
        lock (index.Gate)
            return index.TryLocate(chunk, out location);
    }

    private void StartRemote(List<ChunkLocation> remote)
    {
        remote.Sort(static (a, b) => (a.Pack.Ordinal, a.Record.Shard, a.Record.Offset).CompareTo((b.Pack.Ordinal, b.Record.Shard, b.Record.Offset)));
        var run = new List<ChunkLocation>();
        foreach (var location in remote)
        {
            if (run.Count > 0 && !Continues(run, location))
            {
                Start(run);
                run = [];
            }
            run.Add(location);
        }
        Start(run);
    }

    private static bool Continues(List<ChunkLocation> run, in ChunkLocation next)
    {
        var last = run[^1];
        return last.Pack == next.Pack && last.Record.Shard == next.Record.Shard &&
            next.Record.Offset - (last.Record.Offset + last.Record.SealedLength) <= LargestGap &&
            next.Record.Offset + next.Record.SealedLength - run[0].Record.Offset <= LongestRequest;
    }

    private void Start(List<ChunkLocation> run)
    {
        // Those that somebody loads by now are left out; the others are ours to finish or fail.
        var mine = new List<ChunkLocation>(run.Count);
        long bytes = 0;
        foreach (var location in run)
        {
            var load = memory.Begin(location.Chunk, out var cached);
            cached?.Release();
            if (load is not null || cached is not null)
                continue;
            mine.Add(location);
            bytes += location.Record.PlainLength;
        }
        if (mine.Count == 0)
            return;
        Interlocked.Add(ref _underWay, bytes);
        _ = Task.Run(() => FetchAsync(mine, bytes), CancellationToken.None);
    }

    private async Task FetchAsync(List<ChunkLocation> run, long bytes)
    {
        try
        {
            // A cloud that is known not to answer is not waited for: each chunk's own load asks the others.
            var joined = run.Count == 1 || !clouds.IsPromising(run[0].Pack, run[0].Record.Shard) ? null : await ReadJoinedAsync(run).ConfigureAwait(false);
            foreach (var location in run)
                await FinishAsync(location, run[0].Record.Offset, joined).ConfigureAwait(false);
            if (joined is not null)
                ArrayPool<byte>.Shared.Return(joined);
        }
        finally
        {
            Interlocked.Add(ref _underWay, -bytes);
        }
    }

    /// <summary>A rented buffer that begins with the whole run, or null.</summary>
    private async Task<byte[]?> ReadJoinedAsync(List<ChunkLocation> run)
    {
        var (first, last) = (run[0].Record, run[^1].Record);
        var length = last.Offset + last.SealedLength - first.Offset;
        // New ones of this size would pile up faster than a busy machine collects them.
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            var range = await ranges.ReadAsync(run[0].Pack, first.Shard, first.Offset, length, stopping, buffer).ConfigureAwait(false);
            if (range.Bytes == buffer)
                return buffer;
        }
        catch (OperationCanceledException)
        {
            // The store closes; each chunk's own load says so to whoever waits.
        }
        // The buffer is left to the collector: a request that hangs may still fill it.
        return null;
    }

    private async Task FinishAsync(ChunkLocation location, int start, byte[]? joined)
    {
        try
        {
            if (joined is not null && clouds.Open(location, joined.AsSpan(location.Record.Offset - start, location.Record.SealedLength)) is { } opened)
            {
                memory.Finish(opened);
                opened.Release();
                return;
            }
            (await reader.LoadAsync(location.Chunk).ConfigureAwait(false)).Release();
        }
        catch (Exception exception)
        {
            // A prefetch never fails, whatever it was: those who wait for this chunk are told, the other chunks of the run come next, and a
            // later read tries again.
            memory.Fail(location.Chunk, exception);
        }
    }
}
