using CuckooDrive.Core.Metadata;
using Microsoft.Extensions.Logging;

namespace CuckooDrive.Core.Volume;

/// <summary>The inode table: what is in memory, what is loaded on demand, what may be forgotten.</summary>
public sealed partial class Volume
{
    private const string NextInodeSetting = "next-inode";

    /// <summary>An inode with more regions in memory than this (4 GiB of file) forgets them when inodes are evicted.</summary>
    private const int RegionsOfOne = 4096;

    /// <summary>Directories of at most this many entries are loaded with all their inodes.</summary>
    private const int WholeDirectory = 512;

    private readonly Dictionary<ulong, Inode> _inodes = [];

    /// <summary>Kernel references of inodes that are not in memory.</summary>
    private readonly ReferenceTable _spilledReferences = new();

    private readonly List<Inode> _changed = [];
    private ulong _nextInode;
    private bool _nextInodeChanged;

    /// <summary>
    /// Counts completed commits and evictions. A row read from the store is put into memory only if this has not moved
    /// since before the read: else the row may be older than a change that came, was committed and left memory meanwhile.
    /// </summary>
    private long _loadEpoch;

    /// <summary>About how many directory entries are in memory: counted as directories are read, set right by eviction.</summary>
    private long _residentEntries;

    private long _evictAbove;

    /// <summary>How many regions are in memory of files that have rows for them: counted as they come, set right when they are forgotten.</summary>
    private long _residentRegions;

    /// <summary>A batch has been collected and is not committed yet.</summary>
    private bool _isCommitting;

    private Inode? Find(ulong number, ref Miss miss)
    {
        if (_inodes.TryGetValue(number, out var inode))
        {
            inode.IsRecent = true;
            return inode.IsDeleted ? null : inode;
        }
        miss = new Miss { Kind = MissKind.Inode, Inode = number };
        return null;
    }

    /// <summary>Finds a directory; the error tells why not when there is no miss.</summary>
    private Inode? FindDirectory(ulong number, ref Miss miss, out FsError error)
    {
        var inode = Find(number, ref miss);
        error = inode is null ? FsError.Stale : inode.IsDirectory ? FsError.None : FsError.NotDirectory;
        return error == FsError.None ? inode : null;
    }

    /// <summary>False on a miss; else <paramref name="entry"/> is the entry or null when there is none.</summary>
    /// <remarks>
    /// A small directory is loaded whole, while there is room: whoever looks up one of its names asks for others next.
    /// </remarks>
    private bool TryFindEntry(Inode directory, ReadOnlyMemory<byte> name, ref Miss miss, out DirectoryEntry? entry)
    {
        if (NodeOf(directory).TryFind(name.Span, out entry))
            return true;
        miss = IsLoadedWhole(directory)
            ? new Miss { Kind = MissKind.DirectoryAndInodes, Inode = directory.Number }
            : new Miss { Kind = MissKind.Entry, Inode = directory.Number, Name = name };
        return false;
    }

    private bool IsLoadedWhole(Inode directory) =>
        directory.EntryCount <= WholeDirectory && _inodes.Count + WholeDirectory <= _options.InodeCacheLimit;

    private static DirectoryNode NodeOf(Inode directory) =>
        directory.Directory ??= new DirectoryNode(isComplete: directory.EntryCount == 0 && !directory.IsChanged);

    private void MarkChanged(Inode inode)
    {
        _changes++;
        if (inode.IsChanged)
            return;
        inode.IsChanged = true;
        inode.IsAccessed = false;
        _changed.Add(inode);
        if (_changed.Count == _options.ChangedInodeLimit / 2)
            Signal();
    }

    private Task<bool> LoadAsync(Miss miss) => Task.Run(() => Load(miss));

