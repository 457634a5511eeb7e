using System.Buffers.Binary;
using System.Runtime.InteropServices;
using CuckooDrive.Core.Chunks;
using CuckooDrive.Core.Metadata;

namespace CuckooDrive.Core.Volume;

/// <summary>
/// Checks the committed rows of a volume against each other: every entry names an inode, every inode has as many links as
/// entries, every row belongs to an inode, extents lie where they may. Also counts how often each chunk is referred to.
/// Works on the store alone, so on a drive that is not mounted or between two commits; changes nothing.
/// </summary>
public sealed class VolumeChecker
{
    private readonly IMetadataStore _store;
    private readonly Dictionary<ulong, Node> _nodes = [];
    private readonly Dictionary<ChunkRef, int> _references = [];
    private readonly HashSet<ulong> _orphans = [];
    private readonly List<string> _problems = [];

    private VolumeChecker(IMetadataStore store) => _store = store;

    /// <summary>One sentence each.</summary>
    public IReadOnlyList<string> Problems => _problems;

    /// <summary>How many extents refer to each chunk.</summary>
    public IReadOnlyDictionary<ChunkRef, int> References => _references;

    public long InodeCount => _nodes.Count;

    public static VolumeChecker Run(IMetadataStore store)
    {
        var checker = new VolumeChecker(store);
        checker.Visit(MetadataKey.TypeInode, checker.AddInode);
        checker.Visit(MetadataKey.TypeOrphan, (key, _) => checker._orphans.Add(Number(key)));
        checker.Visit(MetadataKey.TypeDirectoryEntry, checker.AddEntry);
        checker.Visit(MetadataKey.TypeExtents, checker.AddRegion);
        checker.Visit(MetadataKey.TypeExtendedAttribute, checker.AddAttribute);
        checker.CompareCounts();
        return checker;
    }

    private static ulong Number(ReadOnlySpan<byte> key) => BinaryPrimitives.ReadUInt64BigEndian(key[1..]);

    private delegate void Visitor(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value);

    private void Visit(byte type, Visitor visit)
    {
        ReadOnlySpan<byte> from = [type], to = [(byte)(type + 1)];
        _store.Scan(from, to, (key, value) =>
        {
            try
            {
                visit(key, value);
            }
            catch (InvalidDataException exception)
            {
                _problems.Add($"Row {Convert.ToHexString(key)}: {exception.Message}");
            }
            return true;
        });
    }

    private void AddInode(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        var inode = VolumeRecords.ReadInode(Number(key), value);
        var node = new Node
        {
            IsDirectory = inode.IsDirectory,
            LinkCount = inode.LinkCount,
            EntryCount = inode.EntryCount,
            AttributeCount = inode.ExtendedAttributeCount,
            MappedBytes = inode.Extents.MappedBytes,
            Parent = inode.Parent,
        };
        foreach (var (_, region) in inode.Extents.Regions)
            AddExtents(ref node, region);
        _nodes.Add(inode.Number, node);
    }

    private void AddRegion(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        ref var node = ref CollectionsMarshal.GetValueRefOrNullRef(_nodes, Number(key));
        if (System.Runtime.CompilerServices.Unsafe.IsNullRef(ref node))
        {
            _problems.Add($"Extents belong to inode {Number(key)}, which does not exist.");
            return;
        }
        AddExtents(ref node, VolumeRecords.ReadRegion(value));
    }

    private void AddExtents(ref Node node, Region region)
    {
        foreach (var extent in region.Extents)
        {
            node.FoundBytes += extent.Length;
            CollectionsMarshal.GetValueRefOrAddDefault(_references, extent.Chunk, out _)++;
        }
    }

    private void AddEntry(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        var entry = VolumeRecords.ReadEntry(key[9..], value);
        var parent = Number(key);
        ref var directory = ref CollectionsMarshal.GetValueRefOrNullRef(_nodes, parent);
        if (System.Runtime.CompilerServices.Unsafe.IsNullRef(ref directory) || !directory.IsDirectory)
            _problems.Add($"An entry lies in inode {parent}, which is no directory.");
        else
            directory.FoundEntries++;
        ref var child = ref CollectionsMarshal.GetValueRefOrNullRef(_nodes, entry.Inode);
        if (System.Runtime.CompilerServices.Unsafe.IsNullRef(ref child))
        {
            _problems.Add($"An entry of directory {parent} names inode {entry.Inode}, which does not exist.");
            return;
        }
        child.FoundLinks++;
        if (!child.IsDirectory)
            return;
        if (child.Parent != parent)
            _problems.Add($"Directory {entry.Inode} lies in {parent} but records {child.Parent} as its parent.");
        ref var above = ref CollectionsMarshal.GetValueRefOrNullRef(_nodes, parent);
        if (!System.Runtime.CompilerServices.Unsafe.IsNullRef(ref above))
            above.FoundDirectories++;
    }

    private void AddAttribute(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        VolumeRecords.ReadExtendedAttribute(value);
        ref var node = ref CollectionsMarshal.GetValueRefOrNullRef(_nodes, Number(key));
        if (System.Runtime.CompilerServices.Unsafe.IsNullRef(ref node))
            _problems.Add($"An extended attribute belongs to inode {Number(key)}, which does not exist.");
        else
            node.FoundAttributes++;
    }

    private void CompareCounts()
    {
        foreach (var (number, node) in _nodes)
        {
            var isRoot = number == IFileSystem.RootInode;
            var links = node.IsDirectory ? node.FoundLinks + (isRoot ? 2 : node.FoundLinks) + node.FoundDirectories : node.FoundLinks;
            if (links != node.LinkCount)
                _problems.Add($"Inode {number} records {node.LinkCount} links and has {links}.");
            if (node.IsDirectory && !isRoot && node.FoundLinks > 1)
                _problems.Add($"Directory {number} has {node.FoundLinks} names.");
            if (node.LinkCount == 0 && !_orphans.Contains(number))
                _problems.Add($"Inode {number} has no name and is not recorded as removed.");
            if (node.EntryCount != node.FoundEntries)
                _problems.Add($"Directory {number} records {node.EntryCount} entries and has {node.FoundEntries}.");
            if (node.AttributeCount != node.FoundAttributes)
                _problems.Add($"Inode {number} records {node.AttributeCount} extended attributes and has {node.FoundAttributes}.");
            if (node.MappedBytes != node.FoundBytes)
                _problems.Add($"Inode {number} records {node.MappedBytes} bytes of extents and has {node.FoundBytes}.");
        }
    }

    private struct Node
    {
        public bool IsDirectory;
        public uint LinkCount;
        public uint FoundLinks;
        public uint FoundDirectories;
        public long EntryCount;
        public long FoundEntries;
        public int AttributeCount;
        public int FoundAttributes;
        public long MappedBytes;
        public long FoundBytes;
        public ulong Parent;
    }
}
