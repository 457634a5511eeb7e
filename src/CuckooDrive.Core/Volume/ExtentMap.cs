using CuckooDrive.Core.Chunks;

namespace CuckooDrive.Core.Volume;

/// <summary>
/// A file's extents by region, loaded on demand. Guarded by the volume's gate.
/// </summary>
/// <param name="isComplete">True when no region of this file is stored yet or all are given: what is not here is a hole.</param>
internal sealed class ExtentMap(bool isComplete)
{
    // Two arrays of one for the many files of one region, where a tree would cost a few hundred bytes.
    private readonly SortedList<long, Region> _regions = new(1);

    public bool IsComplete { get; private set; } = isComplete;

    /// <summary>Regions from this number on are resident.</summary>
    private long _completeFrom = long.MaxValue;

    /// <summary>Bytes covered by extents.</summary>
    public long MappedBytes { get; set; }

    /// <summary>True when the map has rows of its own in the store (it did not fit into the inode's record).</summary>
    public bool HasRows { get; set; } = !isComplete;

    public IEnumerable<KeyValuePair<long, Region>> Regions => _regions;

    public int ResidentCount => _regions.Count;

    public static long RegionOf(long offset) => offset >> Region.SizeBits;

    public bool IsResident(long region) => IsComplete || region >= _completeFrom || _regions.ContainsKey(region);

    /// <summary>True when every region from <paramref name="region"/> on is resident.</summary>
    public bool IsResidentFrom(long region) => IsComplete || region >= _completeFrom;

    public void SetCompleteFrom(long region) => _completeFrom = Math.Min(_completeFrom, region);

    /// <summary>The region, or null when it is a hole; it must be resident.</summary>
    public Region? Find(long region) => _regions.GetValueOrDefault(region);

    /// <summary>The first region in memory numbered <paramref name="number"/> or more.</summary>
    public long? FirstFrom(long number)
    {
        foreach (var candidate in _regions.Keys)
        {
            if (candidate >= number)
                return candidate;
        }
        return null;
    }

    public bool HasMoreThan(int extents)
    {
        foreach (var region in _regions.Values)
        {
            extents -= region.Extents.Count;
            if (extents < 0)
                return true;
        }
        return false;
    }

    /// <summary>Only while the map has no rows: an empty region that has one must stay until the row is deleted.</summary>
    public void DropEmptyRegions()
    {
        foreach (var (number, region) in _regions.ToArray())
        {
            region.IsDirty = false;
            if (region.Extents.Count == 0)
                _regions.Remove(number);
        }
    }

    public void AddLoaded(long number, Region region) => _regions.TryAdd(number, region);

    /// <summary>Maps bytes from <paramref name="offset"/> on, within one region, which must be resident.</summary>
    public void Map(long offset, int length, ChunkRef chunk, int chunkOffset, IChunkStore chunks)
    {
        var number = RegionOf(offset);
        if (!_regions.TryGetValue(number, out var region))
            _regions.Add(number, region = new Region());
        MappedBytes += region.Map(new Extent((int)(offset & (Region.Size - 1)), length, chunk, chunkOffset), chunks);
    }

    /// <summary>Makes [from, to) a hole. All regions of the range that have rows must be resident.</summary>
    public void Cut(long from, long to, IChunkStore chunks)
    {
        if (to <= from)
            return;
        var lastRegion = RegionOf(to - 1);
        foreach (var number in RegionsWithin(RegionOf(from), lastRegion))
        {
            var start = number << Region.SizeBits;
            var cutFrom = (int)Math.Max(from - start, 0);
            var cutTo = (int)Math.Min(to - start, Region.Size);
            MappedBytes -= _regions[number].Cut(cutFrom, cutTo, chunks);
        }
    }

    /// <summary>Resident regions numbered from first to last, as a copy that the caller may change the map under.</summary>
    public List<long> RegionsWithin(long first, long last)
    {
        var found = new List<long>();
        if (last - first < _regions.Count)
        {
            for (var number = first; number <= last; number++)
            {
                if (_regions.ContainsKey(number))
                    found.Add(number);
            }
            return found;
        }
        foreach (var number in _regions.Keys)
        {
            if (number >= first && number <= last)
                found.Add(number);
        }
        return found;
    }

    /// <summary>Forgets clean regions; they can be loaded again. Only once the file has rows.</summary>
    public void TrimResident()
    {
        if (!HasRows)
            return;
        // From the end: what is removed there moves only the few dirty ones behind it.
        for (var i = _regions.Count - 1; i >= 0; i--)
        {
            if (!_regions.GetValueAtIndex(i).IsDirty)
                _regions.RemoveAt(i);
        }
        _regions.TrimExcess();
        IsComplete = false;
        _completeFrom = long.MaxValue;
    }
}