    /// <summary>Brings what is missing into memory. False when the inode does not exist.</summary>
    private bool Load(Miss miss) => miss.Kind switch
    {
        MissKind.Inode => LoadInode(miss.Inode),
        MissKind.Entry => LoadEntry(miss.Inode, miss.Name),
        MissKind.Directory => LoadDirectory(miss.Inode),
        MissKind.DirectoryAndInodes => LoadDirectory(miss.Inode) && LoadInodesAfter(miss.Inode, 0),
        MissKind.InodesAfter => LoadInodesAfter(miss.Inode, (ulong)miss.Region),
        MissKind.Region => LoadRegion(miss.Inode, miss.Region),
        MissKind.RegionsFrom => LoadRegionsFrom(miss.Inode, miss.Region),
        MissKind.ExtendedAttributes => LoadExtendedAttributes(miss.Inode),
        _ => throw new InvalidOperationException(),
    };

    /// <summary>
    /// Reads rows without the gate and takes them over under it; again when the epoch moved, at last with the gate held.
    /// </summary>
    private bool LoadRows<T>(ulong number, Func<T> read, Func<Inode?, T, bool> take)
    {
        for (var attempt = 0; ; attempt++)
        {
            if (attempt == 4)
            {
                lock (_gate)
                    return take(_inodes.GetValueOrDefault(number), read());
            }
            var epoch = Interlocked.Read(ref _loadEpoch);
            var rows = read();
            lock (_gate)
            {
                if (epoch == _loadEpoch)
                {
                    var taken = take(_inodes.GetValueOrDefault(number), rows);
                    EvictIfLarge();
                    return taken;
                }
            }
        }
    }

    private bool LoadInode(ulong number) => LoadRows(
        number,
        () => ReadInodeRow(number),
        (present, loaded) => present is not null || AddLoadedInode(loaded));

    private Inode? ReadInodeRow(ulong number) =>
        _store.Get(MetadataKey.Inode(stackalloc byte[MetadataKey.MaximumLength], number)) is { } row ? VolumeRecords.ReadInode(number, row) : null;

    private bool AddLoadedInode(Inode? loaded)
    {
        if (loaded is null)
            return false;
        if (!_inodes.TryAdd(loaded.Number, loaded))
            return true;
        loaded.KernelReferences = _spilledReferences.Take(loaded.Number);
        loaded.IsStored = true;
        return true;
    }

    private bool LoadEntry(ulong parent, ReadOnlyMemory<byte> name)
    {
        var hash = new byte[16];
        _nameHasher.Compute(parent, name.Span, hash);
        return LoadRows(
            parent,
            () => _store.Get(MetadataKey.DirectoryEntry(stackalloc byte[MetadataKey.MaximumLength], parent, hash)) is { } row ? VolumeRecords.ReadEntry(hash, row) : null,
            (directory, loaded) =>
            {
                if (directory is null || NodeOf(directory).TryFind(name.Span, out _))
                    return true;
                if (loaded is null)
                    NodeOf(directory).AddAbsent(name.ToArray(), hash);
                else
                    NodeOf(directory).Add(loaded);
                return true;
            });
    }

    private bool LoadDirectory(ulong number) => LoadRows(
        number,
        () => ReadDirectoryRows(number),
        (directory, entries) =>
        {
            if (directory is not null && !NodeOf(directory).IsComplete)
            {
                NodeOf(directory).Complete(entries);
                _residentEntries += entries.Count;
            }
            return true;
        });

    private List<DirectoryEntry> ReadDirectoryRows(ulong number)
    {
        var entries = new List<DirectoryEntry>();
        Span<byte> from = stackalloc byte[MetadataKey.MaximumLength];
        Span<byte> to = stackalloc byte[MetadataKey.MaximumLength];
        _store.Scan(MetadataKey.DirectoryEntries(from, number), MetadataKey.DirectoryEntries(to, number + 1), (key, value) =>
        {
            entries.Add(VolumeRecords.ReadEntry(key[9..], value));
            return true;
        });
        return entries;
    }

