namespace CuckooDrive.Testing.FileSystems;

/// <summary>A name in a directory. The cookie is its place in the order of reading.</summary>
internal sealed class MemoryDirectoryEntry(byte[] name, MemoryNode node, ulong cookie)
{
    public byte[] Name { get; } = name;

    public MemoryNode Node { get; set; } = node;

    public ulong Cookie { get; } = cookie;

    public bool Removed { get; set; }
}

/// <summary>
/// The entries of a directory: found by name, and read in the order of creation. Cookies only grow, so the place of one
/// stays known while others come and go. Guarded by the file system's gate.
/// </summary>
internal sealed class MemoryDirectory
{
    /// <summary>1 and 2 are "." and "..".</summary>
    private const ulong FirstCookie = 3;

    private const int SmallestCompaction = 32;

    private readonly Dictionary<byte[], MemoryDirectoryEntry> _byName = new(ByteStringComparer.Instance);
    private readonly List<MemoryDirectoryEntry> _inOrder = [];
    private int _removed;

    public int Count => _byName.Count;

    /// <summary>The cookie of the entry to be added next.</summary>
    public ulong NextCookie { get; private set; } = FirstCookie;

    public MemoryDirectoryEntry? Find(ReadOnlySpan<byte> name) =>
        _byName.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(name, out var entry) ? entry : null;

    public void Add(ReadOnlySpan<byte> name, MemoryNode node)
    {
        var entry = new MemoryDirectoryEntry(name.ToArray(), node, NextCookie++);
        _byName.Add(entry.Name, entry);
        _inOrder.Add(entry);
    }

    public void Remove(MemoryDirectoryEntry entry)
    {
        _byName.Remove(entry.Name);
        entry.Removed = true;
        _removed++;
        if (_removed < SmallestCompaction || _removed * 2 < _inOrder.Count)
            return;
        _inOrder.RemoveAll(item => item.Removed);
        _removed = 0;
    }

    /// <summary>The index of the first entry whose cookie is greater; for <see cref="At"/>.</summary>
    public int IndexAfter(ulong cookie)
    {
        var (low, high) = (0, _inOrder.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (_inOrder[middle].Cookie <= cookie)
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }

    /// <summary>The entry there, which may be a removed one, or null at the end.</summary>
    public MemoryDirectoryEntry? At(int index) => index < _inOrder.Count ? _inOrder[index] : null;
}
