using CuckooDrive.Core.Metadata;

namespace CuckooDrive.Core.Volume;

/// <summary>Look-up, creation, links, removal.</summary>
public sealed partial class Volume
{
    /// <summary>The most links of a file, as on ext4.</summary>
    private const uint MaximumLinks = 65_000;

    private const int MaximumNameLength = 255;
    private const int MaximumLinkTarget = 4095;

    /// <inheritdoc/>
    public ValueTask<FsResult<Entry>> LookupAsync(ulong parent, ReadOnlyMemory<byte> name, CancellationToken cancellationToken) =>
        Execute<LookupOperation, Entry>(new LookupOperation(parent, name));

    /// <inheritdoc/>
    public ValueTask<FsResult<Entry>> MakeNodeAsync(ulong parent, ReadOnlyMemory<byte> name, uint mode, uint device, Caller caller, CancellationToken cancellationToken) =>
        Begin<MakeOperation, Entry>(new MakeOperation(parent, name, mode, device, default, caller));

    /// <inheritdoc/>
    public ValueTask<FsResult<Entry>> MakeDirectoryAsync(ulong parent, ReadOnlyMemory<byte> name, uint mode, Caller caller, CancellationToken cancellationToken) =>
        Begin<MakeOperation, Entry>(new MakeOperation(parent, name, (mode & ~Inode.TypeMask) | Inode.TypeDirectory, 0, default, caller));

    /// <inheritdoc/>
    public ValueTask<FsResult<Entry>> MakeSymbolicLinkAsync(ulong parent, ReadOnlyMemory<byte> name, ReadOnlyMemory<byte> target, Caller caller, CancellationToken cancellationToken) =>
        Begin<MakeOperation, Entry>(new MakeOperation(parent, name, Inode.TypeSymbolicLink | 0x1FF, 0, target, caller));

    /// <inheritdoc/>
    public ValueTask<FsResult<Entry>> LinkAsync(ulong inode, ulong newParent, ReadOnlyMemory<byte> newName, CancellationToken cancellationToken) =>
        Begin<LinkOperation, Entry>(new LinkOperation(inode, newParent, newName));

    /// <inheritdoc/>
    public ValueTask<FsError> UnlinkAsync(ulong parent, ReadOnlyMemory<byte> name, CancellationToken cancellationToken) =>
        ChangeError(new RemoveOperation(parent, name, IsDirectory: false));

    /// <inheritdoc/>
    public ValueTask<FsError> RemoveDirectoryAsync(ulong parent, ReadOnlyMemory<byte> name, CancellationToken cancellationToken) =>
        ChangeError(new RemoveOperation(parent, name, IsDirectory: true));

    /// <inheritdoc/>
    public ValueTask<FsResult<ReadOnlyMemory<byte>>> ReadLinkAsync(ulong inode, CancellationToken cancellationToken) =>
        Execute<ReadLinkOperation, ReadOnlyMemory<byte>>(new ReadLinkOperation(inode));

    /// <inheritdoc/>
    public void Forget(ulong inode, ulong count)
    {
        Inode? orphan = null;
        lock (_gate)
        {
            if (_inodes.TryGetValue(inode, out var present))
            {
                present.KernelReferences = Math.Max(0, present.KernelReferences - (long)count);
                orphan = IsUnused(present) ? present : null;
            }
            else
            {
                _spilledReferences.Subtract(inode, count);
            }
        }
        if (orphan is not null)
            Reap(orphan);
    }

    private static bool IsUnused(Inode inode) =>
        inode is { LinkCount: 0, KernelReferences: 0, OpenCount: 0, IsDeleted: false };

    private static bool IsValidName(ReadOnlyMemory<byte> name, out FsError error)
    {
        error = name.Length == 0 ? FsError.NotFound : name.Length > MaximumNameLength ? FsError.NameTooLong :
            name.Span.ContainsAny((byte)'/', (byte)0) || name.Span.SequenceEqual("."u8) || name.Span.SequenceEqual(".."u8)
                ? FsError.InvalidArgument : FsError.None;
        return error == FsError.None;
    }

