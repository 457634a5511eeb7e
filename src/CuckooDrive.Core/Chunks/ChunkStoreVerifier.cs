using CuckooDrive.Clouds;
using CuckooDrive.Format;

namespace CuckooDrive.Core.Chunks;

/// <summary>What a check of the chunk store found.</summary>
public sealed record ChunkStoreReport
{
    public long Packs { get; internal set; }

    public long Chunks { get; internal set; }

    /// <summary>Chunks whose local bytes were opened.</summary>
    public long OpenedChunks { get; internal set; }

    /// <summary>Shard objects asked for at their clouds.</summary>
    public long AskedShards { get; internal set; }

    /// <summary>Packs with something in use that can be had neither from the local disk nor from the clouds.</summary>
    public ISet<uint> LostPacks { get; } = new HashSet<uint>();

    /// <summary>One sentence for each thing that is wrong; empty for a sound store.</summary>
    public IList<string> Problems { get; } = [];
}

/// <summary>
/// Checks packs, chunk directories, local files and, if asked, the clouds against each other, while the store is in use:
/// each pack's rows are seen in one moment.
/// </summary>
internal sealed class ChunkStoreVerifier(ChunkStoreOptions options, PackIndex index, ChunkReader reader, CloudLanes lanes)
{
    public async Task<ChunkStoreReport> RunAsync(bool askClouds, IProgress<double>? progress, CancellationToken cancellationToken)
    {
        var report = new ChunkStoreReport();
        List<Pack> packs;
        lock (index.Gate)
            packs = [.. index.Packs.OrderBy(static pack => pack.Ordinal)];
        foreach (var pack in packs)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var live = CheckRows(pack, report);
            foreach (var location in live)
                CheckLocal(location, report);
            if (askClouds)
                await CheckCloudsAsync(pack, report, cancellationToken).ConfigureAwait(false);
            progress?.Report(++report.Packs / (double)packs.Count);
        }
        return report;
    }

    private List<ChunkLocation> CheckRows(Pack pack, ChunkStoreReport report)
    {
        var live = new List<ChunkLocation>();
        lock (index.Gate)
        {
            if (pack.Gone)
                return live;
            long liveBytes = 0;
            uint chunks = 0;
            var used = new int[pack.Width];
            try
            {
                index.Visit(pack, (number, record) =>
                {
                    chunks++;
                    CheckPlace(pack, number, record, used, report);
                    if (record.References == 0)
                        return;
                    liveBytes += record.SealedLength;
                    // What is being written at this moment is not there yet.
                    if (pack.PendingWrites == 0)
                        live.Add(new ChunkLocation(pack, number, record));
                });
            }
            catch (InvalidDataException exception)
            {
                report.Problems.Add(exception.Message);
            }
            report.Chunks += chunks;
            if (chunks != pack.ChunkCount)
                report.Problems.Add($"Pack {pack.Ordinal} has {chunks} chunks in its directory and {pack.ChunkCount} in its record.");
            if (liveBytes != pack.LiveBytes)
                report.Problems.Add($"Pack {pack.Ordinal} has {liveBytes} live bytes in its directory and {pack.LiveBytes} in its record.");
            if (pack.State == PackState.Dead && liveBytes > 0)
                report.Problems.Add($"Pack {pack.Ordinal} is recorded as dead and has {liveBytes} live bytes.");
            if (pack.State == PackState.Sealed && !pack.IsWholeLocally && pack.StoredShards < pack.DataShards)
            {
                report.Problems.Add($"Pack {pack.Ordinal} has only {pack.StoredShards} of the {pack.DataShards} shards that it needs, and no local copy.");
                if (liveBytes > 0)
                    report.LostPacks.Add(pack.Ordinal);
            }
        }
        return live;
    }

    // Chunks were given their places one after another in each shard, so each begins where the one before it ended.
    private static void CheckPlace(Pack pack, uint number, in ChunkRecord record, int[] used, ChunkStoreReport report)
    {
        if (record.Shard >= pack.DataShards)
        {
            report.Problems.Add($"Chunk {number} of pack {pack.Ordinal} lies in shard {record.Shard}, which holds no data.");
            return;
        }
        if (record.Offset != used[record.Shard])
            report.Problems.Add($"Chunk {number} of pack {pack.Ordinal} overlaps another one or leaves a gap.");
        used[record.Shard] = record.Offset + record.SealedLength;
        if (pack.State == PackState.Sealed && used[record.Shard] > pack.PaddedLength)
            report.Problems.Add($"Chunk {number} of pack {pack.Ordinal} ends behind its shard.");
    }

    private void CheckLocal(in ChunkLocation location, ChunkStoreReport report)
    {
        if (!location.Pack.IsWholeLocally)
            return;
        if (reader.TryReadLocal(location) is { } chunk)
            chunk.Release();
        else if (location.Pack.IsWholeLocally)
        {
            report.Problems.Add($"Chunk {location.Number} of pack {location.Pack.Ordinal} is damaged on the local disk.");
            if (location.Pack.StoredShards < location.Pack.DataShards)
                report.LostPacks.Add(location.Pack.Ordinal);
        }
        report.OpenedChunks++;
    }

    private async Task CheckCloudsAsync(Pack pack, ChunkStoreReport report, CancellationToken cancellationToken)
    {
        for (var shard = 0; shard < pack.Width; shard++)
        {
            var place = pack.Shards[shard];
            if (place.State != ShardState.Stored || pack.State != PackState.Sealed)
                continue;
            if (lanes.Find(place.Cloud) is not { IsUsable: true } lane)
            {
                report.Problems.Add($"Shard {shard} of pack {pack.Ordinal} is at {lanes.Name(place.Cloud)}.");
                continue;
            }
            report.AskedShards++;
            try
            {
                var name = ObjectNames.Shard(pack.Id, shard);
                var found = await lane.CallAsync(token => lane.Storage.StatAsync(name, token), options.ReadTimeout, cancellationToken).ConfigureAwait(false);
                if (found is null)
                    report.Problems.Add($"Shard {shard} of pack {pack.Ordinal} is missing at {lane.Member.Name}.");
                else if (found.Length != pack.PaddedLength)
                    report.Problems.Add($"Shard {shard} of pack {pack.Ordinal} has {found.Length} bytes at {lane.Member.Name} instead of {pack.PaddedLength}.");
            }
            catch (CloudException exception)
            {
                report.Problems.Add($"Shard {shard} of pack {pack.Ordinal} could not be asked for at {lane.Member.Name}: {exception.Message}");
            }
        }
    }
}
