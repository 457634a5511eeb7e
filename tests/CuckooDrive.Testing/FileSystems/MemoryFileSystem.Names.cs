using CuckooDrive.Core.Volume;

namespace CuckooDrive.Testing.FileSystems;

/// <summary>Look-up, creation and removal of names.</summary>
public sealed partial class MemoryFileSystem
{
    private const int TargetMaximum = 4095;

    public ValueTask<FsResult<Entry>> LookupAsync(ulong parent, ReadOnlyMemory<byte> name, CancellationToken cancellationToken) =>
        new(Lookup(parent, name.Span));

    public void Forget(ulong inode, ulong count)
    {
        lock (_gate)
        {
            if (!_nodes.TryGetValue(inode, out var node) || node == _root)
                return;
            if (node.References < count)
                throw new InvalidOperationException($"Inode {inode} has {node.References} references, {count} are given back.");
            node.References -= count;
            RemoveIfUnused(node);
        }
    }

    public ValueTask<FsResult<Entry>> MakeNodeAsync(ulong parent, ReadOnlyMemory<byte> name, uint mode, uint device, Caller caller, CancellationToken cancellationToken) =>
        new(MakeNode(parent, name.Span, mode, device, caller));

    public ValueTask<FsResult<Entry>> MakeDirectoryAsync(ulong parent, ReadOnlyMemory<byte> name, uint mode, Caller caller, CancellationToken cancellationToken) =>
        new(Add(parent, name.Span, directory => NewNode(directory, TypeDirectory | (mode & PermissionMask), 0, caller)));

    public ValueTask<FsResult<Entry>> MakeSymbolicLinkAsync(ulong parent, ReadOnlyMemory<byte> name, ReadOnlyMemory<byte> target, Caller caller, CancellationToken cancellationToken)
    {
        if (target.Length > TargetMaximum)
            return new(FsError.NameTooLong);
        return new(Add(parent, name.Span, directory => NewNode(directory, TypeSymbolicLink | 0x1FF, 0, caller, target.ToArray())));
    }

    public ValueTask<FsResult<Entry>> LinkAsync(ulong inode, ulong newParent, ReadOnlyMemory<byte> newName, CancellationToken cancellationToken) =>
        new(Link(inode, newParent, newName.Span));

    public ValueTask<FsError> UnlinkAsync(ulong parent, ReadOnlyMemory<byte> name, CancellationToken cancellationToken) =>
        new(Remove(parent, name.Span, isDirectory: false));

    public ValueTask<FsError> RemoveDirectoryAsync(ulong parent, ReadOnlyMemory<byte> name, CancellationToken cancellationToken) =>
        new(Remove(parent, name.Span, isDirectory: true));

    private FsResult<Entry> Lookup(ulong parent, ReadOnlySpan<byte> name)
    {
        if (name.Length > NameMaximum)
            return FsError.NameTooLong;
        lock (_gate)
        {
            var directory = DirectoryNode(parent);
            if (!directory.Succeeded)
                return directory.Error;
            return directory.Value.Directory!.Find(name) is { } entry ? ReferencedEntryOf(entry.Node) : FsError.NotFound;
        }
    }

    private FsResult<Entry> MakeNode(ulong parent, ReadOnlySpan<byte> name, uint mode, uint device, Caller caller)
    {
        var type = mode & TypeMask;
        if (type is not (TypeRegular or TypeFifo or TypeSocket or TypeCharacter or TypeBlock))
            return FsError.InvalidArgument;
        var number = type is TypeCharacter or TypeBlock ? device : 0;
        return Add(parent, name, directory => NewNode(directory, type | (mode & PermissionMask), number, caller));
    }

    private FsResult<Entry> Link(ulong inode, ulong newParent, ReadOnlySpan<byte> newName)
    {
        lock (_gate)
        {
            var source = Node(inode);
            if (!source.Succeeded)
                return source.Error;
            var node = source.Value;
            if (node.IsDirectory)
                return FsError.NotPermitted;
            if (node.Attributes.LinkCount >= LinkMaximum)
                return FsError.TooManyLinks;
            var check = CheckNewName(newParent, newName);
            if (!check.Succeeded)
                return check.Error;
            var now = Now();
            check.Value.Directory!.Add(newName, node);
            TouchDirectory(check.Value, now);
            ChangeLinks(node, 1, now);
            return ReferencedEntryOf(node);
        }
    }