    /// <summary>
    /// The inodes of a window of entries, for listings with attributes. Entries that have none, as after damage to the store, are
    /// marked: a listing would else ask for them again and again.
    /// </summary>
    private bool LoadInodesAfter(ulong directory, ulong cookie)
    {
        const int Window = 2048;
        var missing = new List<ulong>();
        lock (_gate)
        {
            var entries = _inodes.GetValueOrDefault(directory)?.Directory?.Ordered() ?? [];
            for (var i = DirectoryNode.FindAfter(entries, cookie); i < entries.Count && missing.Count < Window; i++)
            {
                if (!entries[i].IsRemoved && !_inodes.ContainsKey(entries[i].Inode))
                    missing.Add(entries[i].Inode);
            }
        }
        return LoadRows(
            directory,
            () => ReadInodeRows(missing),
            (present, loaded) =>
            {
                foreach (var inode in loaded)
                    AddLoadedInode(inode);
                if (present?.Directory is { } node)
                    MarkLost(node, missing);
                return true;
            });
    }

    /// <summary>
    /// Under the gate, with the rows of these inodes just taken over: an entry that is still there and has no inode now is not
    /// being removed, since an inode stays in memory until the commit that deletes its row, and its entry goes before.
    /// </summary>
    private void MarkLost(DirectoryNode node, List<ulong> read)
    {
        var absent = read.Where(number => !_inodes.ContainsKey(number)).ToHashSet();
        if (absent.Count == 0)
            return;
        foreach (var entry in node.Ordered().Where(entry => !entry.IsRemoved && !entry.IsLost && absent.Contains(entry.Inode)))
        {
            entry.IsLost = true;
            _log.LogError("A directory has an entry for inode {Inode}, which does not exist: the drive's local state is damaged.", entry.Inode);
        }
    }

    /// <summary>Inodes that were made together have numbers close together: one scan then costs less than many look-ups.</summary>
    private List<Inode?> ReadInodeRows(List<ulong> numbers)
    {
        const ulong Sparse = 4;
        var (lowest, highest) = (ulong.MaxValue, ulong.MinValue);
        foreach (var number in numbers)
            (lowest, highest) = (Math.Min(lowest, number), Math.Max(highest, number));
        if (numbers.Count < 8 || highest - lowest > (ulong)numbers.Count * Sparse)
            return numbers.ConvertAll(ReadInodeRow);
        var wanted = numbers.ToHashSet();
        var found = new List<Inode?>(numbers.Count);
        Span<byte> from = stackalloc byte[MetadataKey.MaximumLength];
        Span<byte> to = stackalloc byte[MetadataKey.MaximumLength];
        _store.Scan(MetadataKey.Inode(from, lowest), MetadataKey.Inode(to, highest + 1), (key, value) =>
        {
            var number = System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(key[1..]);
            if (wanted.Contains(number))
                found.Add(VolumeRecords.ReadInode(number, value));
            return true;
        });
        return found;
    }

    /// <summary>A region and its neighbours: one scan costs little more than one row, and random reads come by all of them.</summary>
    private bool LoadRegion(ulong number, long region)
    {
        const long Neighbours = 16;
        var first = region & ~(Neighbours - 1);
        return LoadRows(
            number,
            () => ReadRegionRows(number, first, first + Neighbours),
            (inode, loaded) =>
            {
                if (inode is null)
                    return true;
                var stored = loaded.ToDictionary();
                var before = inode.Extents.ResidentCount;
                for (var each = first; each < first + Neighbours; each++)
                {
                    if (!inode.Extents.IsResident(each))
                        inode.Extents.AddLoaded(each, stored.GetValueOrDefault(each) ?? new Region());
                }
                CountRegions(inode, before);
                return true;
            });
    }

    private bool LoadRegionsFrom(ulong number, long region) => LoadRows(
        number,
        () => ReadRegionRows(number, region, null),
        (inode, loaded) =>
        {
            if (inode is null)
                return true;
            var before = inode.Extents.ResidentCount;
            foreach (var (regionNumber, rows) in loaded)
                inode.Extents.AddLoaded(regionNumber, rows);
            inode.Extents.SetCompleteFrom(region);
            CountRegions(inode, before);
            return true;
        });

