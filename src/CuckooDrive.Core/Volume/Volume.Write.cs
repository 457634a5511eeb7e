using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;

namespace CuckooDrive.Core.Volume;

/// <summary>Writing, truncating, holes and clones.</summary>
public sealed partial class Volume
{
    /// <summary>The largest file: regions are numbered by 43 bits, so 8 EiB less one byte.</summary>
    private const long MaximumFileSize = long.MaxValue;

    /// <summary>Inodes with dirty data. Guarded by the gate.</summary>
    private readonly HashSet<Inode> _dirtyData = [];

    /// <summary>Inodes that took the place of others since the last collection, with dirty data. Guarded by the gate.</summary>
    private readonly HashSet<Inode> _replacing = [];

    /// <inheritdoc/>
    public ValueTask<FsResult<int>> WriteAsync(ulong inode, ulong handle, long offset, ReadOnlyMemory<byte> data, WriteOptions options, CancellationToken cancellationToken)
    {
        if (offset < 0 || data.Length > MaximumFileSize - offset)
            return new(FsError.FileTooLarge);
        if (FindOpen(inode, handle) is not { } file)
            return WriteWithoutHandleAsync(inode, offset, data, options, cancellationToken);
        if (data.IsEmpty)
            return new(0);
        var reservation = _chunks.ReserveAsync(data.Length, cancellationToken);
        if (!reservation.IsCompletedSuccessfully || IsOverBudget || _commitError != FsError.None)
            return WriteWhenPossibleAsync(file, offset, data, options, reservation, cancellationToken);
        return reservation.Result ? WriteReserved(file, offset, data, options) : new(FsError.NoSpace);
    }

