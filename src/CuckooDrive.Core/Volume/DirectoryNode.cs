using System.Diagnostics.CodeAnalysis;
using System.IO.Hashing;

namespace CuckooDrive.Core.Volume;

/// <summary>A name in a directory.</summary>
internal sealed class DirectoryEntry(byte[] name, byte[] hash, ulong inode, byte type)
{
    public byte[] Name { get; } = name;

    /// <summary>Keyed hash of the name, 16 bytes: the key of the row.</summary>
    public byte[] Hash { get; } = hash;

    /// <summary>0 when the name is known not to exist.</summary>
    public ulong Inode { get; set; } = inode;

    /// <summary>The type bits of the mode, shifted right by 12 (DT_*).</summary>
    public byte Type { get; set; } = type;

    public bool IsRemoved { get; set; }

    /// <summary>The store has no such inode: it is damaged. The name is listed, a look-up of it fails.</summary>
    public bool IsLost { get; set; }

    /// <summary>Position in the directory: stable for the life of the name. Values 0 to 2 are kept for start, "." and "..".</summary>
    public ulong Cookie { get; } = Math.Max((System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(hash) >> 1), 3);
}

/// <summary>
/// The entries of a directory that are in memory: all of them when <see cref="IsComplete"/>, else what was looked up.
/// Guarded by the volume's gate.
/// </summary>
internal sealed class DirectoryNode(bool isComplete)
{
    /// <summary>How many names known to be absent are kept in a directory that is not complete.</summary>
    private const int NegativeLimit = 1024;

    private readonly Dictionary<byte[], DirectoryEntry> _entries = new(NameComparer.Instance);
    private List<DirectoryEntry>? _ordered;
    private int _unorderedAdds;
    private int _negatives;

    public bool IsComplete { get; private set; } = isComplete;

    public int Count => _entries.Count;

    /// <summary>False when it must be looked up in the store; a known absence gives true and null.</summary>
    public bool TryFind(ReadOnlySpan<byte> name, out DirectoryEntry? entry)
    {
        if (_entries.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(name, out entry))
        {
            if (entry.Inode == 0)
                entry = null;
            return true;
        }
        entry = null;
        return IsComplete;
    }

    public void Add(DirectoryEntry entry)
    {
        if (_entries.Remove(entry.Name, out var old) && old.Inode == 0)
            _negatives--;
        _entries.Add(entry.Name, entry);
        if (_ordered is not null)
        {
            _ordered.Add(entry);
            _unorderedAdds++;
        }
    }

    /// <summary>Remembers that a name does not exist, in a directory that is not complete.</summary>
    public void AddAbsent(byte[] name, byte[] hash)
    {
        if (IsComplete || _entries.ContainsKey(name))
            return;
        if (_negatives >= NegativeLimit)
            ForgetAbsent(static entry => !entry.IsRemoved);
        _entries.Add(name, new DirectoryEntry(name, hash, 0, 0));
        _negatives++;
    }

    /// <summary>
    /// Removes an entry. In a directory that is not complete a marker takes its place, to be given to
    /// <see cref="ForgetMarker"/> once the commit that deletes the row is done: until then the store still holds the row,
    /// and a look-up must not find it there.
    /// </summary>
    public DirectoryEntry? Remove(DirectoryEntry entry)
    {
        entry.IsRemoved = true;
        _entries.Remove(entry.Name);
        if (IsComplete)
            return null;
        var marker = new DirectoryEntry(entry.Name, entry.Hash, 0, 0) { IsRemoved = true };
        _entries.Add(entry.Name, marker);
        _negatives++;
        return marker;
    }

    public void ForgetMarker(DirectoryEntry marker)
    {
        if (_entries.TryGetValue(marker.Name, out var present) && ReferenceEquals(present, marker))
        {
            _entries.Remove(marker.Name);
            _negatives--;
        }
    }

    /// <summary>Adds what the store holds and is neither in memory nor removed; from now on the directory is complete.</summary>
    public void Complete(List<DirectoryEntry> stored)
    {
        foreach (var entry in stored)
            _entries.TryAdd(entry.Name, entry);
        // What was ordered before, when a listing met an eviction, lacks them.
        TrimOrder();
        IsComplete = true;
        ForgetAbsent(static entry => !entry.IsRemoved);
    }

    private void ForgetAbsent(Func<DirectoryEntry, bool> which)
    {
        if (_negatives == 0)
            return;
        foreach (var absent in _entries.Values.Where(e => e.Inode == 0 && which(e)).ToArray())
        {
            _entries.Remove(absent.Name);
            _negatives--;
        }
    }

    /// <summary>
    /// All entries in cookie order, with removed ones among them (skip those). The list stays valid until the next add.
    /// </summary>
    public List<DirectoryEntry> Ordered()
    {
        if (_ordered is null || _ordered.Count > 2 * _entries.Count + 64)
        {
            _ordered = [.. _entries.Values.Where(e => e.Inode != 0)];
            _unorderedAdds = 1;
        }
        if (_unorderedAdds > 0)
        {
            _ordered.Sort(static (a, b) => a.Cookie != b.Cookie ? a.Cookie.CompareTo(b.Cookie) : a.Hash.AsSpan().SequenceCompareTo(b.Hash));
            _unorderedAdds = 0;
        }
        return _ordered;
    }

    /// <summary>The inodes of the directories in it, in cookie order.</summary>
    public List<ulong> Subdirectories()
    {
        var found = new List<ulong>();
        foreach (var entry in Ordered())
        {
            if (!entry.IsRemoved && entry.Type == Inode.TypeDirectory >> 12)
                found.Add(entry.Inode);
        }
        return found;
    }

    /// <summary>Index in <see cref="Ordered"/> of the first entry behind a cookie.</summary>
    public static int FindAfter(List<DirectoryEntry> ordered, ulong cookie)
    {
        int low = 0, high = ordered.Count;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (ordered[middle].Cookie <= cookie)
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }

    /// <summary>Forgets the order kept for reading, which costs memory.</summary>
    public void TrimOrder() => _ordered = null;
}

/// <summary>Names as bytes, found by span without an allocation.</summary>
internal sealed class NameComparer : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>, IComparer<byte[]>
{
    // A seed of this process: names chosen to collide elsewhere do not collide here.
    private static readonly long Seed = BitConverter.ToInt64(System.Security.Cryptography.RandomNumberGenerator.GetBytes(8));

    public static NameComparer Instance { get; } = new();

    public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

    public int GetHashCode([DisallowNull] byte[] name) => GetHashCode(name.AsSpan());

    public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

    public int GetHashCode(ReadOnlySpan<byte> name) => (int)XxHash3.HashToUInt64(name, Seed);

    public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();

    public int Compare(byte[]? x, byte[]? y) => x.AsSpan().SequenceCompareTo(y);
}