    /// <summary>Makes an inode in memory; the caller links it or leaves it unnamed.</summary>
    private Inode NewInode(Inode parent, uint mode, uint device, Caller caller)
    {
        var inheritsGroup = (parent.Mode & Inode.SetGroupId) != 0;
        var inode = new Inode(_nextInode++)
        {
            Mode = inheritsGroup && (mode & Inode.TypeMask) == Inode.TypeDirectory ? mode | Inode.SetGroupId : mode,
            Uid = caller.Uid,
            Gid = inheritsGroup ? parent.Gid : caller.Gid,
            Device = device,
        };
        _nextInodeChanged = true;
        inode.AccessTime = inode.ModifyTime = inode.ChangeTime = inode.BirthTime = Now;
        _inodes.Add(inode.Number, inode);
        MarkChanged(inode);
        return inode;
    }

    /// <summary>Adds a name that is known to be absent; the caller sets the link counts.</summary>
    private void AddEntry(Inode directory, ReadOnlyMemory<byte> name, Inode child)
    {
        var hash = new byte[Format.NameHasher.HashLength];
        _nameHasher.Compute(directory.Number, name.Span, hash);
        var entry = new DirectoryEntry(name.ToArray(), hash, child.Number, (byte)(child.Type >> 12));
        NodeOf(directory).Add(entry);
        PutEntryRow(directory, entry);
        directory.EntryCount++;
        TouchDirectory(directory);
    }

    private void PutEntryRow(Inode directory, DirectoryEntry entry)
    {
        Span<byte> key = stackalloc byte[MetadataKey.MaximumLength];
        VolumeRecords.WriteEntry(_record, entry);
        _pending.Put(MetadataKey.DirectoryEntry(key, directory.Number, entry.Hash), _record.Written);
    }

    private void RemoveEntry(Inode directory, DirectoryEntry entry)
    {
        Span<byte> key = stackalloc byte[MetadataKey.MaximumLength];
        var node = NodeOf(directory);
        if (node.Remove(entry) is { } marker)
            _removalMarkers.Add((node, marker));
        _pending.Delete(MetadataKey.DirectoryEntry(key, directory.Number, entry.Hash));
        directory.EntryCount--;
        TouchDirectory(directory);
    }

    /// <summary>Lets an existing name stand for another inode.</summary>
    private void ReplaceEntry(Inode directory, DirectoryEntry entry, Inode child)
    {
        entry.Inode = child.Number;
        entry.Type = (byte)(child.Type >> 12);
        PutEntryRow(directory, entry);
        if (_dirtyData.Contains(child))
            _replacing.Add(child);
        TouchDirectory(directory);
    }

    private void TouchDirectory(Inode directory)
    {
        directory.ModifyTime = directory.ChangeTime = Now;
        MarkChanged(directory);
    }

    /// <summary>A name of the inode is gone. One without links is removed once nobody uses it.</summary>
    private void DropLink(Inode inode, Inode parent)
    {
        if (inode.IsDirectory)
        {
            inode.LinkCount = 0;
            parent.LinkCount--;
        }
        else
        {
            inode.LinkCount--;
        }
        inode.ChangeTime = Now;
        MarkChanged(inode);
        if (IsUnused(inode))
            _reaper.Writer.TryWrite(inode);
    }

    private readonly record struct LookupOperation(ulong Parent, ReadOnlyMemory<byte> Name) : IOperation<Entry>
    {
        public FsResult<Entry> Run(Volume volume, ref Miss miss)
        {
            if (Name.Length > MaximumNameLength)
                return FsError.NameTooLong;
            if (volume.FindDirectory(Parent, ref miss, out var error) is not { } directory)
                return error;
            if (!volume.TryFindEntry(directory, Name, ref miss, out var entry) || entry is null)
                return FsError.NotFound;
            if (volume.Find(entry.Inode, ref miss) is not { } inode)
                return FsError.Stale;
            inode.KernelReferences++;
            return inode.ToEntry();
        }
    }

