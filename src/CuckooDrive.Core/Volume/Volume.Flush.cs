using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace CuckooDrive.Core.Volume;

/// <summary>Turning dirty data into chunks and extents, and removing inodes that nobody uses.</summary>
public sealed partial class Volume
{
    /// <summary>So much waits that the workers will not run out of it while a writer is busy with its own.</summary>
    private const long WorkersAreBehind = 4 << 20;

    /// <summary>Far more than it takes to seal a mebibyte and hand it to the system, far less than a system makes those wait who write faster than its disk.</summary>
    private static readonly TimeSpan QuickFlush = TimeSpan.FromMilliseconds(20);

    private readonly FlushQueue _flushQueue = new();

    /// <summary>When a batch was last stored quickly.</summary>
    private long _lastQuickFlush;
    private readonly Channel<Inode> _reaper = Channel.CreateUnbounded<Inode>(new UnboundedChannelOptions { SingleReader = true });
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<Thread> _workers = [];
    private Thread _committer;
    private readonly Lock _budgetLock = new();
    private readonly List<TaskCompletionSource<FsError>> _budgetWaiters = [];

    /// <summary>When a flush failed first since there was last room in the budget. Guarded by the budget's lock.</summary>
    private long? _stuckSince;
    private Task _reaping = Task.CompletedTask;
    private long _heldBytes;
    private long _failedFlushes;
    private FsError _lastFlushError;

    private bool IsOverBudget => Interlocked.Read(ref _heldBytes) > _options.DirtyLimit;

    [MemberNotNull(nameof(_committer))]
    private void StartWorkers()
    {
        for (var i = 0; i < _options.FlushWorkers; i++)
            StartThread("flush " + i, FlushLoop);
        _committer = StartThread("commit", CommitLoop);
        StartThread("page cache", StoreLoop);
        _reaping = Task.Run(ReapLoopAsync);
    }

    private Thread StartThread(string name, ThreadStart body)
    {
        var thread = new Thread(body) { IsBackground = true, Name = "volume " + name };
        _workers.Add(thread);
        thread.Start();
        return thread;
    }

    private void AddHeld(long bytes)
    {
        var held = Interlocked.Add(ref _heldBytes, bytes);
        // Before the limit is reached, so that writers need not stop for what the workers could long have begun.
        if (bytes > 0 && held - _flushQueue.WaitingBytes > _options.DirtyLimit / 2 && !Volatile.Read(ref _flushRequested))
            RequestFlush();
        if (bytes >= 0 || held > _options.DirtyLimit)
            return;
        lock (_budgetLock)
        {
            _stuckSince = null;
            WakeWriters(FsError.None);
        }
    }

    private void WakeWriters(FsError error)
    {
        foreach (var waiter in _budgetWaiters)
            waiter.TrySetResult(error);
        _budgetWaiters.Clear();
    }

    /// <summary>A flush has failed: unless others made room, writers would wait for it in vain.</summary>
    private void WakeWritersIfStuck(FsError error)
    {
        lock (_budgetLock)
        {
            if (!IsOverBudget)
                return;
            _stuckSince ??= _time.GetTimestamp();
            WakeWriters(error);
        }
    }

    private bool IsStuckForLong()
    {
        lock (_budgetLock)
            return _stuckSince is { } since && _time.GetElapsedTime(since) >= _options.WritePatience;
    }

    /// <summary>
    /// Waits until buffers are below their limit; the committer is told to flush what has not been queued. The error says that
    /// flushes have made no room for too long: most writes are the kernel's, whose callers no signal could free.
    /// </summary>
    private async Task<FsError> WaitForBudgetAsync(CancellationToken cancellationToken)
    {
        while (IsOverBudget)
        {
            var waiter = new TaskCompletionSource<FsError>(TaskCreationOptions.RunContinuationsAsynchronously);
            lock (_budgetLock)
            {
                if (!IsOverBudget)
                    return FsError.None;
                _budgetWaiters.Add(waiter);
            }
            RequestFlush();
            var error = await waiter.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
            if (error == FsError.None)
                continue;
            // Each attempt takes all that is dirty: as often as a commit is tried again, not as often as somebody writes.
            await Task.Delay(_options.CommitRetryDelay, _time, cancellationToken).ConfigureAwait(false);
            if (IsStuckForLong())
                return error;
        }
        return FsError.None;
    }

    private void FlushLoop()
    {
        var extents = new List<DirtyExtent>();
        while (_flushQueue.TryTake(extents, out var batch))
            FlushBatch(batch);
    }

    private void FlushBatch(in FlushBatch batch)
    {
        try
        {
            Flush(batch.Extents);
        }
        finally
        {
            _flushQueue.Complete(batch);
        }
    }

