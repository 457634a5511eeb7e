using CuckooDrive.Core.Metadata;

namespace CuckooDrive.Core.Volume;

/// <summary>Attributes, statistics and extended attributes.</summary>
public sealed partial class Volume
{
    private const int MaximumAttributeValue = 65_536;

    private static ReadOnlySpan<byte> CapabilityAttribute => "security.capability"u8;

    /// <inheritdoc/>
    public ValueTask<FsResult<Attributes>> GetAttributesAsync(ulong inode, CancellationToken cancellationToken) =>
        Execute<GetAttributesOperation, Attributes>(new GetAttributesOperation(inode));

    /// <inheritdoc/>
    public ValueTask<FsResult<Attributes>> SetAttributesAsync(ulong inode, AttributeChange change, CancellationToken cancellationToken) =>
        change.Size is { } size
            ? ResizeAndSetAsync(inode, change, size)
            : Change<SetAttributesOperation, Attributes>(new SetAttributesOperation(inode, change));

    /// <inheritdoc/>
    public ValueTask<FsResult<FileSystemStatistics>> GetStatisticsAsync(CancellationToken cancellationToken)
    {
        const uint BlockSize = 4096;
        const long FileLimit = 1L << 32;
        var space = _chunks.GetSpace();
        return new(new FileSystemStatistics(BlockSize, space.Total / BlockSize, space.Free / BlockSize, FileLimit, FileLimit - (long)Math.Min(_nextInode, FileLimit / 2), MaximumNameLength));
    }

    /// <inheritdoc/>
    public ValueTask<FsResult<ReadOnlyMemory<byte>>> GetExtendedAttributeAsync(ulong inode, ReadOnlyMemory<byte> name, CancellationToken cancellationToken) =>
        Execute<GetExtendedAttributeOperation, ReadOnlyMemory<byte>>(new GetExtendedAttributeOperation(inode, name));

    /// <inheritdoc/>
    public ValueTask<FsResult<ReadOnlyMemory<byte>>> ListExtendedAttributesAsync(ulong inode, CancellationToken cancellationToken) =>
        Execute<ListExtendedAttributesOperation, ReadOnlyMemory<byte>>(new ListExtendedAttributesOperation(inode));

    /// <inheritdoc/>
    public ValueTask<FsError> SetExtendedAttributeAsync(ulong inode, ReadOnlyMemory<byte> name, ReadOnlyMemory<byte> value, ExtendedAttributeOptions options, CancellationToken cancellationToken) =>
        ChangeError(new SetExtendedAttributeOperation(inode, name, value, options));

    /// <inheritdoc/>
    public ValueTask<FsError> RemoveExtendedAttributeAsync(ulong inode, ReadOnlyMemory<byte> name, CancellationToken cancellationToken) =>
        ChangeError(new RemoveExtendedAttributeOperation(inode, name));

    /// <summary>
    /// What a write, a truncation or a change of owner does to privileges: set-user-id goes, set-group-id where the group may
    /// execute, and the file's capabilities.
    /// </summary>
    private static uint WithoutPrivileges(uint mode)
    {
        mode &= ~Inode.SetUserId;
        return (mode & Inode.GroupExecute) != 0 ? mode & ~Inode.SetGroupId : mode;
    }

    private FsError CheckAttributeName(ReadOnlyMemory<byte> name) =>
        name.Length == 0 ? FsError.InvalidArgument :
        name.Length > MaximumNameLength ? FsError.Range :
        name.Span.StartsWith("user."u8) || name.Span.StartsWith("trusted."u8) || name.Span.StartsWith("security."u8)
            ? FsError.None : FsError.NotSupported;

    private bool TryGetExtendedAttributes(Inode inode, ref Miss miss)
    {
        if (inode.ExtendedAttributeCount == 0)
            inode.ExtendedAttributes ??= new SortedDictionary<byte[], byte[]>(NameComparer.Instance);
        if (inode.ExtendedAttributes is not null)
            return true;
        miss = new Miss { Kind = MissKind.ExtendedAttributes, Inode = inode.Number };
        return false;
    }

    private void PutExtendedAttribute(Inode inode, byte[] name, byte[] value)
    {
        inode.ExtendedAttributes![name] = value;
        VolumeRecords.WriteExtendedAttribute(_record, name, value);
        _pending.Put(AttributeKey(stackalloc byte[MetadataKey.MaximumLength], inode.Number, name), _record.Written);
        ExtendedAttributesChanged(inode);
    }

    private void DeleteExtendedAttribute(Inode inode, byte[] name)
    {
        inode.ExtendedAttributes!.Remove(name);
        _pending.Delete(AttributeKey(stackalloc byte[MetadataKey.MaximumLength], inode.Number, name));
        ExtendedAttributesChanged(inode);
    }

    private void ExtendedAttributesChanged(Inode inode)
    {
        inode.ExtendedAttributeCount = inode.ExtendedAttributes!.Count;
        inode.ChangeTime = Now;
        MarkChanged(inode);
    }

    /// <summary>Scratch space, guarded by the gate.</summary>
    private readonly byte[] _hash = new byte[Format.NameHasher.HashLength];

    private ReadOnlySpan<byte> AttributeKey(Span<byte> target, ulong inode, ReadOnlySpan<byte> name)
    {
        _nameHasher.Compute(inode, name, _hash);
        return MetadataKey.ExtendedAttribute(target, inode, _hash);
    }

