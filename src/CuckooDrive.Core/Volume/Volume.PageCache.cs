using Microsoft.Extensions.Logging;

namespace CuckooDrive.Core.Volume;

/// <summary>
/// Gives the kernel the rest of a chunk after a small random read of it: a chunk is decrypted as a whole anyway, and its
/// other pages are then read without coming here again. Only for files that nobody writes to, see
/// <see cref="IKernelCache.StoreInPageCache"/>: a store counts as under way under the gate while there is no writer, and a
/// writer that comes meanwhile is answered when it has ended.
/// </summary>
public sealed partial class Volume
{
    /// <summary>Reads of at most this many bytes are taken for random access to small records.</summary>
    private const int SmallRead = 64 * 1024;

    private const int StoreQueueLength = 64;

    // A monitor: its waiter sleeps at once, where a blocking collection spins first, which two cores cannot afford.
    private readonly object _storeLock = new();
    private readonly Queue<(Inode Inode, long Cell)> _storeOffers = new(StoreQueueLength);
    private readonly HashSet<(ulong Inode, long Cell)> _storeQueued = [];
    private bool _storesEnded;
    private readonly byte[] _storeBuffer = new byte[DirtyData.CellSize];

    /// <inheritdoc/>
    public IKernelCache? KernelCache { get; set; }

    /// <summary>
    /// The kernel asks where data lies without first writing out the pages that it still holds: a copy that skips holes would
    /// lose them. Dropping pages writes them out.
    /// </summary>
    private ValueTask FetchKernelPagesAsync(Inode inode, long offset)
    {
        if (KernelCache is not { } cache || inode.WriterCount == 0)
            return ValueTask.CompletedTask;
        return new ValueTask(Task.Run(() => cache.InvalidateInode(inode.Number, offset, 0)));
    }

    /// <summary>
    /// Fetches from the kernel what it still holds of files that are open for writing: dropping its pages returns when they have
    /// been written out, also those that a syncfs has only queued. For a flush: it promises all that was written before, and
    /// a file with holes that is still open would be recorded only up to the first of them; what does not come now is a hole.
    /// Never on a thread that answers kernel requests.
    /// </summary>
    /// <remarks>Cancelled, it goes on with the file that it has come to: the kernel is not to be interrupted.</remarks>
    public Task SettleAsync(CancellationToken cancellationToken = default) => KernelCache is { } cache
        ? Task.Run(() => FetchAllKernelPages(cache, cancellationToken), cancellationToken).WaitAsync(cancellationToken)
        : Task.CompletedTask;

    private void FetchAllKernelPages(IKernelCache cache, CancellationToken cancellationToken)
    {
        var begun = _time.GetTimestamp();
        List<Inode> written;
        lock (_gate)
        {
            written = [.. _open.Values.Where(file => file.CanWrite).Select(file => file.Inode)
                .Union(_dirtyData.Where(inode => inode.Awaited is not null))];
        }
        foreach (var inode in written)
        {
            cancellationToken.ThrowIfCancellationRequested();
            cache.InvalidateInode(inode.Number, 0, 0);
            lock (_gate)
            {
                inode.Awaited?.RemoveUntil(begun);
                if (inode.Awaited is { IsEmpty: true })
                    inode.Awaited = null;
            }
        }
    }

    private static void AddWriter(Inode inode)
    {
        inode.WriterCount++;
        inode.WriterGeneration++;
    }

    private void OfferToPageCache(OpenFile file, long offset, int length)
    {
        if (KernelCache is null || length is 0 or > SmallRead || file.IsDirect || file.Inode.WriterCount > 0)
            return;
        var cell = offset >> DirtyData.CellBits;
        var start = cell << DirtyData.CellBits;
        // The kernel has just got all there is of a small file.
        if (offset == start && offset + length >= Math.Min(file.Inode.Size, start + DirtyData.CellSize))
            return;
        lock (_storeLock)
        {
            if (_storesEnded || _storeOffers.Count >= StoreQueueLength || !_storeQueued.Add((file.Inode.Number, cell)))
                return;
            _storeOffers.Enqueue((file.Inode, cell));
            Monitor.Pulse(_storeLock);
        }
    }

