using CuckooDrive.Core.Volume;

namespace CuckooDrive.Core.Drives;

/// <summary>
/// The file system of a drive with cloud durability: fsync returns when data and metadata are on enough clouds to survive
/// the promised loss. Everything else passes through.
/// </summary>
internal sealed class CloudDurableFileSystem(IFileSystem inner, Func<ulong, CancellationToken, Task> ship) : IFileSystem, IKernelCacheUser
{
    public IKernelCache? KernelCache
    {
        get => (inner as IKernelCacheUser)?.KernelCache;
        set
        {
            if (inner is IKernelCacheUser user)
                user.KernelCache = value;
        }
    }

    public async ValueTask<FsError> SyncAsync(ulong inode, bool dataOnly, CancellationToken cancellationToken)
    {
        var error = await inner.SyncAsync(inode, dataOnly, cancellationToken).ConfigureAwait(false);
        if (error != FsError.None)
            return error;
        try
        {
            await ship(inode, cancellationToken).ConfigureAwait(false);
            return FsError.None;
        }
        catch (Exception exception) when (exception is FencedException or IOException)
        {
            return FsError.Io;
        }
    }

    public ValueTask<FsResult<Entry>> LookupAsync(ulong parent, ReadOnlyMemory<byte> name, CancellationToken cancellationToken) =>
        inner.LookupAsync(parent, name, cancellationToken);

    public void Forget(ulong inode, ulong count) => inner.Forget(inode, count);

    public ValueTask<FsResult<Attributes>> GetAttributesAsync(ulong inode, CancellationToken cancellationToken) =>
        inner.GetAttributesAsync(inode, cancellationToken);

    public ValueTask<FsResult<Attributes>> SetAttributesAsync(ulong inode, AttributeChange change, CancellationToken cancellationToken) =>
        inner.SetAttributesAsync(inode, change, cancellationToken);

    public ValueTask<FsResult<ReadOnlyMemory<byte>>> ReadLinkAsync(ulong inode, CancellationToken cancellationToken) =>
        inner.ReadLinkAsync(inode, cancellationToken);

    public ValueTask<FsResult<Entry>> MakeNodeAsync(ulong parent, ReadOnlyMemory<byte> name, uint mode, uint device, Caller caller, CancellationToken cancellationToken) =>
        inner.MakeNodeAsync(parent, name, mode, device, caller, cancellationToken);

    public ValueTask<FsResult<Entry>> MakeDirectoryAsync(ulong parent, ReadOnlyMemory<byte> name, uint mode, Caller caller, CancellationToken cancellationToken) =>
        inner.MakeDirectoryAsync(parent, name, mode, caller, cancellationToken);

    public ValueTask<FsResult<Entry>> MakeSymbolicLinkAsync(ulong parent, ReadOnlyMemory<byte> name, ReadOnlyMemory<byte> target, Caller caller, CancellationToken cancellationToken) =>
        inner.MakeSymbolicLinkAsync(parent, name, target, caller, cancellationToken);

    public ValueTask<FsResult<Entry>> LinkAsync(ulong inode, ulong newParent, ReadOnlyMemory<byte> newName, CancellationToken cancellationToken) =>
        inner.LinkAsync(inode, newParent, newName, cancellationToken);

    public ValueTask<FsError> UnlinkAsync(ulong parent, ReadOnlyMemory<byte> name, CancellationToken cancellationToken) =>
        inner.UnlinkAsync(parent, name, cancellationToken);

    public ValueTask<FsError> RemoveDirectoryAsync(ulong parent, ReadOnlyMemory<byte> name, CancellationToken cancellationToken) =>
        inner.RemoveDirectoryAsync(parent, name, cancellationToken);

    public ValueTask<FsError> RenameAsync(ulong parent, ReadOnlyMemory<byte> name, ulong newParent, ReadOnlyMemory<byte> newName, RenameOptions options, CancellationToken cancellationToken) =>
        inner.RenameAsync(parent, name, newParent, newName, options, cancellationToken);

