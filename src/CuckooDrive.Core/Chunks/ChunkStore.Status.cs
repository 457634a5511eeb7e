namespace CuckooDrive.Core.Chunks;

/// <content>What others may know.</content>
public sealed partial class ChunkStore
{
    public bool HasChanges
    {
        get
        {
            lock (_index.Gate)
                return _index.HasChanges;
        }
    }

    public async Task WaitForUploadsAsync(long sequence, bool full, CancellationToken cancellationToken)
    {
        while (true)
        {
            var progress = _uploader.Progress.Next;
            lock (_index.Gate)
            {
                if (_index.Incomplete.All(pack => IsUploaded(pack, sequence, full)))
                    return;
            }
            // The pause is for clouds that fall silent, which no event tells.
            using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stopping.Token);
            await Task.WhenAny(progress, Task.Delay(TimeSpan.FromSeconds(1), _time, timer.Token)).ConfigureAwait(false);
            await timer.CancelAsync().ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            ObjectDisposedException.ThrowIf(_disposed, this);
        }
    }

    public ChunkStoreStatus GetStatus()
    {
        lock (_index.Gate)
        {
            long pendingBytes = 0;
            int pendingPacks = 0, damaged = 0;
            foreach (var pack in _index.Incomplete)
            {
                damaged += pack.BadShards;
                if (pack.State == PackState.Dead)
                    continue;
                pendingPacks++;
                pendingBytes += pack.State == PackState.Open
                    ? pack.Local?.Bytes ?? 0
                    : (long)(pack.Width - pack.StoredShards) * pack.PaddedLength;
            }
            return new ChunkStoreStatus
            {
                PendingBytes = pendingBytes,
                PendingPacks = pendingPacks,
                Packs = _index.Packs.Count,
                LiveBytes = _index.LiveBytes,
                StagedBytes = _space.Staged,
                CachedBytes = _diskCache.Bytes,
                MemoryBytes = _memory.Bytes,
                DamagedShards = damaged,
                DegradedReads = _clouds.DegradedReads,
                DeduplicatedChunks = _writer.Deduplicated,
                Clouds = [.. _lanes.All.Select(static lane => lane.GetStatus())],
            };
        }
    }

    private bool IsUploaded(Pack pack, long sequence, bool full)
    {
        if (pack.SealSequence > sequence || pack.DeathSequence <= sequence || pack.Deleting || pack.IsComplete)
            return true;
        if (pack.State == PackState.Dead && !_reaper.IsNeededByJournal(pack))
            return true;
        if (full || pack.StoredShards < pack.DataShards)
            return false;
        foreach (ref readonly var place in pack.Shards.AsSpan())
        {
            if (place.State != ShardState.Stored && _lanes.Find(place.Cloud) is { TakesShards: true, IsReachable: true, Free: > 0 })
                return false;
        }
        return true;
    }
}
