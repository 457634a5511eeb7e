using System.Collections.Concurrent;
using CuckooDrive.Core.Volume;

namespace CuckooDrive.Testing.FileSystems;

/// <summary>
/// A complete file system in memory: the reference that the drive's volume is compared with, and the floor of the
/// benchmarks (what the kernel adapter costs by itself). Behaves as ext4 does where POSIX leaves room.
/// </summary>
/// <remarks>
/// Thread safe; completes every call synchronously. One gate guards names, links and references; each inode has its own
/// lock for attributes and data, taken after the gate. Where two inodes are locked, the lower number goes first.
/// </remarks>
public sealed partial class MemoryFileSystem : IFileSystem
{
    /// <summary>ext4's limit for files; directories count their subdirectories without a limit.</summary>
    public const uint LinkMaximum = 65_000;

    public const int NameMaximum = 255;

    public const long DefaultCapacity = 16L << 30;

    private const uint TypeMask = 0xF000;
    private const uint TypeFifo = 0x1000;
    private const uint TypeCharacter = 0x2000;
    private const uint TypeDirectory = 0x4000;
    private const uint TypeBlock = 0x6000;
    private const uint TypeRegular = 0x8000;
    private const uint TypeSymbolicLink = 0xA000;
    private const uint TypeSocket = 0xC000;
    private const uint SetUserId = 0x800;
    private const uint SetGroupId = 0x400;
    private const uint GroupExecute = 0x8;
    private const uint PermissionMask = 0xFFF;

    /// <summary>relatime: an access time older than this is renewed in any case.</summary>
    private const long AccessTimeAge = 86_400;

    private readonly ConcurrentDictionary<ulong, MemoryNode> _nodes = new();
    private readonly Lock _gate = new();
    private readonly MemorySpace _space;
    private readonly TimeProvider _time;
    private readonly MemoryNode _root;
    private ulong _lastInode = IFileSystem.RootInode;
    private ulong _lastHandle;

    /// <param name="time">Stamps changes.</param>
    /// <param name="capacity">Bytes, counted in pages of 4 KiB.</param>
    /// <param name="owner">Owner of the root directory, mode 0755.</param>
    public MemoryFileSystem(TimeProvider time, long capacity = DefaultCapacity, Caller owner = default)
    {
        _time = time;
        _space = new MemorySpace(capacity / MemoryData.PageSize);
        _root = new MemoryNode { Directory = new MemoryDirectory() };
        _root.Parent = _root;
        _root.References = 1;
        var now = Now();
        _root.Attributes = new Attributes
        {
            Inode = IFileSystem.RootInode,
            Mode = TypeDirectory | 0x1ED,
            LinkCount = 2,
            Uid = owner.Uid,
            Gid = owner.Gid,
            Size = MemoryData.PageSize,
            Blocks = MemoryData.PageSize / 512,
            AccessTime = now,
            ModifyTime = now,
            ChangeTime = now,
            BirthTime = now,
        };
        _nodes[IFileSystem.RootInode] = _root;
    }

    /// <summary>Inodes that exist, for tests that look for leaks.</summary>
    public int InodeCount => _nodes.Count;

    private Timestamp Now() => Timestamp.Now(_time);

    private FsResult<MemoryNode> Node(ulong inode) =>
        _nodes.TryGetValue(inode, out var node) ? node : FsError.Stale;

    /// <summary>Call under the gate.</summary>
    private FsResult<MemoryNode> DirectoryNode(ulong inode)
    {
        if (!_nodes.TryGetValue(inode, out var node))
            return FsError.Stale;
        return node.IsDirectory ? node : FsError.NotDirectory;
    }

    private FsResult<MemoryNode> FileNode(ulong inode)
    {
        if (!_nodes.TryGetValue(inode, out var node))
            return FsError.Stale;
        if (node.Data is not null)
            return node;
        return node.IsDirectory ? FsError.IsDirectory : FsError.InvalidArgument;
    }

    /// <summary>Call under the gate whenever links, references or handles of a node went down.</summary>
    private void RemoveIfUnused(MemoryNode node)
    {
        if (!node.IsUnused || !_nodes.TryRemove(node.Inode, out _))
            return;
        lock (node)
            node.Data?.Truncate(0);
    }

    private static Entry EntryOf(MemoryNode node) => new() { Attributes = node.Snapshot(), Generation = node.Generation };

    /// <summary>Call under the gate. The kernel gets a reference.</summary>
    private static Entry ReferencedEntryOf(MemoryNode node)
    {
        node.References++;
        return EntryOf(node);
    }

    private static void TouchDirectory(MemoryNode directory, Timestamp now)
    {
        lock (directory)
        {
            directory.Attributes.ModifyTime = now;
            directory.Attributes.ChangeTime = now;
        }
    }

    private static void ChangeLinks(MemoryNode node, int by, Timestamp now)
    {
        lock (node)
        {
            node.Attributes.LinkCount = (uint)(node.Attributes.LinkCount + by);
            node.Attributes.ChangeTime = now;
        }
    }

    /// <summary>Call with the node locked.</summary>
    private static void DropPrivileges(MemoryNode node)
    {
        var mode = node.Attributes.Mode & ~SetUserId;
        if ((mode & GroupExecute) != 0)
            mode &= ~SetGroupId;
        node.Attributes.Mode = mode;
        node.ExtendedAttributes?.Remove(FileCapabilities);
    }

    /// <summary>Call with the node locked.</summary>
    private void TouchAccess(MemoryNode node)
    {
        ref var attributes = ref node.Attributes;
        var now = Now();
        if (attributes.AccessTime.CompareTo(attributes.ModifyTime) <= 0
            || attributes.AccessTime.CompareTo(attributes.ChangeTime) <= 0
            || now.Seconds - attributes.AccessTime.Seconds >= AccessTimeAge)
        {
            attributes.AccessTime = now;
        }
    }
}