    private readonly record struct MakeOperation(ulong Parent, ReadOnlyMemory<byte> Name, uint Mode, uint Device, ReadOnlyMemory<byte> Target, Caller Caller) : IOperation<Entry>
    {
        public FsResult<Entry> Run(Volume volume, ref Miss miss)
        {
            if (!IsValidName(Name, out var error))
                return error;
            if (Target.Length > MaximumLinkTarget)
                return FsError.NameTooLong;
            if (volume.FindDirectory(Parent, ref miss, out error) is not { } directory)
                return error;
            if (!volume.TryFindEntry(directory, Name, ref miss, out var entry))
                return FsError.None;
            if (entry is not null)
                return FsError.Exists;
            if (directory.LinkCount == 0)
                return FsError.NotFound;
            var inode = volume.NewInode(directory, Mode, Device, Caller);
            inode.LinkCount = 1;
            if (inode.IsSymbolicLink)
                inode.LinkTarget = Target.ToArray();
            if (inode.IsDirectory)
            {
                inode.LinkCount = 2;
                inode.Parent = directory.Number;
                inode.Directory = new DirectoryNode(isComplete: true);
                directory.LinkCount++;
            }
            volume.AddEntry(directory, Name, inode);
            inode.KernelReferences++;
            return inode.ToEntry();
        }
    }

    private readonly record struct LinkOperation(ulong Number, ulong Parent, ReadOnlyMemory<byte> Name) : IOperation<Entry>
    {
        public FsResult<Entry> Run(Volume volume, ref Miss miss)
        {
            if (!IsValidName(Name, out var error))
                return error;
            if (volume.Find(Number, ref miss) is not { } inode)
                return FsError.Stale;
            if (inode.IsDirectory)
                return FsError.NotPermitted;
            if (volume.FindDirectory(Parent, ref miss, out error) is not { } directory)
                return error;
            if (!volume.TryFindEntry(directory, Name, ref miss, out var entry))
                return FsError.None;
            if (entry is not null)
                return FsError.Exists;
            if (directory.LinkCount == 0)
                return FsError.NotFound;
            if (inode.LinkCount >= MaximumLinks)
                return FsError.TooManyLinks;
            inode.LinkCount++;
            inode.ChangeTime = volume.Now;
            volume.MarkChanged(inode);
            volume.AddEntry(directory, Name, inode);
            inode.KernelReferences++;
            return inode.ToEntry();
        }
    }

    private readonly record struct RemoveOperation(ulong Parent, ReadOnlyMemory<byte> Name, bool IsDirectory) : IOperation<bool>
    {
        public FsResult<bool> Run(Volume volume, ref Miss miss)
        {
            if (volume.FindDirectory(Parent, ref miss, out var error) is not { } directory)
                return error;
            if (!volume.TryFindEntry(directory, Name, ref miss, out var entry) || entry is null)
                return FsError.NotFound;
            if (volume.Find(entry.Inode, ref miss) is not { } inode)
                return FsError.Stale;
            if (IsDirectory && !inode.IsDirectory)
                return FsError.NotDirectory;
            if (!IsDirectory && inode.IsDirectory)
                return FsError.IsDirectory;
            if (IsDirectory && inode.EntryCount > 0)
                return FsError.NotEmpty;
            volume.RemoveEntry(directory, entry);
            volume.DropLink(inode, directory);
            return true;
        }
    }

    private readonly record struct ReadLinkOperation(ulong Number) : IOperation<ReadOnlyMemory<byte>>
    {
        public FsResult<ReadOnlyMemory<byte>> Run(Volume volume, ref Miss miss)
        {
            if (volume.Find(Number, ref miss) is not { } inode)
                return FsError.Stale;
            return inode.IsSymbolicLink ? new FsResult<ReadOnlyMemory<byte>>(inode.LinkTarget!) : FsError.InvalidArgument;
        }
    }
}