    private void EndStores()
    {
        lock (_storeLock)
        {
            _storesEnded = true;
            Monitor.Pulse(_storeLock);
        }
    }

    private (Inode Inode, long Cell)? TakeStoreOffer()
    {
        lock (_storeLock)
        {
            while (_storeOffers.Count == 0 && !_storesEnded)
                Monitor.Wait(_storeLock);
            return _storesEnded ? null : _storeOffers.Dequeue();
        }
    }

    private void StoreLoop()
    {
        while (TakeStoreOffer() is var (inode, cell))
        {
            try
            {
                Store(inode, cell);
            }
            catch (Exception exception)
            {
                // Only the shortcut is lost; a read that fails says so to its own caller.
                _log.LogDebug(exception, "Inode {Inode} was not put into the page cache.", inode.Number);
            }
            finally
            {
                lock (_storeLock)
                    _storeQueued.Remove((inode.Number, cell));
            }
        }
    }

    private void Store(Inode inode, long cell)
    {
        long generation;
        lock (_gate)
        {
            // One that has left memory meanwhile knows nothing of writers that came since.
            if (inode.WriterCount > 0 || inode.IsDeleted || _inodes.GetValueOrDefault(inode.Number) != inode)
                return;
            generation = inode.WriterGeneration;
            inode.OpenCount++;
        }
        try
        {
            var read = ReadContentAsync(inode, cell << DirtyData.CellBits, _storeBuffer).AsTask().GetAwaiter().GetResult();
            if (read.Succeeded && read.Value > 0 && KernelCache is { } cache)
                StoreUnlessWritten(cache, inode, cell, generation, _storeBuffer.AsSpan(0, read.Value));
        }
        finally
        {
            bool unused;
            lock (_gate)
            {
                inode.OpenCount--;
                unused = IsUnused(inode);
            }
            if (unused)
                Reap(inode);
        }
    }

    private void StoreUnlessWritten(IKernelCache cache, Inode inode, long cell, long generation, ReadOnlySpan<byte> data)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (inode.WriterGeneration != generation)
                return;
            inode.Storing = done.Task;
        }
        try
        {
            cache.StoreInPageCache(inode.Number, cell << DirtyData.CellBits, data);
        }
        finally
        {
            lock (_gate)
                inode.Storing = null;
            done.SetResult();
        }
    }

    private ValueTask<FsResult<int>> ReadContentAsync(Inode inode, long offset, Memory<byte> destination)
    {
        var file = new OpenFile(inode, OpenOptions.Read);
        var plan = new ReadPlan();
        var miss = default(Miss);
        Plan(inode, offset, destination.Span, plan, ref miss);
        return miss.IsNone
            ? Execute(file, offset, destination, plan, CancellationToken.None)
            : LoadAndReadAsync(file, offset, destination, plan, miss, CancellationToken.None);
    }

    /// <summary>Holds back the answer to an open for writing until a store that began before it has ended.</summary>
    private ValueTask<FsResult<OpenedFile>> OpenWhenStoredAsync(ValueTask<FsResult<OpenedFile>> opening, OpenOptions options)
    {
        if (!options.HasFlag(OpenOptions.Write) || KernelCache is null)
            return opening;
        if (opening.IsCompletedSuccessfully && (!opening.Result.Succeeded || StoringFor(opening.Result.Value.Handle) is null))
            return opening;
        return Wait();

        async ValueTask<FsResult<OpenedFile>> Wait()
        {
            var opened = await opening.ConfigureAwait(false);
            if (opened.Succeeded && StoringFor(opened.Value.Handle) is { } storing)
                await storing.ConfigureAwait(false);
            return opened;
        }
    }

    private Task? StoringFor(ulong handle)
    {
        lock (_gate)
            return _open.GetValueOrDefault(handle)?.Inode.Storing;
    }
}