    /// <summary>
    /// While more comes than the workers store, a writer stores what it brings itself: that still lies in its processor's cache, where a worker
    /// would fetch it from another's. Not when the staging disk is slow: writers also answer what needs no disk.
    /// </summary>
    private bool MayFlushItself(List<DirtyExtent> full) =>
        full.Count is > 0 and <= Chunks.IChunkStore.MaximumBatch && _flushQueue.WaitingBytes >= WorkersAreBehind &&
        _time.GetElapsedTime(Volatile.Read(ref _lastQuickFlush)) < QuickFlush;

    /// <summary>Stores extents as chunks, all of them or none, and maps them.</summary>
    private void Flush(List<DirtyExtent> extents)
    {
        var plain = _threadPlain ??= new ReadOnlyMemory<byte>[Chunks.IChunkStore.MaximumBatch];
        var chunks = _threadChunks ??= new Chunks.ChunkRef[Chunks.IChunkStore.MaximumBatch];
        for (var i = 0; i < extents.Count; i++)
            plain[i] = extents[i].Content;
        var began = _time.GetTimestamp();
        try
        {
            _chunks.Append(plain.AsSpan(0, extents.Count), chunks);
        }
        catch (Exception exception)
        {
            foreach (var extent in extents)
                KeepForLater(extent, exception);
            return;
        }
        MapOrKeep(extents, chunks);
        if (_time.GetElapsedTime(began) < QuickFlush)
            Volatile.Write(ref _lastQuickFlush, _time.GetTimestamp());
    }

    private void MapOrKeep(List<DirtyExtent> extents, ReadOnlySpan<Chunks.ChunkRef> chunks)
    {
        for (var done = 0; done < extents.Count;)
        {
            try
            {
                Map(extents, chunks, ref done, out var miss);
                if (!miss.IsNone)
                    Load(miss);
            }
            catch (Exception exception)
            {
                if (extents[done].IsFreed)
                    EndProcess(exception);
                KeepForLater(extents[done++], exception);
            }
        }
        foreach (var chunk in chunks[..extents.Count])
            _chunks.ReleaseHold(chunk);
    }

    [ThreadStatic]
    private static ReadOnlyMemory<byte>[]? _threadPlain;

    [ThreadStatic]
    private static Chunks.ChunkRef[]? _threadChunks;

    /// <summary>Maps extents from number <paramref name="done"/> on, which it moves, while they are of one inode and their place in the map is resident.</summary>
    private void Map(List<DirtyExtent> extents, ReadOnlySpan<Chunks.ChunkRef> chunks, ref int done, out Miss miss)
    {
        miss = default;
        var inode = extents[done].Inode;
        lock (inode.DataLock)
        {
            lock (_gate)
            {
                var dirty = inode.Dirty!;
                var (held, regions, reserved) = (dirty.HeldBytes, inode.Extents.ResidentCount, 0L);
                try
                {
                    while (done < extents.Count && extents[done] is var extent && extent.Inode == inode && TryMap(extent, chunks[done], ref miss))
                    {
                        dirty.Complete(extent);
                        reserved += extent.Reserved;
                        done++;
                    }
                }
                finally
                {
                    CountRegions(inode, regions);
                    GiveBack(inode, reserved, dirty.HeldBytes - held);
                }
            }
        }
    }

    /// <summary>Puts a flushed extent's ranges that still count into the extent map. False on a miss. Under both locks.</summary>
    private bool TryMap(DirtyExtent extent, Chunks.ChunkRef chunk, ref Miss miss)
    {
        var inode = extent.Inode;
        if (inode.IsDeleted)
            return true;
        if (!IsRangeResident(inode, extent.FileOffset, extent.FileOffset + extent.Length, ref miss))
            return false;
        foreach (var (from, to) in extent.ValidRanges())
            inode.Extents.Map(extent.FileOffset + (from - extent.Start), to - from, chunk, from - extent.Start, _chunks);
        MarkChanged(inode);
        return true;
    }

    /// <summary>Gives back what mapped extents took: reservation, memory, the inode's place among the dirty. All or nothing, so a failure ends the process. Under both locks.</summary>
    private void GiveBack(Inode inode, long reserved, long held)
    {
        try
        {
            if (inode.Dirty!.IsEmpty)
            {
                inode.Dirty = null;
                inode.UpdatePersistSize();
                // What the kernel may still hold is looked after by every commit.
                if (inode.Awaited is null)
                    _dirtyData.Remove(inode);
            }
            _chunks.Unreserve(reserved);
            AddHeld(held);
        }
        catch (Exception exception)
        {
            EndProcess(exception);
        }
    }