    private FsError Remove(ulong parent, ReadOnlySpan<byte> name, bool isDirectory)
    {
        lock (_gate)
        {
            var directory = DirectoryNode(parent);
            if (!directory.Succeeded)
                return directory.Error;
            if (directory.Value.Directory!.Find(name) is not { } entry)
                return name.Length > NameMaximum ? FsError.NameTooLong : FsError.NotFound;
            if (entry.Node.IsDirectory != isDirectory)
                return isDirectory ? FsError.NotDirectory : FsError.IsDirectory;
            if (isDirectory && entry.Node.Directory!.Count > 0)
                return FsError.NotEmpty;
            RemoveEntry(directory.Value, entry, Now());
            return FsError.None;
        }
    }

    /// <summary>Call under the gate. A directory must be empty.</summary>
    private void RemoveEntry(MemoryNode directory, MemoryDirectoryEntry entry, Timestamp now)
    {
        directory.Directory!.Remove(entry);
        TouchDirectory(directory, now);
        Unlinked(directory, entry.Node, now);
    }

    /// <summary>Call under the gate: a name of the node is gone.</summary>
    private void Unlinked(MemoryNode directory, MemoryNode node, Timestamp now)
    {
        if (node.IsDirectory)
        {
            ChangeLinks(directory, -1, now);
            ChangeLinks(node, -2, now);
        }
        else
        {
            ChangeLinks(node, -1, now);
        }
        RemoveIfUnused(node);
    }

    private FsResult<Entry> Add(ulong parent, ReadOnlySpan<byte> name, Func<MemoryNode, MemoryNode> create)
    {
        lock (_gate)
        {
            var directory = CheckNewName(parent, name);
            if (!directory.Succeeded)
                return directory.Error;
            return ReferencedEntryOf(AddNew(directory.Value, name, create(directory.Value)));
        }
    }

    /// <summary>Call under the gate with a name that <see cref="CheckNewName"/> found free.</summary>
    private MemoryNode AddNew(MemoryNode directory, ReadOnlySpan<byte> name, MemoryNode node)
    {
        var now = node.Attributes.ChangeTime;
        directory.Directory!.Add(name, node);
        _nodes[node.Inode] = node;
        TouchDirectory(directory, now);
        if (node.IsDirectory)
            ChangeLinks(directory, 1, now);
        return node;
    }

    /// <summary>Call under the gate. The directory, if the name may be made in it.</summary>
    private FsResult<MemoryNode> CheckNewName(ulong parent, ReadOnlySpan<byte> name)
    {
        if (name.Length > NameMaximum)
            return FsError.NameTooLong;
        var directory = DirectoryNode(parent);
        if (!directory.Succeeded)
            return directory;
        if (directory.Value.Attributes.LinkCount == 0)
            return FsError.NotFound;
        return directory.Value.Directory!.Find(name) is null ? directory : FsError.Exists;
    }

    /// <summary>Call under the gate. Not yet in any directory nor in the table of inodes.</summary>
    private MemoryNode NewNode(MemoryNode directory, uint mode, uint device, Caller caller, byte[]? target = null)
    {
        var type = mode & TypeMask;
        var now = Now();
        var inherits = (directory.Attributes.Mode & SetGroupId) != 0;
        if (inherits && type == TypeDirectory)
            mode |= SetGroupId;
        var isDirectory = type == TypeDirectory;
        return new MemoryNode
        {
            Generation = 0,
            Directory = isDirectory ? new MemoryDirectory() : null,
            Parent = isDirectory ? directory : null,
            Data = type == TypeRegular ? new MemoryData(_space) : null,
            Target = target,
            Attributes = new Attributes
            {
                Inode = ++_lastInode,
                Mode = mode,
                LinkCount = isDirectory ? 2U : 1U,
                Uid = caller.Uid,
                Gid = inherits ? directory.Attributes.Gid : caller.Gid,
                Device = device,
                Size = isDirectory ? MemoryData.PageSize : target?.Length ?? 0,
                Blocks = isDirectory ? MemoryData.PageSize / 512 : 0,
                AccessTime = now,
                ModifyTime = now,
                ChangeTime = now,
                BirthTime = now,
            },
        };
    }
}
