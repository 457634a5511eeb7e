namespace CuckooDrive.Core.Volume;

/// <summary>Opening, creating and closing files.</summary>
public sealed partial class Volume
{
    private readonly Dictionary<ulong, OpenFile> _open = [];
    private ulong _nextHandle = 1;

    /// <inheritdoc/>
    public ValueTask<FsResult<OpenedFile>> OpenAsync(ulong inode, OpenOptions options, CancellationToken cancellationToken) =>
        options.HasFlag(OpenOptions.Truncate)
            ? OpenTruncatedAsync(inode, options, cancellationToken)
            : OpenWhenStoredAsync(Execute<OpenOperation, OpenedFile>(new OpenOperation(inode, options)), options);

    /// <inheritdoc/>
    public ValueTask<FsResult<CreatedFile>> CreateAsync(ulong parent, ReadOnlyMemory<byte> name, uint mode, OpenOptions options, Caller caller, CancellationToken cancellationToken)
    {
        var task = Begin<CreateOperation, CreatedFile>(new CreateOperation(parent, name, mode, options, caller));
        return task.IsCompletedSuccessfully && (!task.Result.Succeeded || IsReady(task.Result.Value, options))
            ? task : FinishCreatedAsync(task, options, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<FsResult<CreatedFile>> CreateUnnamedAsync(ulong parent, uint mode, OpenOptions options, Caller caller, CancellationToken cancellationToken) =>
        Begin<CreateUnnamedOperation, CreatedFile>(new CreateUnnamedOperation(parent, mode, options, caller));

    /// <inheritdoc/>
    public void Release(ulong inode, ulong handle)
    {
        Inode? unused;
        lock (_gate)
        {
            if (!_open.Remove(handle, out var file))
                return;
            file.Inode.OpenCount--;
            if (file.CanWrite)
                file.Inode.WriterCount--;
            // The kernel has sent all pages before it lets go of the last handle.
            if (file.Inode.OpenCount == 0)
                file.Inode.Awaited = null;
            unused = IsUnused(file.Inode) ? file.Inode : null;
        }
        if (unused is not null)
            Reap(unused);
    }

    private static FsError TakePendingError(Inode inode)
    {
        var error = inode.PendingError;
        inode.PendingError = FsError.None;
        return error;
    }

    private ulong AddHandle(Inode inode, OpenOptions options)
    {
        inode.OpenCount++;
        if (options.HasFlag(OpenOptions.Write))
            AddWriter(inode);
        _open.Add(_nextHandle, new OpenFile(inode, options));
        return _nextHandle++;
    }

    private Inode? FindOpen(ulong inode, ulong handle)
    {
        lock (_gate)
        {
            return _open.TryGetValue(handle, out var file) && file.Inode.Number == inode ? file.Inode : null;
        }
    }

    private async ValueTask<FsResult<OpenedFile>> OpenTruncatedAsync(ulong inode, OpenOptions options, CancellationToken cancellationToken)
    {
        var opened = await OpenWhenStoredAsync(Execute<OpenOperation, OpenedFile>(new OpenOperation(inode, options)), options).ConfigureAwait(false);
        if (!opened.Succeeded)
            return opened;
        var truncated = await TruncateOpenedAsync(inode, opened.Value.Handle, 0, options, cancellationToken).ConfigureAwait(false);
        return truncated.Succeeded ? opened : truncated.Error;
    }

    /// <summary>Empties a file that has just been opened. Nobody learns of the handle, or of the references, if that fails: they go.</summary>
    private async ValueTask<FsResult<Attributes>> TruncateOpenedAsync(ulong inode, ulong handle, ulong references, OpenOptions options, CancellationToken cancellationToken)
    {
        var succeeded = false;
        try
        {
            var change = new AttributeChange { Size = 0, ModifyTimeNow = true, DropPrivileges = options.HasFlag(OpenOptions.DropPrivileges) };
            var truncated = await SetAttributesAsync(inode, change, cancellationToken).ConfigureAwait(false);
            succeeded = truncated.Succeeded;
            return truncated;
        }
        finally
        {
            if (!succeeded)
            {
                Release(inode, handle);
                Forget(inode, references);
            }
        }
    }

    /// <summary>Nothing is left to be done after the create: the file is new, or was opened as it is.</summary>
    private bool IsReady(CreatedFile created, OpenOptions options) =>
        created.Entry.Attributes.Size == 0 || (!options.HasFlag(OpenOptions.Truncate) && StoringFor(created.Handle) is null);

    private async ValueTask<FsResult<CreatedFile>> FinishCreatedAsync(ValueTask<FsResult<CreatedFile>> task, OpenOptions options, CancellationToken cancellationToken)
    {
        var created = await task.ConfigureAwait(false);
        if (created.Succeeded && StoringFor(created.Value.Handle) is { } storing)
            await storing.ConfigureAwait(false);
        if (!created.Succeeded || !options.HasFlag(OpenOptions.Truncate) || created.Value.Entry.Attributes.Size == 0)
            return created;
        var number = created.Value.Entry.Attributes.Inode;
        var truncated = await TruncateOpenedAsync(number, created.Value.Handle, 1, options, cancellationToken).ConfigureAwait(false);
        return truncated.Succeeded
            ? created.Value with { Entry = created.Value.Entry with { Attributes = truncated.Value } } : truncated.Error;
    }

    private readonly record struct OpenOperation(ulong Number, OpenOptions Options) : IOperation<OpenedFile>
    {
        public FsResult<OpenedFile> Run(Volume volume, ref Miss miss)
        {
            if (volume.Find(Number, ref miss) is not { } inode)
                return FsError.Stale;
            if (inode.IsDirectory)
                return FsError.IsDirectory;
            return inode.IsRegular ? new OpenedFile(volume.AddHandle(inode, Options), KeepPageCache: true) : FsError.InvalidArgument;
        }
    }

    private readonly record struct CreateOperation(ulong Parent, ReadOnlyMemory<byte> Name, uint Mode, OpenOptions Options, Caller Caller) : IOperation<CreatedFile>
    {
        public FsResult<CreatedFile> Run(Volume volume, ref Miss miss)
        {
            if (!IsValidName(Name, out var error))
                return error;
            if (volume.FindDirectory(Parent, ref miss, out error) is not { } directory)
                return error;
            if (!volume.TryFindEntry(directory, Name, ref miss, out var entry))
                return FsError.None;
            if (directory.LinkCount == 0)
                return FsError.NotFound;
            if (entry is not null)
                return OpenExisting(volume, entry, ref miss);
            var inode = volume.NewInode(directory, (Mode & ~Inode.TypeMask) | Inode.TypeRegular, 0, Caller);
            inode.LinkCount = 1;
            volume.AddEntry(directory, Name, inode);
            inode.KernelReferences++;
            return new CreatedFile(inode.ToEntry(), volume.AddHandle(inode, Options));
        }

        private FsResult<CreatedFile> OpenExisting(Volume volume, DirectoryEntry entry, ref Miss miss)
        {
            if (Options.HasFlag(OpenOptions.Exclusive))
                return FsError.Exists;
            if (volume.Find(entry.Inode, ref miss) is not { } inode)
                return FsError.Stale;
            if (!inode.IsRegular)
                return inode.IsDirectory ? FsError.IsDirectory : FsError.Exists;
            inode.KernelReferences++;
            return new CreatedFile(inode.ToEntry(), volume.AddHandle(inode, Options));
        }
    }

    private readonly record struct CreateUnnamedOperation(ulong Parent, uint Mode, OpenOptions Options, Caller Caller) : IOperation<CreatedFile>
    {
        public FsResult<CreatedFile> Run(Volume volume, ref Miss miss)
        {
            if (volume.FindDirectory(Parent, ref miss, out var error) is not { } directory)
                return error;
            if (directory.LinkCount == 0)
                return FsError.NotFound;
            var inode = volume.NewInode(directory, (Mode & ~Inode.TypeMask) | Inode.TypeRegular, 0, Caller);
            inode.KernelReferences++;
            return new CreatedFile(inode.ToEntry(), volume.AddHandle(inode, Options));
        }
    }
}
