using CuckooDrive.Core.Chunks;
using Microsoft.Extensions.Logging;

namespace CuckooDrive.Core.Volume;

/// <summary>
/// Fetches chunks before a sequential reader asks for them. Clouds answer late, but carry much at a time: what is on its way must
/// cover a round trip at the speed of several clouds.
/// </summary>
public sealed partial class Volume
{
    /// <summary>A first read of at least this much is the beginning of more; a smaller one may be all that somebody wants.</summary>
    private const int LargeRead = 128 << 10;

    /// <summary>The kernel reads ahead by several requests at once, twice over, and they may overtake each other.</summary>
    private const int Overtaking = 4 << 20;

    /// <summary>How many times as far ahead as the reader has come: a look at the beginning of a file must not fetch much of it.</summary>
    private const int Trust = 8;

    private const int MaximumChunks = 256;

    /// <summary>
    /// Starts fetching what a sequential reader will ask for next, a quarter of the window at a time. False when the read is not
    /// sequential.
    /// </summary>
    private bool PrefetchAhead(OpenFile file, long offset, int length)
    {
        var end = offset + length;
        if (!IsSequential(file, offset, length))
        {
            file.LastReadEnd = file.PrefetchedTo = end;
            return false;
        }
        file.LastReadEnd = Math.Max(file.LastReadEnd, end);
        var from = Math.Max(file.PrefetchedTo, end);
        var window = Math.Min(_options.PrefetchWindow, Trust * end);
        var to = Math.Min(end + window, file.Inode.Size);
        if (to <= from || (to - from < window / 4 && to < file.Inode.Size))
            return true;
        file.PrefetchedTo = to;
        if (TryPrefetch(file.Inode, from, to) is { } reached)
            file.PrefetchedTo = reached;
        else
            _ = Task.Run(() => LoadAndPrefetch(file, from, to));
        return true;
    }

    private static bool IsSequential(OpenFile file, long offset, int length) => length >= LargeRead
        ? Math.Abs(offset - file.LastReadEnd) <= Overtaking
        : offset == file.LastReadEnd && offset > 0;

    /// <summary>Up to where the file is on its way now, as far as limits allow; null when extents on the way are not in memory.</summary>
    private long? TryPrefetch(Inode inode, long from, long to)
    {
        Span<ChunkRef> chunks = stackalloc ChunkRef[MaximumChunks];
        Span<long> starts = stackalloc long[MaximumChunks];
        var count = 0;
        lock (_gate)
        {
            for (var number = ExtentMap.RegionOf(from); number <= ExtentMap.RegionOf(to - 1); number++)
            {
                if (!inode.Extents.IsResident(number))
                    return null;
                if (inode.Extents.Find(number) is not { } region)
                    continue;
                var start = (int)Math.Max(0, from - (number << Region.SizeBits));
                for (var i = region.FindFirst(start); i < region.Extents.Count && count < chunks.Length; i++, count++)
                    (chunks[count], starts[count]) = (region.Extents[i].Chunk, (number << Region.SizeBits) + region.Extents[i].Start);
            }
        }
        var taken = _chunks.Prefetch(chunks[..count]);
        return taken < count ? Math.Clamp(starts[taken], from, to) : to;
    }

    private void LoadAndPrefetch(OpenFile file, long from, long to)
    {
        var inode = file.Inode;
        try
        {
            for (var number = ExtentMap.RegionOf(from); number <= ExtentMap.RegionOf(to - 1); number++)
            {
                bool isResident;
                lock (_gate)
                    isResident = inode.Extents.IsResident(number);
                if (!isResident)
                    LoadRegion(inode.Number, number);
            }
            // What was evicted meanwhile comes when it is read.
            if (TryPrefetch(inode, from, to) is { } reached && file.PrefetchedTo == to)
                file.PrefetchedTo = reached;
        }
        catch (Exception exception)
        {
            // The root of a task: only the head start is lost, and a read that fails says so to its own caller.
            _log.LogDebug(exception, "Inode {Inode} was not fetched ahead.", inode.Number);
        }
    }
}
