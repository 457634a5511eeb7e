using CuckooDrive.Core.Metadata;
using Microsoft.Extensions.Logging;

namespace CuckooDrive.Core.Volume;

/// <summary>The committer: one thread that makes everything that changed durable, in one consistent moment.</summary>
public sealed partial class Volume : ICommitter
{
    /// <summary>Up to this many dirty extents (a database's fsync) the committer flushes by itself: waking a worker costs more.</summary>
    private const int InlineFlushLimit = 8;

    /// <summary>How often a commit flushes again for files that have just replaced others: a steady writer must not put it off for ever.</summary>
    private const int ReplacementFlushes = 3;

    /// <summary>By then the kernel has written back what it had, unless it was told to keep it for longer: twice its usual limit.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(60);

    private readonly object _commitLock = new();
    private bool _commitSignalled;

    /// <summary>Rows collected and not yet committed: more than one collection when commits fail.</summary>
    private readonly MetadataBatch _batch = new();
    private List<(DirectoryNode Node, DirectoryEntry Marker)> _removalMarkers = [];

    /// <summary>Deleted inodes whose rows go with the batch.</summary>
    private readonly List<Inode> _deleted = [];
    private List<CommitRequest> _requests = [];
    private bool _flushRequested;

    /// <summary>Counts changes (under the gate), and what of them the last successful commit contained.</summary>
    private long _changes;
    private long _committedChanges;

    private sealed record CommitRequest(bool SealPacks, ICommitHook? Hook, TaskCompletionSource<long> Done);

    /// <inheritdoc/>
    public Task<long> CommitAsync(bool sealPacks, ICommitHook? hook, CancellationToken cancellationToken) =>
        RequestCommit(sealPacks, hook, TaskCreationOptions.RunContinuationsAsynchronously).WaitAsync(cancellationToken);

    /// <summary>
    /// Commits all that was written before, and tells whether all of its data could be stored: a commit alone succeeds
    /// without data that the staging disk refuses.
    /// </summary>
    public async Task<FsError> CommitWithDataAsync(CancellationToken cancellationToken)
    {
        long failures;
        lock (_gate)
            failures = _failedFlushes;
        await CommitAsync(sealPacks: false, hook: null, cancellationToken).ConfigureAwait(false);
        lock (_gate)
            return _failedFlushes == failures ? FsError.None : _lastFlushError;
    }

    private Task<long> RequestCommit(bool sealPacks, ICommitHook? hook, TaskCreationOptions options)
    {
        var request = new CommitRequest(sealPacks, hook, new TaskCompletionSource<long>(options));
        lock (_commitLock)
        {
            ObjectDisposedException.ThrowIf(_stopping.IsCancellationRequested, this);
            _requests.Add(request);
        }
        Signal();
        return request.Done.Task;
    }