    /// <summary>
    /// The staging disk refused the data: it stays dirty, is tried again by the next commit, and the next fsync of
    /// the file says so.
    /// </summary>
    private void KeepForLater(DirtyExtent extent, Exception exception)
    {
        var inode = extent.Inode;
        var error = ToError(exception);
        _log.LogError(exception, "Data of inode {Inode} cannot be stored on the staging disk and is kept in memory: {Reason}", inode.Number, exception.Message);
        lock (inode.DataLock)
        {
            var dirty = inode.Dirty!;
            var held = dirty.HeldBytes;
            _chunks.Unreserve(dirty.Thaw(extent));
            AddHeld(dirty.HeldBytes - held);
            lock (_gate)
            {
                inode.PendingError = _lastFlushError = error;
                inode.FailedFlushes++;
                _failedFlushes++;
                _dirtyData.Add(inode);
                MarkChanged(inode);
            }
        }
        WakeWritersIfStuck(error);
    }

    private static FsError ToError(Exception exception)
    {
        const int NoSpaceErrno = 28, QuotaErrno = 122, DiskFullHResult = unchecked((int)0x80070070);
        return exception is IOException && exception.HResult is NoSpaceErrno or QuotaErrno or DiskFullHResult ? FsError.NoSpace : FsError.Io;
    }

    /// <summary>
    /// Queues all dirty data of one inode and waits until it is in chunks; the error says that some is still in memory only, so
    /// the extents do not tell what the file holds.
    /// </summary>
    private async Task<FsError> FlushDataAsync(Inode inode)
    {
        var failures = Volatile.Read(ref inode.FailedFlushes);
        for (var isFirst = true; FreezeAndQueue(inode, isFirst); isFirst = false)
            await _flushQueue.WhenDrainedAsync().ConfigureAwait(false);
        await _flushQueue.WhenDrainedAsync().ConfigureAwait(false);
        lock (_gate)
        {
            if (inode.FailedFlushes == failures)
                return FsError.None;
            // It stays for the next fsync; one that came in between has taken it.
            return inode.PendingError == FsError.None ? FsError.Io : inode.PendingError;
        }
    }

    /// <summary>The same without waiting for the data of others, if it is little.</summary>
    private async Task<FsError> FlushAtOnceAsync(Inode inode)
    {
        var failures = Volatile.Read(ref inode.FailedFlushes);
        var leftBehind = await Task.Run(() => FlushSmall(inode, isFirstPass: true)).ConfigureAwait(false);
        return leftBehind || HasDataInFlight(inode) || Volatile.Read(ref inode.FailedFlushes) != failures
            ? await FlushDataAsync(inode).ConfigureAwait(false) : FsError.None;
    }

    private static bool HasDataInFlight(Inode inode)
    {
        lock (inode.DataLock)
            return inode.Dirty is { IsInFlight: true };
    }

    /// <summary>Under the gate, so this moment's answer may be an old one; what a file only awaits does not count.</summary>
    private bool HoldsData(Inode inode) => _dirtyData.Contains(inode) && inode.Dirty is { IsEmpty: false };

    /// <summary>True when some dirty data had to stay behind what is in flight for the same range, see <see cref="DirtyData.FreezeAll"/>.</summary>
    private bool FreezeAndQueue(Inode inode, bool isFirstPass)
    {
        var ready = new List<DirtyExtent>();
        lock (inode.DataLock)
        {
            var leftBehind = inode.Dirty?.FreezeAll(ready, isFirstPass) ?? false;
            // Queued inside the lock, so that a cut that comes after finds them in flight.
            _flushQueue.Enqueue(ready);
            return leftBehind;
        }
    }

    private async Task ReapLoopAsync()
    {
        await foreach (var inode in _reaper.Reader.ReadAllAsync().ConfigureAwait(false))
        {
            try
            {
                Reap(inode);
            }
            catch (Exception exception)
            {
                _log.LogError(exception, "The space of removed inode {Inode} cannot be freed now; the next mount tries again: {Reason}", inode.Number, exception.Message);
            }
        }
    }

    /// <summary>Frees an inode without links, handles and kernel references, if it still is one. A miss defers it to the pool.</summary>
    private void Reap(Inode inode)
    {
        lock (inode.DataLock)
        {
            lock (_gate)
            {
                if (!IsUnused(inode))
                    return;
                var miss = default(Miss);
                if (TryCut(inode, 0, MaximumFileSize, ref miss) && (inode.ExtendedAttributeCount == 0 || TryGetExtendedAttributes(inode, ref miss)))
                {
                    Delete(inode);
                    return;
                }
                if (!Thread.CurrentThread.IsThreadPoolThread)
                {
                    _reaper.Writer.TryWrite(inode);
                    return;
                }
            }
        }
        ReapAfterLoading(inode);
    }

    private void ReapAfterLoading(Inode inode)
    {
        Load(new Miss { Kind = MissKind.RegionsFrom, Inode = inode.Number });
        Load(new Miss { Kind = MissKind.ExtendedAttributes, Inode = inode.Number });
        Reap(inode);
    }

    private void Delete(Inode inode)
    {
        foreach (var name in inode.ExtendedAttributes?.Keys.ToArray() ?? [])
            DeleteExtendedAttribute(inode, name);
        inode.IsDeleted = true;
        _dirtyData.Remove(inode);
        MarkChanged(inode);
    }
}
