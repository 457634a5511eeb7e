using CuckooDrive.Core.Chunks;

namespace CuckooDrive.Core.Volume;

/// <summary>
/// The extents of one region (1 MiB of a file's address space), sorted and without overlaps; what no extent covers is a
/// hole. One region is one row of the metadata. Guarded by the volume's gate.
/// </summary>
internal sealed class Region
{
    public const int SizeBits = 20;
    public const int Size = 1 << SizeBits;

    // Most files have one, and many of them are in memory.
    private readonly List<Extent> _extents = new(1);

    public bool IsDirty { get; set; }

    public IReadOnlyList<Extent> Extents => _extents;

    /// <summary>Adds an extent behind all others, as a row is loaded or a region is built in order.</summary>
    public void AddLoaded(Extent extent) => _extents.Add(extent);

    /// <summary>Index of the first extent that ends after <paramref name="offset"/>.</summary>
    public int FindFirst(int offset)
    {
        int low = 0, high = _extents.Count;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (_extents[middle].End <= offset)
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }

    /// <summary>
    /// Makes [from, to) a hole: drops the references of what lies in it and returns the bytes that were mapped there.
    /// An extent that is cut in two keeps two references.
    /// </summary>
    public int Cut(int from, int to, IChunkStore chunks)
    {
        var first = FindFirst(from);
        var last = first;
        var unmapped = 0;
        Extent? head = null, tail = null;
        for (; last < _extents.Count && _extents[last].Start < to; last++)
        {
            var extent = _extents[last];
            if (extent.Start < from)
                head = extent.Slice(extent.Start, from);
            if (extent.End > to)
                tail = extent.Slice(to, extent.End);
            unmapped += Math.Min(extent.End, to) - Math.Max(extent.Start, from);
            // One that loses its head or its tail keeps its reference.
            if (extent.Start >= from && extent.End <= to)
                chunks.RemoveReference(extent.Chunk);
            else if (extent.Start < from && extent.End > to)
                chunks.AddReference(extent.Chunk);
        }
        if (last == first)
            return 0;
        _extents.RemoveRange(first, last - first);
        if (tail is { } rest)
            _extents.Insert(first, rest);
        if (head is { } start)
            _extents.Insert(first, start);
        IsDirty = true;
        return unmapped;
    }

    /// <summary>Maps an extent over whatever was there and returns the growth of mapped bytes. Adds one reference.</summary>
    public int Map(Extent extent, IChunkStore chunks)
    {
        chunks.AddReference(extent.Chunk);
        var unmapped = Cut(extent.Start, extent.End, chunks);
        _extents.Insert(FindFirst(extent.Start), extent);
        IsDirty = true;
        return extent.Length - unmapped;
    }
}