    /// <inheritdoc/>
    public ValueTask<FsError> SyncAsync(ulong inode, bool dataOnly, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            // The kernel sends a sync after it has sent all pages of the file, so what is missing now are holes.
            if (_inodes.TryGetValue(inode, out var file))
            {
                file.Awaited = null;
                if (file.IsAccessed && !dataOnly)
                    MarkChanged(file);
            }
            if (_changes == _committedChanges && !_isCommitting)
                return new(FsError.None);
        }
        return CommitAndReportAsync(inode, cancellationToken);
    }

    private async ValueTask<FsError> CommitAndReportAsync(ulong number, CancellationToken cancellationToken)
    {
        try
        {
            // The answer to the kernel is sent from the committer's thread: one thread less to be woken.
            await RequestCommit(sealPacks: false, hook: null, TaskCreationOptions.None).WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (IOException exception)
        {
            return ToError(exception);
        }
        lock (_gate)
            return _inodes.TryGetValue(number, out var inode) ? TakePendingError(inode) : FsError.None;
    }

    private void RequestFlush()
    {
        Volatile.Write(ref _flushRequested, true);
        Signal();
    }

    private void Signal()
    {
        lock (_commitLock)
        {
            _commitSignalled = true;
            Monitor.Pulse(_commitLock);
        }
    }

    private void CommitLoop()
    {
        var lastCommit = _time.GetTimestamp();
        while (!_stopping.IsCancellationRequested)
        {
            List<CommitRequest> requests;
            lock (_commitLock)
            {
                if (!_commitSignalled)
                    Monitor.Wait(_commitLock, _options.CommitInterval);
                _commitSignalled = false;
                requests = _requests;
                _requests = [];
            }
            if (requests.Count == 0 && Volatile.Read(ref _flushRequested))
            {
                Volatile.Write(ref _flushRequested, false);
                foreach (var inode in SnapshotDirty())
                    FreezeAndQueue(inode, isFirstPass: false);
                // Steady writers ask for this more often than once in an interval: that must not put off the commit.
                if (_time.GetElapsedTime(lastCommit) < _options.CommitInterval)
                    continue;
            }
            if (requests.Count > 0 || HasChanges())
                CommitFor(requests);
            lastCommit = _time.GetTimestamp();
        }
        FailRequests(new ObjectDisposedException(nameof(Volume)));
    }

    private bool HasChanges()
    {
        lock (_gate)
        {
            RecordOldAccessTimes();
            // Without a commit that does it: all that is done may be reading.
            TrimRegionsIfLarge();
            return _changes != _committedChanges || _chunks.HasChanges;
        }
    }

    private void CommitFor(List<CommitRequest> requests)
    {
        try
        {
            var sequence = Commit(requests);
            _commitError = FsError.None;
            foreach (var request in requests)
            {
                request.Hook?.Committed(sequence);
                request.Done.TrySetResult(sequence);
            }
        }
        catch (Exception exception)
        {
            if (_commitError == FsError.None)
                Volatile.Write(ref _commitsFailSince, _time.GetTimestamp());
            _commitError = ToError(exception);
            _log.LogError(exception, "A commit failed and is tried again: {Reason}", exception.Message);
            foreach (var request in requests)
                request.Done.TrySetException(exception is IOException ? exception : new IOException(exception.Message, exception));
            _stopping.Token.WaitHandle.WaitOne(_options.CommitRetryDelay);
        }
    }

    private void FailRequests(Exception exception)
    {
        lock (_commitLock)
        {
            foreach (var request in _requests)
                request.Done.TrySetException(exception);
            _requests.Clear();
        }
    }

    private long Commit(List<CommitRequest> requests)
    {
        FlushEverything();
        CrashPoint.Reach(CrashStep.DataFlushed);
        List<(DirectoryNode Node, DirectoryEntry Marker)> markers;
        long changes;
        for (var flushes = 0; !TryCollect(requests, flushes == ReplacementFlushes, out markers, out changes); flushes++)
            FlushEverything();
        var sequence = _store.Sequence;
        if (_batch.Count > 0)
        {
            try
            {
                _chunks.SyncStaging();
                CrashPoint.Reach(CrashStep.StagingSynced);
                sequence = _store.Commit(_batch, durable: true);
            }
            catch
            {
                lock (_gate)
                    _removalMarkers.AddRange(markers);
                // The next attempt collects again what was in this one: while the disk stays full, that must not pile up.
                _batch.Fold();
                throw;
            }
            CrashPoint.Reach(CrashStep.Committed);
            _batch.Clear();
            _chunks.Committed(sequence);
            CrashPoint.Reach(CrashStep.CommitSettled);
        }
        else if (requests.Exists(r => r.SealPacks))
        {
            // All of it is in earlier commits, up to which the journal may go now: the packs in them may be named there.
            _chunks.Committed(sequence);
        }
        Settle(markers, changes);
        return sequence;
    }

    /// <summary>
    /// Collects this moment. False, unless it must be this one, when it would hold a file in the place of another without what was
    /// written to it before: it was saved by rename since the flush, and a crash would leave neither the old content nor the new.
    /// </summary>
    private bool TryCollect(List<CommitRequest> requests, bool mustBeNow, out List<(DirectoryNode Node, DirectoryEntry Marker)> markers, out long changes)
    {
        lock (_gate)
        {
            changes = _changes;
            markers = _removalMarkers;
            if (!mustBeNow && _dirtyData.Overlaps(_replacing))
                return false;
            _replacing.Clear();
            _isCommitting = true;
            // Written since the flush before: counted as a change already, but no part of this commit.
            if (_dirtyData.Count > 0)
                _changes++;
            _removalMarkers = [];
            Collect();
            foreach (var request in requests)
                request.Hook?.AddRows(_batch);
            _chunks.CollectChanges(_batch, requests.Exists(r => r.SealPacks));
            return true;
        }
    }

    /// <summary>The store is at the moment of the collection: markers, deleted inodes and what is too much in memory may go.</summary>
    private void Settle(List<(DirectoryNode Node, DirectoryEntry Marker)> markers, long changes)
    {
        lock (_gate)
        {
            _isCommitting = false;
            _loadEpoch++;
            _committedChanges = changes;
            foreach (var (node, marker) in markers)
                node.ForgetMarker(marker);
            foreach (var inode in _deleted)
                _inodes.Remove(inode.Number);
            _deleted.Clear();
            EvictIfLarge();
            TrimRegionsIfLarge();
        }
    }

    /// <summary>Waits until what was dirty at the call is in chunks.</summary>
    private void FlushEverything()
    {
        for (var isFirst = true; FlushOnce(isFirst); isFirst = false)
        {
        }
        foreach (var inode in SnapshotDirty())
        {
            lock (inode.DataLock)
            {
                lock (_gate)
                {
                    if (inode.Awaited is { } awaited && _time.GetElapsedTime(awaited.Since) > LongestWait)
                        inode.Awaited = null;
                    inode.UpdatePersistSize();
                    if (inode.Awaited is null && inode.Dirty is null or { IsEmpty: true } && _dirtyData.Remove(inode))
                        MarkChanged(inode);
                }
            }
        }
    }

    /// <summary>One pass; true when something had to stay behind what was in flight for the same range.</summary>
    private bool FlushOnce(bool isFirstPass)
    {
        var leftBehind = false;
        var dirty = SnapshotDirty();
        if (dirty.Length == 1)
            leftBehind = FlushSmall(dirty[0], isFirstPass);
        else
        {
            foreach (var inode in dirty)
                leftBehind |= FreezeAndQueue(inode, isFirstPass);
        }
        var drained = _flushQueue.WhenDrainedAsync();
        if (!drained.IsCompleted)
            drained.GetAwaiter().GetResult();
        return leftBehind;
    }

    private bool FlushSmall(Inode inode, bool isFirstPass)
    {
        var ready = new List<DirtyExtent>();
        FlushBatch? own = null;
        bool leftBehind;
        lock (inode.DataLock)
        {
            leftBehind = inode.Dirty?.FreezeAll(ready, isFirstPass) ?? false;
            if (ready.Count is > 0 and <= InlineFlushLimit)
                own = _flushQueue.TakeOwn(ready);
            else
                _flushQueue.Enqueue(ready);
        }
        if (own is { } batch)
            FlushBatch(batch);
        return leftBehind;
    }

    private Inode[] SnapshotDirty()
    {
        lock (_gate)
            return [.. _dirtyData];
    }

    /// <summary>Adds the rows of everything that changed to the batch. Under the gate.</summary>
    private void Collect()
    {
        _batch.Append(_pending.Encoded);
        _pending.Clear();
        Span<byte> key = stackalloc byte[MetadataKey.MaximumLength];
        if (_nextInodeChanged)
        {
            _batch.Put(MetadataKey.Setting(key, NextInodeSetting), _record.Clear().U64(_nextInode).Written);
            _nextInodeChanged = false;
        }
        var collected = _changed.ToList();
        _changed.Clear();
        foreach (var inode in collected)
        {
            inode.IsChanged = false;
            if (inode.IsDeleted)
                CollectDeleted(inode, key);
            else
                CollectInode(inode, key);
        }
    }

    private void CollectInode(Inode inode, Span<byte> key)
    {
        CollectRegions(inode, key);
        VolumeRecords.WriteInode(_record, inode);
        _batch.Put(MetadataKey.Inode(key, inode.Number), _record.Written);
        inode.IsStored = true;
        var isUnsettled = inode.PersistSize < inode.Size;
        var needsOrphanRow = inode.LinkCount == 0 || isUnsettled;
        if (needsOrphanRow)
            _batch.Put(MetadataKey.Orphan(key, inode.Number), [inode.LinkCount == 0 ? VolumeRecords.OrphanDelete : VolumeRecords.OrphanTrim]);
        else if (inode.HasOrphanRow)
            _batch.Delete(MetadataKey.Orphan(key, inode.Number));
        inode.HasOrphanRow = needsOrphanRow;
        if (isUnsettled)
            MarkChanged(inode);
    }

    /// <summary>Extents go into rows of their own once they are many; they stay there from then on.</summary>
    private void CollectRegions(Inode inode, Span<byte> key)
    {
        var extents = inode.Extents;
        if (!extents.HasRows && !extents.HasMoreThan(VolumeRecords.InlineExtents))
        {
            extents.DropEmptyRegions();
            return;
        }
        foreach (var (number, region) in extents.Regions)
        {
            if (!region.IsDirty && extents.HasRows)
                continue;
            VolumeRecords.WriteRegion(_record, region);
            var regionKey = MetadataKey.Extents(key, inode.Number, (ulong)number);
            if (region.Extents.Count > 0)
                _batch.Put(regionKey, _record.Written);
            else
                _batch.Delete(regionKey);
            region.IsDirty = false;
        }
        if (extents.HasRows)
            return;
        extents.HasRows = true;
        CountRegions(inode, 0);
    }

    private void CollectDeleted(Inode inode, Span<byte> key)
    {
        _deleted.Add(inode);
        if (!inode.IsStored)
            return;
        if (inode.Extents.HasRows)
        {
            foreach (var (number, _) in inode.Extents.Regions)
                _batch.Delete(MetadataKey.Extents(key, inode.Number, (ulong)number));
        }
        _batch.Delete(MetadataKey.Inode(key, inode.Number));
        if (inode.HasOrphanRow)
            _batch.Delete(MetadataKey.Orphan(key, inode.Number));
    }

    /// <summary>Finishes what was under way when the last mount ended: removes orphans, cuts files to what was recorded.</summary>
    private void Recover()
    {
        var orphans = new List<(ulong Inode, byte Kind)>();
        ReadOnlySpan<byte> from = [MetadataKey.TypeOrphan], to = [MetadataKey.TypeOrphan + 1];
        _store.Scan(from, to, (key, value) =>
        {
            orphans.Add((System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(key[1..]), value[0]));
            return true;
        });
        foreach (var (number, _) in orphans)
        {
            if (!LoadInode(number))
                continue;
            var inode = _inodes[number];
            inode.HasOrphanRow = true;
            // Of a file that stays only what is cut: a large one that was being written would else be in memory whole.
            var cutFrom = inode.LinkCount == 0 ? 0 : inode.Size;
            Load(new Miss { Kind = MissKind.RegionsFrom, Inode = number, Region = ExtentMap.RegionOf(cutFrom) });
            Load(new Miss { Kind = MissKind.ExtendedAttributes, Inode = number });
            lock (inode.DataLock)
            {
                lock (_gate)
                {
                    var miss = default(Miss);
                    TryCut(inode, cutFrom, MaximumFileSize, ref miss);
                    MarkChanged(inode);
                }
            }
            Reap(inode);
        }
    }
}
