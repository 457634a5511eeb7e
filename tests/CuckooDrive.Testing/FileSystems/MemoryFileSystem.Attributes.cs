using CuckooDrive.Core.Volume;

namespace CuckooDrive.Testing.FileSystems;

/// <summary>Attributes, link targets, extended attributes and statistics.</summary>
public sealed partial class MemoryFileSystem
{
    private const int ExtendedAttributeMaximum = 65_536;

    private static readonly byte[] FileCapabilities = "security.capability"u8.ToArray();

    public ValueTask<FsResult<Attributes>> GetAttributesAsync(ulong inode, CancellationToken cancellationToken)
    {
        var node = Node(inode);
        return new(node.Succeeded ? node.Value.Snapshot() : node.Error);
    }

    public ValueTask<FsResult<Attributes>> SetAttributesAsync(ulong inode, AttributeChange change, CancellationToken cancellationToken)
    {
        var found = Node(inode);
        if (!found.Succeeded)
            return new(found.Error);
        var node = found.Value;
        lock (node)
        {
            var error = Apply(node, change);
            if (error != FsError.None)
                return new(error);
        }
        return new(node.Snapshot());
    }

    public ValueTask<FsResult<ReadOnlyMemory<byte>>> ReadLinkAsync(ulong inode, CancellationToken cancellationToken)
    {
        var node = Node(inode);
        if (!node.Succeeded)
            return new(node.Error);
        return new(node.Value.Target is { } target ? (ReadOnlyMemory<byte>)target : FsError.InvalidArgument);
    }

    public ValueTask<FsResult<FileSystemStatistics>> GetStatisticsAsync(CancellationToken cancellationToken)
    {
        const long MostFiles = 1L << 32;
        return new(new FileSystemStatistics(
            MemoryData.PageSize, _space.CapacityPages, _space.FreePages, MostFiles, MostFiles - _nodes.Count, NameMaximum));
    }

    public ValueTask<FsResult<ReadOnlyMemory<byte>>> GetExtendedAttributeAsync(ulong inode, ReadOnlyMemory<byte> name, CancellationToken cancellationToken)
    {
        var node = Node(inode);
        if (!node.Succeeded)
            return new(node.Error);
        lock (node.Value)
        {
            if (node.Value.ExtendedAttributes is { } attributes
                && attributes.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(name.Span, out var value))
            {
                return new((ReadOnlyMemory<byte>)value);
            }
            return new(FsError.NoData);
        }
    }

    public ValueTask<FsError> SetExtendedAttributeAsync(ulong inode, ReadOnlyMemory<byte> name, ReadOnlyMemory<byte> value, ExtendedAttributeOptions options, CancellationToken cancellationToken)
    {
        var node = Node(inode);
        if (!node.Succeeded)
            return new(node.Error);
        if (name.Length is 0 or > NameMaximum)
            return new(FsError.Range);
        if (value.Length > ExtendedAttributeMaximum)
            return new(FsError.ArgumentTooBig);
        lock (node.Value)
        {
            var attributes = node.Value.ExtendedAttributes ??= new(ByteStringComparer.Instance);
            var exists = attributes.GetAlternateLookup<ReadOnlySpan<byte>>().ContainsKey(name.Span);
            if (exists && options.HasFlag(ExtendedAttributeOptions.Create))
                return new(FsError.Exists);
            if (!exists && options.HasFlag(ExtendedAttributeOptions.Replace))
                return new(FsError.NoData);
            attributes.GetAlternateLookup<ReadOnlySpan<byte>>()[name.Span] = value.ToArray();
            node.Value.Attributes.ChangeTime = Now();
            return new(FsError.None);
        }
    }

    public ValueTask<FsResult<ReadOnlyMemory<byte>>> ListExtendedAttributesAsync(ulong inode, CancellationToken cancellationToken)
    {
        var node = Node(inode);
        if (!node.Succeeded)
            return new(node.Error);
        lock (node.Value)
        {
            if (node.Value.ExtendedAttributes is not { Count: > 0 } attributes)
                return new(ReadOnlyMemory<byte>.Empty);
            var list = new byte[attributes.Keys.Sum(name => name.Length + 1)];
            var length = 0;
            foreach (var name in attributes.Keys)
            {
                name.CopyTo(list, length);
                length += name.Length + 1;
            }
            return new((ReadOnlyMemory<byte>)list);
        }
    }

    public ValueTask<FsError> RemoveExtendedAttributeAsync(ulong inode, ReadOnlyMemory<byte> name, CancellationToken cancellationToken)
    {
        var node = Node(inode);
        if (!node.Succeeded)
            return new(node.Error);
        lock (node.Value)
        {
            if (node.Value.ExtendedAttributes is not { } attributes
                || !attributes.GetAlternateLookup<ReadOnlySpan<byte>>().Remove(name.Span))
            {
                return new(FsError.NoData);
            }
            node.Value.Attributes.ChangeTime = Now();
            return new(FsError.None);
        }
    }

    /// <summary>Call with the node locked.</summary>
    private FsError Apply(MemoryNode node, in AttributeChange change)
    {
        ref var attributes = ref node.Attributes;
        var now = Now();
        if (change.Size is { } size)
        {
            if (node.Data is null)
                return node.IsDirectory ? FsError.IsDirectory : FsError.InvalidArgument;
            if (size < 0)
                return FsError.InvalidArgument;
            Resize(node, size);
            attributes.ModifyTime = now;
        }
        if (change.Mode is { } mode)
            attributes.Mode = (attributes.Mode & TypeMask) | (mode & PermissionMask);
        if (change.DropPrivileges)
            DropPrivileges(node);
        attributes.Uid = change.Uid ?? attributes.Uid;
        attributes.Gid = change.Gid ?? attributes.Gid;
        attributes.AccessTime = change.AccessTimeNow ? now : change.AccessTime ?? attributes.AccessTime;
        attributes.ModifyTime = change.ModifyTimeNow ? now : change.ModifyTime ?? attributes.ModifyTime;
        attributes.ChangeTime = change.ChangeTime ?? now;
        return FsError.None;
    }

    /// <summary>Call with the node locked.</summary>
    private static void Resize(MemoryNode node, long size)
    {
        if (size <= node.Attributes.Size)
            node.Data!.Truncate(size);
        node.Attributes.Size = size;
    }
}
