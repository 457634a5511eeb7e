namespace CuckooDrive.Core.Chunks;

/// <content>What others may know.</content>
public sealed partial class ChunkStore
{
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(5);

    /// <summary>Why the last commit could not make what was appended durable; null in health.</summary>
    public Exception? Failure => _sync.Failure;

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
        _writes.BeginWait();
        try
        {
            await WaitUntilUploadedAsync(sequence, full, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _writes.EndWait();
        }
    }

    private async Task WaitUntilUploadedAsync(long sequence, bool full, CancellationToken cancellationToken)
    {
        var started = _time.GetTimestamp();
        long? asked = null;
        while (true)
        {
            if (full && (asked is null || _time.GetElapsedTime(asked.Value) > RetryInterval))
            {
                asked = _time.GetTimestamp();
                RetryNow();
            }
            var progress = _uploader.Progress.Next;
            lock (_index.Gate)
            {
                if (_index.Incomplete.All(pack => IsUploaded(pack, sequence, full, started)))
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

    /// <summary>Somebody waits: a cloud that is back must not be left alone for the rest of a long pause, nor a pack that could not be healed.</summary>
    public void RetryNow()
    {
        _watch.RetryNow();
        _crew.RetryNow();
    }

    public ChunkStoreStatus GetStatus()
    {
        lock (_index.Gate)
        {
            long pendingBytes = 0, lostBytes = 0;
            int pendingPacks = 0, damaged = 0, lost = 0;
            foreach (var pack in _index.Incomplete)
            {
                damaged += pack.BadShards;
                if (pack.State == PackState.Dead)
                    continue;
                if (pack.IsLost)
                {
                    lost += pack.LiveBytes > 0 ? 1 : 0;
                    lostBytes += pack.LiveBytes;
                    continue;
                }
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
                LostPacks = lost,
                LostBytes = lostBytes,
                DegradedReads = _clouds.DegradedReads,
                DeduplicatedChunks = _writer.Deduplicated,
                Clouds = [.. _lanes.All.Select(static lane => lane.GetStatus())],
            };
        }
    }

    /// <summary>
    /// Checks packs, directories and local copies against each other, and with <paramref name="askClouds"/> that every
    /// shard is at its cloud with the right length. The store may be in use meanwhile. Progress from 0 to 1.
    /// </summary>
    public Task<ChunkStoreReport> VerifyAsync(bool askClouds, IProgress<double>? progress, CancellationToken cancellationToken) =>
        new ChunkStoreVerifier(_options, _index, _reader, _lanes).RunAsync(askClouds, progress, cancellationToken);

    /// <summary>
    /// Visits every chunk that something refers to, with its number of references. The caller keeps references from
    /// changing meanwhile (it compares them with the extents that it counts).
    /// </summary>
    public void VisitReferences(Action<ChunkRef, uint> visit)
    {
        List<Pack> packs;
        lock (_index.Gate)
            packs = [.. _index.Packs];
        foreach (var pack in packs)
        {
            var live = new List<(ChunkRef, uint)>();
            lock (_index.Gate)
            {
                if (!pack.Gone)
                    _index.Visit(pack, (number, record) => AddLive(live, pack, number, record));
            }
            foreach (var (chunk, references) in live)
                visit(chunk, references);
        }
    }

    private static void AddLive(List<(ChunkRef, uint)> live, Pack pack, uint number, in ChunkRecord record)
    {
        if (record.References > 0)
            live.Add((new ChunkRef(pack.Ordinal, number), record.References));
    }

    /// <summary>The packs whose content can be had from nowhere now, see <see cref="ChunkStoreStatus.LostPacks"/>.</summary>
    public IReadOnlySet<uint> FindLostPacks()
    {
        lock (_index.Gate)
            return _index.Incomplete.Where(static pack => pack is { IsLost: true, State: PackState.Sealed, LiveBytes: > 0 }).Select(static pack => pack.Ordinal).ToHashSet();
    }

    /// <summary>The chunks in use of these packs that the local file does not give.</summary>
    public IReadOnlySet<ChunkRef> FindLostChunks(IReadOnlySet<uint> packs)
    {
        var locations = new List<ChunkLocation>();
        lock (_index.Gate)
        {
            foreach (var pack in _index.Packs.Where(pack => packs.Contains(pack.Ordinal)))
            {
                _index.Visit(pack, (number, record) =>
                {
                    if (record.References > 0)
                        locations.Add(new ChunkLocation(pack, number, record));
                });
            }
        }
        var lost = new HashSet<ChunkRef>();
        foreach (var location in locations)
        {
            if (_reader.TryReadLocal(location) is { } chunk)
                chunk.Release();
            else
                lost.Add(new ChunkRef(location.Pack.Ordinal, location.Number));
        }
        return lost;
    }

    private bool IsUploaded(Pack pack, long sequence, bool full, long since)
    {
        if (pack.SealSequence > sequence || pack.DeathSequence <= sequence || pack.Deleting || pack.IsComplete)
            return true;
        if (pack.State == PackState.Dead && !_reaper.IsNeededByJournal(pack))
            return true;
        // What cannot be read would be waited for in vain: the journal tells of it all the same, or all that came later would be lost with it.
        // Whoever waits for everything hears that only from an attempt to heal it that began after the question.
        if (pack.IsLost && (!full || pack.UnhealedAt >= since))
            return true;
        if (full)
            return false;
        // A journal on the clouds names it already: what has become of it since is the healer's, and holds up no other journal.
        if (_reaper.IsJournaled(pack))
            return true;
        if (pack.StoredShards < pack.DataShards)
            return false;
        foreach (ref readonly var place in pack.Shards.AsSpan())
        {
            // A shard that its cloud has lost or holds wrongly is the healer's, as above.
            if (place.State == ShardState.Pending && _lanes.Find(place.Cloud) is { TakesShards: true, IsReachable: true, Free: > 0 })
                return false;
        }
        return true;
    }
}