    public ValueTask<FsResult<OpenedFile>> OpenAsync(ulong inode, OpenOptions options, CancellationToken cancellationToken) =>
        inner.OpenAsync(inode, options, cancellationToken);

    public ValueTask<FsResult<CreatedFile>> CreateAsync(ulong parent, ReadOnlyMemory<byte> name, uint mode, OpenOptions options, Caller caller, CancellationToken cancellationToken) =>
        inner.CreateAsync(parent, name, mode, options, caller, cancellationToken);

    public ValueTask<FsResult<CreatedFile>> CreateUnnamedAsync(ulong parent, uint mode, OpenOptions options, Caller caller, CancellationToken cancellationToken) =>
        inner.CreateUnnamedAsync(parent, mode, options, caller, cancellationToken);

    public ValueTask<FsResult<int>> ReadAsync(ulong inode, ulong handle, long offset, Memory<byte> destination, CancellationToken cancellationToken) =>
        inner.ReadAsync(inode, handle, offset, destination, cancellationToken);

    public ValueTask<FsResult<int>> WriteAsync(ulong inode, ulong handle, long offset, ReadOnlyMemory<byte> data, WriteOptions options, CancellationToken cancellationToken) =>
        inner.WriteAsync(inode, handle, offset, data, options, cancellationToken);

    public void Release(ulong inode, ulong handle) => inner.Release(inode, handle);

    public ValueTask<FsError> AllocateAsync(ulong inode, ulong handle, long offset, long length, AllocateOptions options, CancellationToken cancellationToken) =>
        inner.AllocateAsync(inode, handle, offset, length, options, cancellationToken);

    public ValueTask<FsResult<long>> SeekAsync(ulong inode, ulong handle, long offset, bool data, CancellationToken cancellationToken) =>
        inner.SeekAsync(inode, handle, offset, data, cancellationToken);

    public ValueTask<FsResult<long>> CopyRangeAsync(ulong sourceInode, ulong sourceHandle, long sourceOffset, ulong targetInode, ulong targetHandle, long targetOffset, long length, CancellationToken cancellationToken) =>
        inner.CopyRangeAsync(sourceInode, sourceHandle, sourceOffset, targetInode, targetHandle, targetOffset, length, cancellationToken);

    public ValueTask<FsResult<ulong>> OpenDirectoryAsync(ulong inode, CancellationToken cancellationToken) =>
        inner.OpenDirectoryAsync(inode, cancellationToken);

    public ValueTask<FsError> ReadDirectoryAsync(ulong inode, ulong handle, ulong cookie, bool plus, IDirectorySink sink, CancellationToken cancellationToken) =>
        inner.ReadDirectoryAsync(inode, handle, cookie, plus, sink, cancellationToken);

    public void ReleaseDirectory(ulong inode, ulong handle) => inner.ReleaseDirectory(inode, handle);

    public ValueTask<FsResult<FileSystemStatistics>> GetStatisticsAsync(CancellationToken cancellationToken) =>
        inner.GetStatisticsAsync(cancellationToken);

    public ValueTask<FsResult<ReadOnlyMemory<byte>>> GetExtendedAttributeAsync(ulong inode, ReadOnlyMemory<byte> name, CancellationToken cancellationToken) =>
        inner.GetExtendedAttributeAsync(inode, name, cancellationToken);

    public ValueTask<FsError> SetExtendedAttributeAsync(ulong inode, ReadOnlyMemory<byte> name, ReadOnlyMemory<byte> value, ExtendedAttributeOptions options, CancellationToken cancellationToken) =>
        inner.SetExtendedAttributeAsync(inode, name, value, options, cancellationToken);

    public ValueTask<FsResult<ReadOnlyMemory<byte>>> ListExtendedAttributesAsync(ulong inode, CancellationToken cancellationToken) =>
        inner.ListExtendedAttributesAsync(inode, cancellationToken);

    public ValueTask<FsError> RemoveExtendedAttributeAsync(ulong inode, ReadOnlyMemory<byte> name, CancellationToken cancellationToken) =>
        inner.RemoveExtendedAttributeAsync(inode, name, cancellationToken);
}
