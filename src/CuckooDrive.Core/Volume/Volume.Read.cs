using System.Collections.Concurrent;
using CuckooDrive.Core.Chunks;
using Microsoft.Extensions.Logging;

namespace CuckooDrive.Core.Volume;

/// <summary>Reading and looking for holes.</summary>
public sealed partial class Volume
{
    private readonly ConcurrentBag<ReadPlan> _plans = [];

    /// <inheritdoc/>
    public ValueTask<FsResult<int>> ReadAsync(ulong inode, ulong handle, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        OpenFile? file;
        lock (_gate)
            file = _open.GetValueOrDefault(handle);
        if (file is null || file.Inode.Number != inode)
            return ReadWithoutHandleAsync(inode, offset, destination, cancellationToken);
        if (offset < 0)
            return new(FsError.InvalidArgument);
        var plan = _plans.TryTake(out var free) ? free : new ReadPlan();
        var miss = default(Miss);
        Plan(file.Inode, offset, destination.Span, plan, ref miss);
        if (!miss.IsNone)
            return LoadAndReadAsync(file, offset, destination, plan, miss, cancellationToken);
        if (!PrefetchAhead(file, offset, plan.Length))
        {
            if (TryReadPart(file.Inode, plan, destination.Span))
                return new(Finished(plan));
            OfferToPageCache(file, offset, plan.Length);
        }
        return Execute(file, offset, destination, plan, cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask<FsResult<long>> SeekAsync(ulong inode, ulong handle, long offset, bool data, CancellationToken cancellationToken)
    {
        if (FindOpen(inode, handle) is not { } file)
            return FsError.Stale;
        if (offset < 0)
            return FsError.NoDevice;
        await FetchKernelPagesAsync(file, offset).ConfigureAwait(false);
        if (offset >= file.Size)
            return FsError.NoDevice;
        var flushed = await FlushDataAsync(file).ConfigureAwait(false);
        if (flushed != FsError.None)
            return flushed;
        var position = offset;
        while (true)
        {
            var step = new SeekStep(file, position, data);
            var error = await RunOnData(file, step.Run).ConfigureAwait(false);
            if (error != FsError.None)
                return error;
            if (step.Found is { } found)
                return data && found >= file.Size ? FsError.NoDevice : Math.Min(found, file.Size);
            position = step.Next;
            if (data && position < file.Size && !file.Extents.IsComplete)
                position = await Task.Run(() => SkipUnmapped(file, position), cancellationToken).ConfigureAwait(false);
            if (position >= file.Size)
                return data ? FsError.NoDevice : file.Size;
        }
    }

    private async ValueTask<FsResult<int>> ReadWithoutHandleAsync(ulong inode, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        var opened = await OpenAsync(inode, OpenOptions.Read, cancellationToken).ConfigureAwait(false);
        if (!opened.Succeeded)
            return opened.Error;
        try
        {
            return await ReadAsync(inode, opened.Value.Handle, offset, destination, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Release(inode, opened.Value.Handle);
        }
    }

    private async ValueTask<FsResult<int>> LoadAndReadAsync(OpenFile file, long offset, Memory<byte> destination, ReadPlan plan, Miss miss, CancellationToken cancellationToken)
    {
        while (!miss.IsNone)
        {
            await LoadAsync(miss).ConfigureAwait(false);
            miss = default;
            Plan(file.Inode, offset, destination.Span, plan, ref miss);
        }
        PrefetchAhead(file, offset, plan.Length);
        return await Execute(file, offset, destination, plan, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Copies what is dirty, zeroes holes, and lists the chunk parts to be read. Takes the data lock, so that dirty data and
    /// extents are seen in one state.
    /// </summary>
    private void Plan(Inode inode, long offset, Span<byte> destination, ReadPlan plan, ref Miss miss)
    {
        plan.Clear();
        lock (inode.DataLock)
        {
            plan.Length = (int)Math.Clamp(inode.Size - offset, 0, destination.Length);
            if (plan.Length == 0)
                return;
            destination = destination[..plan.Length];
            if (inode.Dirty is { IsEmpty: false } dirty)
                dirty.Read(offset, destination, plan.Gaps);
            else
                plan.Gaps.Add((0, plan.Length));
            lock (_gate)
            {
                if (plan.Gaps.Count > 0 && !IsRangeResident(inode, offset, offset + plan.Length, ref miss))
                    return;
                foreach (var (from, to) in plan.Gaps)
                    AddSegments(inode, offset, from, to, plan);
                TouchAccessTime(inode);
            }
        }
        foreach (var (from, to) in plan.Holes)
            destination[from..to].Clear();
    }

    private static void AddSegments(Inode inode, long offset, int from, int to, ReadPlan plan)
    {
        while (from < to)
        {
            var position = offset + from;
            var start = (int)(position & (Region.Size - 1));
            var length = Math.Min(to - from, Region.Size - start);
            var covered = start;
            if (inode.Extents.Find(ExtentMap.RegionOf(position)) is { } region)
            {
                for (var i = region.FindFirst(start); i < region.Extents.Count && region.Extents[i].Start < start + length; i++)
                {
                    var extent = region.Extents[i];
                    var partFrom = Math.Max(extent.Start, start);
                    var partTo = Math.Min(extent.End, start + length);
                    if (partFrom > covered)
                        plan.Holes.Add((from + covered - start, from + partFrom - start));
                    plan.Segments.Add(new ReadSegment(extent.Chunk, extent.ChunkOffset + partFrom - extent.Start, from + partFrom - start, partTo - partFrom));
                    covered = partTo;
                }
            }
            if (covered < start + length)
                plan.Holes.Add((from + covered - start, from + length));
            from += length;
        }
    }

    private ValueTask<FsResult<int>> Execute(OpenFile file, long offset, Memory<byte> destination, ReadPlan plan, CancellationToken cancellationToken)
    {
        List<Task>? waiting = null;
        foreach (var segment in plan.Segments)
        {
            var read = ReadSegment(segment, destination, cancellationToken);
            if (!read.IsCompletedSuccessfully)
                (waiting ??= []).Add(read.AsTask());
        }
        if (waiting is not null)
            return FinishReadAsync(file, offset, destination, plan, waiting, cancellationToken);
        return new(Finished(plan));
    }

    /// <summary>A small record somewhere in a file: not worth opening a whole chunk for.</summary>
    private bool TryReadPart(Inode inode, ReadPlan plan, Span<byte> destination)
    {
        if (inode.Size <= SmallRead || plan.Length > SmallRead || plan.Segments.Count != 1)
            return false;
        var segment = plan.Segments[0];
        return _chunks.TryReadPart(segment.Chunk, segment.ChunkOffset, destination.Slice(segment.Target, segment.Length));
    }

    private int Finished(ReadPlan plan)
    {
        var length = plan.Length;
        _plans.Add(plan);
        return length;
    }

    /// <summary>Fails as a task in every case: reads that began before still fill the buffer, which must not be given back yet.</summary>
    private ValueTask ReadSegment(ReadSegment segment, Memory<byte> destination, CancellationToken cancellationToken)
    {
        try
        {
            return _chunks.ReadAsync(segment.Chunk, segment.ChunkOffset, destination.Slice(segment.Target, segment.Length), cancellationToken);
        }
        catch (Exception exception)
        {
            return ValueTask.FromException(exception);
        }
    }

    private async ValueTask<FsResult<int>> FinishReadAsync(OpenFile file, long offset, Memory<byte> destination, ReadPlan plan, List<Task> waiting, CancellationToken cancellationToken)
    {
        try
        {
            await Task.WhenAll(waiting).ConfigureAwait(false);
            return plan.Length;
        }
        catch (IOException exception)
        {
            // The file may have been overwritten meanwhile and the old chunk's pack removed: look once more where it is now.
            if (HasMoved(file.Inode, offset, plan))
                return await ReadAsync(file.Inode.Number, 0, offset, destination, cancellationToken).ConfigureAwait(false);
            _log.LogError(exception, "Inode {Inode} cannot be read at offset {Offset}: {Reason}", file.Inode.Number, offset, exception.Message);
            return FsError.Io;
        }
    }

    private bool HasMoved(Inode inode, long offset, ReadPlan plan)
    {
        lock (_gate)
        {
            foreach (var segment in plan.Segments)
            {
                var position = offset + segment.Target;
                var start = (int)(position & (Region.Size - 1));
                var region = inode.Extents.Find(ExtentMap.RegionOf(position));
                // Cut, or forgotten meanwhile: there was one when the read was planned.
                if (region is null)
                    return true;
                var index = region.FindFirst(start);
                if (index >= region.Extents.Count || region.Extents[index].Chunk != segment.Chunk)
                    return true;
            }
            return false;
        }
    }

    /// <summary>The next position at which a region is in memory or has a row.</summary>
    private long SkipUnmapped(Inode inode, long position)
    {
        var next = long.MaxValue;
        Span<byte> from = stackalloc byte[Metadata.MetadataKey.MaximumLength];
        Span<byte> to = stackalloc byte[Metadata.MetadataKey.MaximumLength];
        _store.Scan(
            Metadata.MetadataKey.Extents(from, inode.Number, (ulong)ExtentMap.RegionOf(position)),
            Metadata.MetadataKey.Extents(to, inode.Number + 1, 0),
            (key, _) =>
            {
                next = (long)System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(key[9..]);
                return false;
            });
        lock (_gate)
        {
            foreach (var (number, _) in inode.Extents.Regions)
            {
                if (number >= ExtentMap.RegionOf(position))
                {
                    next = Math.Min(next, number);
                    break;
                }
            }
        }
        return next == long.MaxValue ? long.MaxValue : Math.Max(position, next << Region.SizeBits);
    }

    /// <summary>Looks for data or a hole within one region.</summary>
    private sealed class SeekStep(Inode inode, long position, bool data)
    {
        public long? Found { get; private set; }

        public long Next { get; private set; }

        public void Run(ref Miss miss)
        {
            var number = ExtentMap.RegionOf(position);
            var start = number << Region.SizeBits;
            Next = start + (Region.Size - 1) == long.MaxValue ? long.MaxValue : start + Region.Size;
            if (data && inode.Extents.IsComplete && inode.Extents.Find(number) is null)
            {
                Next = inode.Extents.FirstFrom(number + 1) is { } later ? later << Region.SizeBits : long.MaxValue;
                return;
            }
            if (!IsRangeResident(inode, position, position + 1, ref miss))
                return;
            var offset = (int)(position - start);
            var extents = inode.Extents.Find(number)?.Extents ?? [];
            foreach (var extent in extents)
            {
                if (extent.End <= offset)
                    continue;
                if (data)
                {
                    Found = start + Math.Max(extent.Start, offset);
                    return;
                }
                if (extent.Start > offset)
                    break;
                offset = extent.End;
            }
            if (!data && offset < Region.Size)
                Found = start + offset;
        }
    }
}

internal readonly record struct ReadSegment(ChunkRef Chunk, int ChunkOffset, int Target, int Length);

/// <summary>What one read consists of; kept and used again. Not thread safe.</summary>
internal sealed class ReadPlan
{
    public int Length { get; set; }

    /// <summary>What is not dirty, relative to the read.</summary>
    public List<(int From, int To)> Gaps { get; } = [];

    public List<(int From, int To)> Holes { get; } = [];

    public List<ReadSegment> Segments { get; } = [];

    public void Clear()
    {
        Length = 0;
        Gaps.Clear();
        Holes.Clear();
        Segments.Clear();
    }
}
