using CuckooDrive.Format;
using Microsoft.Extensions.Logging;

namespace CuckooDrive.Core.Chunks;

/// <summary>
/// Reads a chunk from the clouds: from its own shard, and when that fails, does not authenticate or is slow, from the same
/// range of others. The first combination of k shards that authenticates wins, so a corrupt parity shard, too, is got over.
/// </summary>
internal sealed class CloudChunkReader(
    ChunkStoreOptions options,
    PackIndex index,
    CloudLanes lanes,
    ShardRangeReader ranges,
    ChunkOpener opener,
    DiskCache cache,
    TimeProvider time,
    ILogger logger)
{
    private readonly HedgeBudget _hedges = new();
    private long _degraded;

    public long DegradedReads => Volatile.Read(ref _degraded);

    /// <summary>Called without the gate when a shard was found missing or damaged.</summary>
    public Action<Pack>? ShardLost { get; set; }

    /// <exception cref="ChunkUnavailableException">No combination of sources yields the chunk.</exception>
    public async Task<CachedChunk> ReadAsync(ChunkLocation location, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var read = new DegradedRead(location, opener);
        try
        {
            var chunk = await RunAsync(location, read, stop.Token).ConfigureAwait(false);
            if (chunk is null)
            {
                // Nobody else would find out: the clouds that answered so are believed to have their shards.
                RecordFindings(location.Pack, read);
                throw Unavailable(location, read);
            }
            if (read.WonBy is not null)
                Interlocked.Increment(ref _degraded);
            RecordFindings(location.Pack, read);
            cache.Keep(location, read.Sealed!);
            return chunk;
        }
        finally
        {
            if (read.IsHedged)
                _hedges.End(won: read.WonBy is not null);
            // Whoever still answers comes too late.
            await stop.CancelAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Opens a chunk from bytes read in a joined request; null when they are not the chunk's.</summary>
    public CachedChunk? Open(in ChunkLocation location, ReadOnlySpan<byte> sealedChunk)
    {
        var chunk = opener.TryOpen(location, sealedChunk);
        if (chunk is not null)
            cache.Keep(location, sealedChunk);
        return chunk;
    }

    private async Task<CachedChunk?> RunAsync(ChunkLocation location, DegradedRead read, CancellationToken stop)
    {
        var (pack, record) = (location.Pack, location.Record);
        var sources = SourcesInOrder(pack, record.Shard);
        var running = new List<Task<ShardRange>>();
        var next = 0;
        void Ask(int count)
        {
            for (; count > 0 && next < sources.Count; count--)
                running.Add(ranges.ReadAsync(pack, sources[next++], record.Offset, record.SealedLength, stop));
        }

        // A cloud that is known not to answer is not waited for.
        Ask(1);
        var degraded = !IsPromising(pack, record.Shard);
        if (degraded)
            Ask(pack.DataShards);
        while (running.Count > 0)
        {
            var hedge = HedgeDelay(pack, sources[0]);
            if (next < sources.Count)
            {
                using var timer = CancellationTokenSource.CreateLinkedTokenSource(stop);
                var late = Task.Delay(hedge, time, timer.Token);
                var first = await Task.WhenAny(Task.WhenAny(running), late).ConfigureAwait(false);
                await timer.CancelAsync().ConfigureAwait(false);
                stop.ThrowIfCancellationRequested();
                if (first == late)
                {
                    if (!degraded && !(read.IsHedged = _hedges.TryBegin()))
                        continue;
                    Ask(degraded ? 1 : pack.DataShards);
                    degraded = true;
                    continue;
                }
            }
            var answered = await Task.WhenAny(running).ConfigureAwait(false);
            running.Remove(answered);
            if (read.Accept(await answered.ConfigureAwait(false)) is { } chunk)
                return chunk;
            Ask(degraded ? 1 : pack.DataShards);
            degraded = true;
        }
        return null;
    }

    /// <summary>The chunk's own shard, then the others: stored before unknown before bad, answering before silent, fast before slow.</summary>
    private List<int> SourcesInOrder(Pack pack, int own)
    {
        var sources = new List<int>(pack.Width) { own };
        if (pack.Redundancy.ParityShards == 0)
            return sources;
        sources.AddRange(Enumerable.Range(0, pack.Width).Where(shard => shard != own)
            .OrderBy(shard => pack.Shards[shard].State switch { ShardState.Stored => 0, ShardState.Pending => 1, _ => 2 })
            .ThenBy(shard => lanes.Find(pack.Shards[shard].Cloud) is { IsUsable: true, IsReachable: true } ? 0 : 1)
            .ThenBy(shard => lanes.Find(pack.Shards[shard].Cloud)?.Latency ?? TimeSpan.MaxValue));
        return sources;
    }

    /// <summary>Whether the shard's cloud is likely to give it.</summary>
    public bool IsPromising(Pack pack, int shard)
    {
        var place = pack.Shards[shard];
        return place.State is ShardState.Stored or ShardState.Pending &&
            lanes.Find(place.Cloud) is { IsUsable: true } lane && lane.TimeUntilAvailable == TimeSpan.Zero;
    }

    /// <summary>After how long others are asked for what this shard does not give.</summary>
    public TimeSpan HedgeDelay(Pack pack, int shard)
    {
        var usual = (lanes.Find(pack.Shards[shard].Cloud)?.Latency ?? TimeSpan.Zero) * 3;
        return usual > options.HedgeAfter ? usual : options.HedgeAfter;
    }

    private void RecordFindings(Pack pack, DegradedRead read)
    {
        var found = false;
        foreach (var (shard, finding) in read.Findings())
        {
            lock (index.Gate)
            {
                ref var place = ref pack.Shards[shard];
                if (place.State != ShardState.Stored)
                    continue;
                place.State = finding;
                lanes.Find(place.Cloud)?.AddStored(-pack.PaddedLength);
                index.MarkDirty(pack);
            }
            found = true;
            logger.LogWarning("Shard {Shard} of pack {Pack} at {Cloud} is {Finding}; {Result}.",
                shard, pack.Ordinal, lanes.Name(pack.Shards[shard].Cloud), finding == ShardState.Missing ? "missing" : "damaged",
                read.Sealed is null ? "the others did not help" : "it was got over with the others");
        }
        if (found)
            ShardLost?.Invoke(pack);
    }

    private ChunkUnavailableException Unavailable(ChunkLocation location, DegradedRead read) =>
        new($"Chunk {location.Number} of pack {location.Pack.Id} cannot be read: {read.Describe(shard => lanes.Name(location.Pack.Shards[shard].Cloud))}.");
}
