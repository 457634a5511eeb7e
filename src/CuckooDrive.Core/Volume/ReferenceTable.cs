namespace CuckooDrive.Core.Volume;

/// <summary>
/// How many references the kernel holds to inodes that are not in memory. There may be a million of them, so an entry takes
/// 12 bytes of two arrays that are between 3/8 and 3/4 full, a half of what a dictionary takes: open addressing with linear probing.
/// Not thread safe.
/// </summary>
internal sealed class ReferenceTable
{
    private const int SmallestCapacity = 64;

    private ulong[] _inodes = new ulong[SmallestCapacity];

    // 0 marks a free place. The kernel counts in 64 bits, but a reference is an answer that it got: four billion for one inode
    // without a FORGET do not happen, and are held at the limit if they do.
    private uint[] _counts = new uint[SmallestCapacity];

    public int Count { get; private set; }

    /// <summary>Adds references to what an inode has.</summary>
    public void Add(ulong inode, long references)
    {
        if (references <= 0)
            return;
        if (Count >= _inodes.Length / 4 * 3)
            Grow();
        var place = PlaceOf(inode);
        if (_counts[place] == 0)
        {
            _inodes[place] = inode;
            Count++;
        }
        _counts[place] += (uint)Math.Min(references, uint.MaxValue - _counts[place]);
    }

    /// <summary>Takes an inode out and returns its references; 0 for one that has none.</summary>
    public long Take(ulong inode)
    {
        var place = PlaceOf(inode);
        var references = _counts[place];
        if (references > 0)
            Free(place);
        return references;
    }

    /// <summary>Takes references away; an inode without any left is no longer here.</summary>
    public void Subtract(ulong inode, ulong references)
    {
        var place = PlaceOf(inode);
        if (_counts[place] > references)
            _counts[place] -= (uint)references;
        else if (_counts[place] > 0)
            Free(place);
    }

    /// <summary>Where the inode is, or the free place where it belongs.</summary>
    private int PlaceOf(ulong inode)
    {
        var place = Home(inode);
        while (_counts[place] != 0 && _inodes[place] != inode)
            place = Next(place);
        return place;
    }

    /// <summary>Closes the gap: what comes after it and could not have its own place moves up (Knuth, volume 3, algorithm 6.4R).</summary>
    private void Free(int gap)
    {
        Count--;
        for (var place = Next(gap); _counts[place] != 0; place = Next(place))
        {
            var mask = _inodes.Length - 1;
            var distance = (place - Home(_inodes[place])) & mask;
            if (distance < ((place - gap) & mask))
                continue;
            (_inodes[gap], _counts[gap]) = (_inodes[place], _counts[place]);
            gap = place;
        }
        _counts[gap] = 0;
    }

    private void Grow()
    {
        var (inodes, counts) = (_inodes, _counts);
        (_inodes, _counts, Count) = (new ulong[inodes.Length * 2], new uint[inodes.Length * 2], 0);
        for (var each = 0; each < inodes.Length; each++)
            Add(inodes[each], counts[each]);
    }

    private int Next(int place) => (place + 1) & (_inodes.Length - 1);

    /// <summary>Fibonacci hashing: neighbouring numbers are spread.</summary>
    private int Home(ulong inode) => (int)((inode * 0x9E37_79B9_7F4A_7C15) >> 32) & (_inodes.Length - 1);
}