    /// <summary>False on a miss. Capabilities of a file do not survive a change of its content or owner.</summary>
    private bool TryDropCapabilities(Inode inode, ref Miss miss)
    {
        if (inode.ExtendedAttributeCount == 0)
            return true;
        if (!TryGetExtendedAttributes(inode, ref miss))
            return false;
        var name = CapabilityAttribute.ToArray();
        if (inode.ExtendedAttributes!.ContainsKey(name))
            DeleteExtendedAttribute(inode, name);
        return true;
    }

    private readonly record struct GetAttributesOperation(ulong Number) : IOperation<Attributes>
    {
        public FsResult<Attributes> Run(Volume volume, ref Miss miss) =>
            volume.Find(Number, ref miss) is { } inode ? inode.ToAttributes() : FsError.Stale;
    }

    private readonly record struct SetAttributesOperation(ulong Number, AttributeChange Change) : IOperation<Attributes>
    {
        public FsResult<Attributes> Run(Volume volume, ref Miss miss)
        {
            if (volume.Find(Number, ref miss) is not { } inode)
                return FsError.Stale;
            var changesOwner = Change.Uid is not null || Change.Gid is not null;
            if ((changesOwner || Change.DropPrivileges) && inode.IsRegular && !volume.TryDropCapabilities(inode, ref miss))
                return FsError.None;
            var now = volume.Now;
            if (Change.Mode is { } mode)
                inode.Mode = inode.Type | (mode & ~Inode.TypeMask);
            inode.Uid = Change.Uid ?? inode.Uid;
            inode.Gid = Change.Gid ?? inode.Gid;
            if (Change.DropPrivileges && !inode.IsDirectory)
                inode.Mode = WithoutPrivileges(inode.Mode);
            inode.AccessTime = Change.AccessTimeNow ? now : Change.AccessTime ?? inode.AccessTime;
            inode.ModifyTime = Change.ModifyTimeNow ? now : Change.ModifyTime ?? inode.ModifyTime;
            inode.ChangeTime = Change.ChangeTime ?? now;
            volume.MarkChanged(inode);
            return inode.ToAttributes();
        }
    }

    private readonly record struct GetExtendedAttributeOperation(ulong Number, ReadOnlyMemory<byte> Name) : IOperation<ReadOnlyMemory<byte>>
    {
        public FsResult<ReadOnlyMemory<byte>> Run(Volume volume, ref Miss miss)
        {
            var error = volume.CheckAttributeName(Name);
            if (error != FsError.None)
                return error;
            if (volume.Find(Number, ref miss) is not { } inode)
                return FsError.Stale;
            if (inode.ExtendedAttributeCount == 0)
                return FsError.NoData;
            if (!volume.TryGetExtendedAttributes(inode, ref miss))
                return FsError.None;
            return inode.ExtendedAttributes!.TryGetValue(Name.ToArray(), out var value)
                ? new FsResult<ReadOnlyMemory<byte>>(value) : FsError.NoData;
        }
    }

    private readonly record struct ListExtendedAttributesOperation(ulong Number) : IOperation<ReadOnlyMemory<byte>>
    {
        public FsResult<ReadOnlyMemory<byte>> Run(Volume volume, ref Miss miss)
        {
            if (volume.Find(Number, ref miss) is not { } inode)
                return FsError.Stale;
            if (inode.ExtendedAttributeCount == 0)
                return ReadOnlyMemory<byte>.Empty;
            if (!volume.TryGetExtendedAttributes(inode, ref miss))
                return FsError.None;
            var list = new List<byte>();
            foreach (var name in inode.ExtendedAttributes!.Keys)
            {
                list.AddRange(name);
                list.Add(0);
            }
            return new ReadOnlyMemory<byte>(list.ToArray());
        }
    }

    private readonly record struct SetExtendedAttributeOperation(ulong Number, ReadOnlyMemory<byte> Name, ReadOnlyMemory<byte> Value, ExtendedAttributeOptions Options) : IOperation<bool>
    {
        public FsResult<bool> Run(Volume volume, ref Miss miss)
        {
            var error = volume.CheckAttributeName(Name);
            if (error != FsError.None)
                return error;
            if (Value.Length > MaximumAttributeValue)
                return FsError.ArgumentTooBig;
            if (volume.Find(Number, ref miss) is not { } inode)
                return FsError.Stale;
            if (!inode.IsRegular && !inode.IsDirectory && Name.Span.StartsWith("user."u8))
                return FsError.NotPermitted;
            if (!volume.TryGetExtendedAttributes(inode, ref miss))
                return FsError.None;
            var name = Name.ToArray();
            var exists = inode.ExtendedAttributes!.ContainsKey(name);
            if (exists && Options.HasFlag(ExtendedAttributeOptions.Create))
                return FsError.Exists;
            if (!exists && Options.HasFlag(ExtendedAttributeOptions.Replace))
                return FsError.NoData;
            volume.PutExtendedAttribute(inode, name, Value.ToArray());
            return true;
        }
    }

    private readonly record struct RemoveExtendedAttributeOperation(ulong Number, ReadOnlyMemory<byte> Name) : IOperation<bool>
    {
        public FsResult<bool> Run(Volume volume, ref Miss miss)
        {
            var error = volume.CheckAttributeName(Name);
            if (error != FsError.None)
                return error;
            if (volume.Find(Number, ref miss) is not { } inode)
                return FsError.Stale;
            if (!volume.TryGetExtendedAttributes(inode, ref miss))
                return FsError.None;
            var name = Name.ToArray();
            if (!inode.ExtendedAttributes!.ContainsKey(name))
                return FsError.NoData;
            volume.DeleteExtendedAttribute(inode, name);
            return true;
        }
    }
}