    /// <inheritdoc/>
    public async ValueTask<FsError> AllocateAsync(ulong inode, ulong handle, long offset, long length, AllocateOptions options, CancellationToken cancellationToken)
    {
        const AllocateOptions Supported = AllocateOptions.KeepSize | AllocateOptions.PunchHole | AllocateOptions.ZeroRange;
        if (offset < 0 || length <= 0)
            return FsError.InvalidArgument;
        if (length > MaximumFileSize - offset)
            return FsError.FileTooLarge;
        if ((options & ~Supported) != 0)
            return FsError.NotSupported;
        if (FindOpen(inode, handle) is not { } file)
            return FsError.Stale;
        var error = TakesChanges ? FsError.None : await TryCommitAsync(cancellationToken).ConfigureAwait(false);
        if (error != FsError.None)
            return error;
        var makesHole = (options & (AllocateOptions.PunchHole | AllocateOptions.ZeroRange)) != 0;
        return await RunOnData(file, (ref Miss miss) =>
        {
            if (makesHole && !TryCut(file, offset, offset + length, ref miss))
                return;
            if ((options & AllocateOptions.KeepSize) == 0 && offset + length > file.Size)
                Grow(file, offset + length, offset + length);
            file.ModifyTime = file.ChangeTime = Now;
            MarkChanged(file);
        }).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask<FsResult<long>> CopyRangeAsync(ulong sourceInode, ulong sourceHandle, long sourceOffset, ulong targetInode, ulong targetHandle, long targetOffset, long length, CancellationToken cancellationToken)
    {
        if (FindOpen(sourceInode, sourceHandle) is not { } source || FindOpen(targetInode, targetHandle) is not { } target)
            return FsError.Stale;
        if (sourceOffset < 0 || targetOffset < 0 || length < 0 || length > MaximumFileSize - targetOffset)
            return FsError.InvalidArgument;
        // The end of the source as it is now: a file copied behind its own end must not grow for ever.
        length = Math.Clamp(source.Size - sourceOffset, 0, length);
        if (source == target && sourceOffset < targetOffset + length && targetOffset < sourceOffset + length)
            return FsError.InvalidArgument;
        var refused = await WaitForCommitsAsync(cancellationToken).ConfigureAwait(false);
        if (refused != FsError.None)
            return refused;
        var flushed = await FlushDataAsync(source).ConfigureAwait(false);
        if (flushed != FsError.None)
            return flushed;
        var copied = 0L;
        while (copied < length)
        {
            var step = new CloneStep(source, sourceOffset + copied, target, targetOffset + copied, length - copied);
            var error = await RunOnData(target, (ref Miss miss) => step.Run(this, ref miss)).ConfigureAwait(false);
            if (error != FsError.None)
                return copied > 0 ? copied : error;
            if (step.Copied == 0)
                break;
            copied += step.Copied;
        }
        return copied;
    }

    private async ValueTask<FsResult<int>> WriteWithoutHandleAsync(ulong inode, long offset, ReadOnlyMemory<byte> data, WriteOptions options, CancellationToken cancellationToken)
    {
        var opened = await OpenAsync(inode, OpenOptions.Write, cancellationToken).ConfigureAwait(false);
        if (!opened.Succeeded)
            return opened.Error;
        try
        {
            return await WriteAsync(inode, opened.Value.Handle, offset, data, options, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Release(inode, opened.Value.Handle);
        }
    }

    private async ValueTask<FsResult<int>> WriteWhenPossibleAsync(Inode inode, long offset, ReadOnlyMemory<byte> data, WriteOptions options, ValueTask<bool> reservation, CancellationToken cancellationToken)
    {
        if (!await reservation.ConfigureAwait(false))
            return FsError.NoSpace;
        var error = FsError.Io;
        try
        {
            error = await WaitUntilPossibleAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            if (error != FsError.None)
                _chunks.Unreserve(data.Length);
        }
        return error == FsError.None ? await WriteReserved(inode, offset, data, options).ConfigureAwait(false) : error;
    }

    private async Task<FsError> WaitUntilPossibleAsync(CancellationToken cancellationToken)
    {
        var error = await WaitForCommitsAsync(cancellationToken).ConfigureAwait(false);
        return error == FsError.None ? await WaitForBudgetAsync(cancellationToken).ConfigureAwait(false) : error;
    }

    private ValueTask<FsResult<int>> WriteReserved(Inode inode, long offset, ReadOnlyMemory<byte> data, WriteOptions options)
    {
        if (inode.ExtendedAttributeCount > 0 && options.HasFlag(WriteOptions.DropPrivileges))
            return WriteDroppingCapabilitiesAsync(inode, offset, data, options);
        Write(inode, offset, data, options);
        return new(data.Length);
    }

    private async ValueTask<FsResult<int>> WriteDroppingCapabilitiesAsync(Inode inode, long offset, ReadOnlyMemory<byte> data, WriteOptions options)
    {
        try
        {
            await Execute<DropCapabilitiesOperation, bool>(new DropCapabilitiesOperation(inode)).ConfigureAwait(false);
        }
        catch
        {
            _chunks.Unreserve(data.Length);
            throw;
        }
        Write(inode, offset, data, options);
        return data.Length;
    }

    private void Write(Inode inode, long offset, ReadOnlyMemory<byte> data, WriteOptions options)
    {
        var full = _threadFull ??= [];
        FlushBatch? own = null;
        try
        {
            lock (inode.DataLock)
            {
                var dirty = inode.Dirty ??= new DirtyData(inode);
                var held = dirty.HeldBytes;
                dirty.Write(offset, data, full);
                AddHeld(dirty.HeldBytes - held);
                lock (_gate)
                {
                    _dirtyData.Add(inode);
                    NoteOrder(inode, offset, data.Length, options);
                    inode.Size = Math.Max(inode.Size, offset + data.Length);
                    if (!options.HasFlag(WriteOptions.FromPageCache))
                        inode.ModifyTime = inode.ChangeTime = Now;
                    if (options.HasFlag(WriteOptions.DropPrivileges))
                        inode.Mode = WithoutPrivileges(inode.Mode);
                    MarkChanged(inode);
                }
                // Queued inside the lock, so that a cut that comes after finds them in flight.
                if (MayFlushItself(full))
                    own = _flushQueue.TakeOwn(full);
                else
                    _flushQueue.Enqueue(full);
            }
            if (own is { } batch)
                FlushBatch(batch);
            full.Clear();
        }
        catch (Exception exception)
        {
            EndProcess(exception);
        }
    }

    /// <summary>
    /// For data that was taken over or given back by half, which only a lack of memory or a mistake of ours can bring about. What memory holds then is not
    /// to be trusted, and going on could store it; ending at once loses no more than a crash does.
    /// </summary>
    [DoesNotReturn]
    private void EndProcess(Exception exception)
    {
        _log.LogCritical(exception, "Written data can be neither kept nor refused: {Reason} The program ends at once; what was synced is safe.", exception.Message);
        Environment.FailFast("Written data can be neither kept nor refused.", exception);
    }

    private void NoteOrder(Inode inode, long offset, int length, WriteOptions options)
    {
        if (options.HasFlag(WriteOptions.FromPageCache) && offset > inode.Size)
            (inode.Awaited ??= new AwaitedRanges()).Add(inode.Size, offset, _time.GetTimestamp());
        else if (inode.Awaited is { } awaited)
        {
            awaited.Remove(offset, offset + length);
            if (awaited.IsEmpty)
                inode.Awaited = null;
        }
    }

    [ThreadStatic]
    private static List<DirtyExtent>? _threadFull;

    private async ValueTask<FsResult<Attributes>> ResizeAndSetAsync(ulong number, AttributeChange change, long size)
    {
        if (size < 0)
            return FsError.InvalidArgument;
        var found = await Change<FindOperation, Inode>(new FindOperation(number)).ConfigureAwait(false);
        if (!found.Succeeded)
            return found.Error;
        var inode = found.Value;
        if (!inode.IsRegular)
            return inode.IsDirectory ? FsError.IsDirectory : FsError.InvalidArgument;
        try
        {
            if (inode.Storing is { } storing)
                await storing.ConfigureAwait(false);
            var error = await RunOnData(inode, (ref Miss miss) => Resize(inode, size, ref miss)).ConfigureAwait(false);
            if (error != FsError.None)
                return error;
        }
        finally
        {
            Unpin(inode);
        }
        return await Execute<SetAttributesOperation, Attributes>(new SetAttributesOperation(number, change)).ConfigureAwait(false);
    }

    /// <summary>Changes the size under both locks.</summary>
    private void Resize(Inode inode, long size, ref Miss miss)
    {
        if (size < inode.Size)
        {
            if (!TryCut(inode, size, MaximumFileSize, ref miss))
                return;
            inode.Size = size;
            inode.PersistSize = Math.Min(inode.PersistSize, size);
            inode.Awaited?.Remove(size, long.MaxValue);
            if (inode.Awaited is { IsEmpty: true })
                inode.Awaited = null;
        }
        else if (size > inode.Size)
        {
            // Found by its number it counts as being written to once, see Unpin: more are programs that may have written.
            Grow(inode, size, inode.WriterCount > 1 ? size : inode.Size);
        }
        inode.ModifyTime = inode.ChangeTime = Now;
        MarkChanged(inode);
    }

    /// <summary>
    /// Extends with a hole. While older data is still dirty the new size is recorded with its flush. The kernel does not write
    /// out its pages first: those between the old end and <paramref name="pagesUpTo"/> may still come.
    /// </summary>
    private void Grow(Inode inode, long size, long pagesUpTo)
    {
        if (KernelCache is not null && pagesUpTo > inode.Size)
        {
            (inode.Awaited ??= new AwaitedRanges()).Add(inode.Size, pagesUpTo, _time.GetTimestamp());
            _dirtyData.Add(inode);
        }
        inode.Size = size;
        if (inode.Dirty is null or { IsEmpty: true } && inode.Awaited is null)
            inode.PersistSize = size;
    }

    /// <summary>Makes [from, to) a hole, in dirty data and extents. Both locks are held. False on a miss, nothing changed.</summary>
    private bool TryCut(Inode inode, long from, long to, ref Miss miss)
    {
        // Not only up to the size: after a crash extents may lie behind what was recorded of it.
        if (!IsRangeResident(inode, from, to, ref miss))
            return false;
        if (inode.Dirty is { } dirty)
        {
            var held = dirty.HeldBytes;
            _chunks.Unreserve(dirty.Cut(from, to));
            AddHeld(dirty.HeldBytes - held);
        }
        inode.Extents.Cut(from, to, _chunks);
        return true;
    }

    private static bool IsRangeResident(Inode inode, long from, long to, ref Miss miss)
    {
        var extents = inode.Extents;
        long first = ExtentMap.RegionOf(from), last = ExtentMap.RegionOf(Math.Max(from, to - 1));
        if (extents.IsResidentFrom(first))
            return true;
        if (last - first >= 4)
        {
            miss = new Miss { Kind = MissKind.RegionsFrom, Inode = inode.Number, Region = first };
            return false;
        }
        for (var region = first; region <= last; region++)
        {
            if (extents.IsResident(region))
                continue;
            miss = new Miss { Kind = MissKind.Region, Inode = inode.Number, Region = region };
            return false;
        }
        return true;
    }

    private delegate void DataAction(ref Miss miss);

    /// <summary>
    /// Runs an action under the inode's data lock and the gate, again after each miss. The inode must be open or pinned.
    /// </summary>
    private async ValueTask<FsError> RunOnData(Inode inode, DataAction action)
    {
        while (true)
        {
            var miss = default(Miss);
            lock (inode.DataLock)
            {
                lock (_gate)
                {
                    if (inode.IsDeleted)
                        return FsError.Stale;
                    action(ref miss);
                }
            }
            if (miss.IsNone)
                return FsError.None;
            await LoadAsync(miss).ConfigureAwait(false);
        }
    }

    private void Unpin(Inode inode)
    {
        bool unused;
        lock (_gate)
        {
            inode.OpenCount--;
            inode.WriterCount--;
            unused = IsUnused(inode);
        }
        if (unused)
            Reap(inode);
    }

    /// <summary>Finds an inode and keeps it in memory, counted as being written to, until <see cref="Unpin"/>.</summary>
    private readonly record struct FindOperation(ulong Number) : IOperation<Inode>
    {
        public FsResult<Inode> Run(Volume volume, ref Miss miss)
        {
            if (volume.Find(Number, ref miss) is not { } inode)
                return FsError.Stale;
            inode.OpenCount++;
            AddWriter(inode);
            return inode;
        }
    }

    private readonly record struct DropCapabilitiesOperation(Inode Inode) : IOperation<bool>
    {
        public FsResult<bool> Run(Volume volume, ref Miss miss) => volume.TryDropCapabilities(Inode, ref miss);
    }

    /// <summary>
    /// Clones up to the end of the source's and the target's region: references to the source's chunks, no data.
    /// </summary>
    private sealed class CloneStep(Inode source, long sourceOffset, Inode target, long targetOffset, long length)
    {
        public long Copied { get; private set; }

        public void Run(Volume volume, ref Miss miss)
        {
            Copied = 0;
            var available = Math.Min(length, source.Size - sourceOffset);
            available = Math.Min(available, Region.Size - (sourceOffset & (Region.Size - 1)));
            available = Math.Min(available, Region.Size - (targetOffset & (Region.Size - 1)));
            if (available <= 0)
                return;
            if (!IsRangeResident(source, sourceOffset, sourceOffset + available, ref miss))
                return;
            if (!volume.TryCut(target, targetOffset, targetOffset + available, ref miss))
                return;
            var before = target.Extents.ResidentCount;
            MapParts(volume, available);
            volume.CountRegions(target, before);
            if (targetOffset + available > target.Size)
                volume.Grow(target, targetOffset + available, targetOffset);
            target.ModifyTime = target.ChangeTime = volume.Now;
            volume.MarkChanged(target);
            Copied = available;
        }

        private void MapParts(Volume volume, long available)
        {
            if (source.Extents.Find(ExtentMap.RegionOf(sourceOffset)) is not { } region)
                return;
            var from = (int)(sourceOffset & (Region.Size - 1));
            var to = from + (int)available;
            // A copy: source and target may be one file, whose region changes while it is being read.
            foreach (var extent in region.Extents.ToArray())
            {
                if (extent.End <= from || extent.Start >= to)
                    continue;
                var part = extent.Slice(Math.Max(extent.Start, from), Math.Min(extent.End, to));
                target.Extents.Map(targetOffset + (part.Start - from), part.Length, part.Chunk, part.ChunkOffset, volume._chunks);
            }
        }
    }
}