    private List<(long Number, Region Region)> ReadRegionRows(ulong number, long first, long? end)
    {
        var regions = new List<(long, Region)>();
        Span<byte> from = stackalloc byte[MetadataKey.MaximumLength];
        Span<byte> to = stackalloc byte[MetadataKey.MaximumLength];
        _store.Scan(MetadataKey.Extents(from, number, (ulong)first), end is { } limit ? MetadataKey.Extents(to, number, (ulong)limit) : MetadataKey.Extents(to, number + 1, 0), (key, value) =>
        {
            regions.Add(((long)System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(key[9..]), VolumeRecords.ReadRegion(value)));
            return true;
        });
        return regions;
    }

    private bool LoadExtendedAttributes(ulong number) => LoadRows(
        number,
        () => ReadExtendedAttributeRows(number),
        (inode, loaded) =>
        {
            if (inode is not null)
                inode.ExtendedAttributes ??= loaded;
            return true;
        });

    private SortedDictionary<byte[], byte[]> ReadExtendedAttributeRows(ulong number)
    {
        var attributes = new SortedDictionary<byte[], byte[]>(NameComparer.Instance);
        Span<byte> from = stackalloc byte[MetadataKey.MaximumLength];
        Span<byte> to = stackalloc byte[MetadataKey.MaximumLength];
        _store.Scan(MetadataKey.ExtendedAttributes(from, number), MetadataKey.ExtendedAttributes(to, number + 1), (_, value) =>
        {
            var (name, content) = VolumeRecords.ReadExtendedAttribute(value);
            attributes.Add(name, content);
            return true;
        });
        return attributes;
    }

    /// <summary>
    /// Forgets inodes that nobody uses and that are as the store has them. Under the gate; not between the collection of a
    /// batch and its commit, when the store is still behind what was collected.
    /// </summary>
    private void EvictIfLarge()
    {
        if (_isCommitting || _inodes.Count + _residentEntries / 4 <= Math.Max(_options.InodeCacheLimit, _evictAbove))
            return;
        _loadEpoch++;
        _residentEntries = 0;
        // A dictionary may lose entries while it is enumerated.
        foreach (var inode in _inodes.Values)
        {
            if (inode.IsRecent || !IsEvictable(inode))
            {
                inode.IsRecent = false;
                _residentEntries += inode.Directory?.Count ?? 0;
                if (inode.Extents.ResidentCount > RegionsOfOne)
                    inode.Extents.TrimResident();
                continue;
            }
            _spilledReferences.Add(inode.Number, inode.KernelReferences);
            _inodes.Remove(inode.Number);
        }
        // What could not go now is not looked at again for each inode that comes.
        _evictAbove = _inodes.Count + _residentEntries / 4 + _options.InodeCacheLimit / 8;
    }

    private void CountRegions(Inode inode, int before)
    {
        if (inode.Extents.HasRows)
            _residentRegions += inode.Extents.ResidentCount - before;
    }

    /// <summary>
    /// Forgets regions when there are too many: a few large files have more of them than all inodes together. Under the gate, by the
    /// committer only: whoever has just loaded some would else lose them before it can use them.
    /// </summary>
    private void TrimRegionsIfLarge()
    {
        if (_isCommitting || _residentRegions <= _options.RegionCacheLimit)
            return;
        _loadEpoch++;
        _residentRegions = 0;
        foreach (var inode in _inodes.Values)
        {
            inode.Extents.TrimResident();
            CountRegions(inode, 0);
        }
    }

    /// <summary>One whose dirty data has all been cut is marked as changed by the next flush: another object for it may have changed by then.</summary>
    private bool IsEvictable(Inode inode) =>
        inode is { IsChanged: false, IsAccessed: false, OpenCount: 0, LinkCount: > 0, IsDeleted: false, Number: not IFileSystem.RootInode } &&
        inode.Dirty is null or { IsEmpty: true } && !_dirtyData.Contains(inode);
}
