using CuckooDrive.Core.Volume;

namespace CuckooDrive.Testing.FileSystems;

/// <summary>Open files.</summary>
public sealed partial class MemoryFileSystem
{
    public ValueTask<FsResult<OpenedFile>> OpenAsync(ulong inode, OpenOptions options, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            var file = FileNode(inode);
            if (!file.Succeeded)
                return new(file.Error);
            OpenNode(file.Value, options);
            return new(new OpenedFile(++_lastHandle, KeepPageCache: true));
        }
    }

    public ValueTask<FsResult<CreatedFile>> CreateAsync(ulong parent, ReadOnlyMemory<byte> name, uint mode, OpenOptions options, Caller caller, CancellationToken cancellationToken)
    {
        lock (_gate)
            return new(Create(parent, name.Span, mode, options, caller));
    }

    public ValueTask<FsResult<CreatedFile>> CreateUnnamedAsync(ulong parent, uint mode, OpenOptions options, Caller caller, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            var directory = DirectoryNode(parent);
            if (!directory.Succeeded)
                return new(directory.Error);
            if (directory.Value.Attributes.LinkCount == 0)
                return new(FsError.NotFound);
            var node = NewNode(directory.Value, TypeRegular | (mode & PermissionMask), 0, caller);
            node.Attributes.LinkCount = 0;
            _nodes[node.Inode] = node;
            node.OpenHandles++;
            return new(new CreatedFile(ReferencedEntryOf(node), ++_lastHandle));
        }
    }

    public ValueTask<FsResult<int>> ReadAsync(ulong inode, ulong handle, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        var file = FileNode(inode);
        if (!file.Succeeded)
            return new(file.Error);
        var node = file.Value;
        lock (node)
        {
            var length = (int)Math.Clamp(node.Attributes.Size - offset, 0, destination.Length);
            node.Data!.Read(offset, destination.Span[..length]);
            TouchAccess(node);
            return new(length);
        }
    }

    public ValueTask<FsResult<int>> WriteAsync(ulong inode, ulong handle, long offset, ReadOnlyMemory<byte> data, WriteOptions options, CancellationToken cancellationToken)
    {
        var file = FileNode(inode);
        if (!file.Succeeded)
            return new(file.Error);
        if (data.Length > long.MaxValue - offset)
            return new(FsError.FileTooLarge);
        var node = file.Value;
        lock (node)
        {
            if (!node.Data!.TryWrite(offset, data.Span))
                return new(FsError.NoSpace);
            node.Attributes.Size = Math.Max(node.Attributes.Size, offset + data.Length);
            if ((options & WriteOptions.DropPrivileges) != 0)
                DropPrivileges(node);
            if ((options & WriteOptions.FromPageCache) == 0)
                TouchData(node);
            return new(data.Length);
        }
    }

    public void Release(ulong inode, ulong handle) => CloseHandle(inode);

    public ValueTask<FsError> SyncAsync(ulong inode, bool dataOnly, CancellationToken cancellationToken) => new(FsError.None);

    public ValueTask<FsError> AllocateAsync(ulong inode, ulong handle, long offset, long length, AllocateOptions options, CancellationToken cancellationToken)
    {
        var file = FileNode(inode);
        if (!file.Succeeded)
            return new(file.Error);
        if (offset < 0 || length <= 0)
            return new(FsError.InvalidArgument);
        if (length > long.MaxValue - offset)
            return new(FsError.FileTooLarge);
        var node = file.Value;
        lock (node)
            return new(Allocate(node, offset, length, options));
    }

    public ValueTask<FsResult<long>> SeekAsync(ulong inode, ulong handle, long offset, bool data, CancellationToken cancellationToken)
    {
        var file = FileNode(inode);
        if (!file.Succeeded)
            return new(file.Error);
        var node = file.Value;
        lock (node)
        {
            var size = node.Attributes.Size;
            if (offset < 0 || offset >= size)
                return new(FsError.NoDevice);
            if (!data)
                return new(Math.Min(node.Data!.NextHole(offset), size));
            var next = node.Data!.NextData(offset);
            return new(next < 0 || next >= size ? FsError.NoDevice : next);
        }
    }

    public ValueTask<FsResult<long>> CopyRangeAsync(ulong sourceInode, ulong sourceHandle, long sourceOffset, ulong targetInode, ulong targetHandle, long targetOffset, long length, CancellationToken cancellationToken)
    {
        var source = FileNode(sourceInode);
        var target = FileNode(targetInode);
        if (!source.Succeeded || !target.Succeeded)
            return new(source.Succeeded ? target.Error : source.Error);
        length = Math.Clamp(source.Value.Snapshot().Size - sourceOffset, 0, length);
        if (length > long.MaxValue - targetOffset)
            return new(FsError.FileTooLarge);
        if (sourceInode == targetInode && sourceOffset < targetOffset + length && targetOffset < sourceOffset + length)
            return new(FsError.InvalidArgument);
        var (first, second) = sourceInode <= targetInode ? (source.Value, target.Value) : (target.Value, source.Value);
        lock (first)
        {
            lock (second)
                return new(Copy(source.Value, sourceOffset, target.Value, targetOffset, length));
        }
    }

    /// <summary>Call under the gate.</summary>
    private FsResult<CreatedFile> Create(ulong parent, ReadOnlySpan<byte> name, uint mode, OpenOptions options, Caller caller)
    {
        var directory = CheckNewName(parent, name);
        if (directory.Error == FsError.Exists && !options.HasFlag(OpenOptions.Exclusive))
            return OpenExisting(_nodes[parent].Directory!.Find(name)!.Node, options);
        if (!directory.Succeeded)
            return directory.Error;
        var node = AddNew(directory.Value, name, NewNode(directory.Value, TypeRegular | (mode & PermissionMask), 0, caller));
        node.OpenHandles++;
        return new CreatedFile(ReferencedEntryOf(node), ++_lastHandle);
    }

    private FsResult<CreatedFile> OpenExisting(MemoryNode node, OpenOptions options)
    {
        if (node.Data is null)
            return node.IsDirectory ? FsError.IsDirectory : FsError.InvalidArgument;
        OpenNode(node, options);
        return new CreatedFile(ReferencedEntryOf(node), ++_lastHandle);
    }

    /// <summary>Call under the gate.</summary>
    private void OpenNode(MemoryNode node, OpenOptions options)
    {
        node.OpenHandles++;
        if (!options.HasFlag(OpenOptions.Truncate))
            return;
        lock (node)
        {
            Resize(node, 0);
            TouchData(node);
            if (options.HasFlag(OpenOptions.DropPrivileges))
                DropPrivileges(node);
        }
    }

    private void CloseHandle(ulong inode)
    {
        lock (_gate)
        {
            if (!_nodes.TryGetValue(inode, out var node))
                return;
            node.OpenHandles--;
            RemoveIfUnused(node);
        }
    }

    /// <summary>Call with the node locked.</summary>
    private void TouchData(MemoryNode node)
    {
        var now = Now();
        node.Attributes.ModifyTime = now;
        node.Attributes.ChangeTime = now;
    }

    /// <summary>Call with the node locked.</summary>
    private FsError Allocate(MemoryNode node, long offset, long length, AllocateOptions options)
    {
        var keepSize = options.HasFlag(AllocateOptions.KeepSize);
        switch (options & ~AllocateOptions.KeepSize)
        {
            case AllocateOptions.PunchHole when keepSize:
                node.Data!.Punch(offset, length);
                break;
            case AllocateOptions.ZeroRange:
                node.Data!.Punch(offset, length);
                if (!node.Data.TryReserve(offset, length))
                    return FsError.NoSpace;
                break;
            case AllocateOptions.None:
                if (!node.Data!.TryReserve(offset, length))
                    return FsError.NoSpace;
                break;
            default:
                return FsError.NotSupported;
        }
        if (!keepSize)
            node.Attributes.Size = Math.Max(node.Attributes.Size, offset + length);
        TouchData(node);
        return FsError.None;
    }

    /// <summary>Call with both nodes locked. Holes stay holes.</summary>
    private FsResult<long> Copy(MemoryNode source, long sourceOffset, MemoryNode target, long targetOffset, long length)
    {
        length = Math.Clamp(source.Attributes.Size - sourceOffset, 0, length);
        var shift = targetOffset - sourceOffset;
        var end = sourceOffset + length;
        var buffer = new byte[Math.Min(length, 128 * 1024)];
        for (var position = sourceOffset; position < end;)
        {
            var next = source.Data!.NextData(position);
            var dataStart = next < 0 ? end : Math.Min(next, end);
            if (dataStart > position)
                target.Data!.Punch(position + shift, dataStart - position);
            var dataEnd = dataStart < end ? Math.Min(source.Data.NextHole(dataStart), end) : end;
            for (position = dataStart; position < dataEnd;)
            {
                var part = buffer.AsSpan(0, (int)Math.Min(buffer.Length, dataEnd - position));
                source.Data.Read(position, part);
                if (!target.Data!.TryWrite(position + shift, part))
                    return FsError.NoSpace;
                position += part.Length;
            }
        }
        if (length > 0)
        {
            target.Attributes.Size = Math.Max(target.Attributes.Size, targetOffset + length);
            TouchData(target);
        }
        return length;
    }
}
