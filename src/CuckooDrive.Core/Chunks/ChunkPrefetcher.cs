using System.Buffers;
using CuckooDrive.Core.Placement;

namespace CuckooDrive.Core.Chunks;

/// <summary>
/// Brings chunks into memory ahead of their readers. What lies side by side in a shard comes with one request. Bounded by a
/// <see cref="PrefetchBudget"/>; what exceeds it is not fetched ahead.
/// </summary>
internal sealed class ChunkPrefetcher(
    ChunkStoreOptions options,
    PackIndex index,
    MemoryChunkCache memory,
    ChunkReader reader,
    ShardRangeReader ranges,
    CloudChunkReader clouds,
    TimeProvider time,
    CancellationToken stopping)
{
    private const int LongestRequest = 1 << 20;
    private const int LargestGap = 32 * 1024;

    /// <summary>A line that carries less than this for a joined request counts as one whose cloud hangs, until it is known to be slow; bytes in a second.</summary>
    private const int SlowestLine = 512 * 1024;

    private readonly PrefetchBudget _budget = new(options.PrefetchLimit, time);

    /// <inheritdoc cref="IChunkStore.Prefetch"/>
    public int Prefetch(ReadOnlySpan<ChunkRef> chunks)
    {
        List<ChunkLocation>? remote = null;
        var room = _budget.Room;
        var taken = 0;
        for (; taken < chunks.Length && room > 0; taken++)
        {
            if (memory.IsKnown(chunks[taken]) || !TryLocate(chunks[taken], out var location))
                continue;
            // The local disk's own read-ahead serves a sequential reader; a thread for each chunk would only cost.
            if (location.Pack.IsWholeLocally)
                continue;
            (remote ??= []).Add(location);
            room -= location.Record.PlainLength;
        }
        if (remote is not null)
            StartRemote(remote);
        return taken;
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
        var begun = _budget.Begin(bytes);
        _ = Task.Run(() => FetchAsync(mine, bytes, begun), CancellationToken.None);
    }

    private async Task FetchAsync(List<ChunkLocation> run, long bytes, long begun)
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
            _budget.End(bytes, begun);
        }
    }

    /// <summary>
    /// A rented buffer that begins with the whole run, or null. A cloud that does not answer in good time is given up here, while its
    /// request goes on to its own time limit, by which it is known to be away.
    /// </summary>
    private async Task<byte[]?> ReadJoinedAsync(List<ChunkLocation> run)
    {
        var (first, last) = (run[0].Record, run[^1].Record);
        var length = last.Offset + last.SealedLength - first.Offset;
        // New ones of this size would pile up faster than a busy machine collects them.
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            var request = ranges.ReadAsync(run[0].Pack, first.Shard, first.Offset, length, stopping, buffer);
            var patience = clouds.HedgeDelay(run[0].Pack, first.Shard) + TimeSpan.FromSeconds((double)length / SlowestLine);
            if ((await request.WaitAsync(patience, time, stopping).ConfigureAwait(false)).Bytes == buffer)
                return buffer;
        }
        catch (Exception exception) when (exception is TimeoutException or OperationCanceledException)
        {
            // It is late; or the store closes: each chunk's own load says so to whoever waits.
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
