using CuckooDrive.Core.Volume;

namespace CuckooDrive.Testing.FileSystems;

/// <summary>
/// Makes every call of another file system complete later and on another thread, as a miss does, so that an adapter's
/// way for that is exercised by everything.
/// </summary>
public sealed class AsynchronousFileSystem(IFileSystem inner) : IFileSystem
{
    public ValueTask<FsResult<Entry>> LookupAsync(ulong parent, ReadOnlyMemory<byte> name, CancellationToken cancellationToken) =>
        Later(() => inner.LookupAsync(parent, name, cancellationToken));

    public void Forget(ulong inode, ulong count) => inner.Forget(inode, count);

    public ValueTask<FsResult<Attributes>> GetAttributesAsync(ulong inode, CancellationToken cancellationToken) =>
        Later(() => inner.GetAttributesAsync(inode, cancellationToken));

    public ValueTask<FsResult<Attributes>> SetAttributesAsync(ulong inode, AttributeChange change, CancellationToken cancellationToken) =>
        Later(() => inner.SetAttributesAsync(inode, change, cancellationToken));

    public ValueTask<FsResult<ReadOnlyMemory<byte>>> ReadLinkAsync(ulong inode, CancellationToken cancellationToken) =>
        Later(() => inner.ReadLinkAsync(inode, cancellationToken));

    public ValueTask<FsResult<Entry>> MakeNodeAsync(ulong parent, ReadOnlyMemory<byte> name, uint mode, uint device, Caller caller, CancellationToken cancellationToken) =>
        Later(() => inner.MakeNodeAsync(parent, name, mode, device, caller, cancellationToken));

    public ValueTask<FsResult<Entry>> MakeDirectoryAsync(ulong parent, ReadOnlyMemory<byte> name, uint mode, Caller caller, CancellationToken cancellationToken) =>
        Later(() => inner.MakeDirectoryAsync(parent, name, mode, caller, cancellationToken));

    public ValueTask<FsResult<Entry>> MakeSymbolicLinkAsync(ulong parent, ReadOnlyMemory<byte> name, ReadOnlyMemory<byte> target, Caller caller, CancellationToken cancellationToken) =>
        Later(() => inner.MakeSymbolicLinkAsync(parent, name, target, caller, cancellationToken));

    public ValueTask<FsResult<Entry>> LinkAsync(ulong inode, ulong newParent, ReadOnlyMemory<byte> newName, CancellationToken cancellationToken) =>
        Later(() => inner.LinkAsync(inode, newParent, newName, cancellationToken));

    public ValueTask<FsError> UnlinkAsync(ulong parent, ReadOnlyMemory<byte> name, CancellationToken cancellationToken) =>
        Later(() => inner.UnlinkAsync(parent, name, cancellationToken));

    public ValueTask<FsError> RemoveDirectoryAsync(ulong parent, ReadOnlyMemory<byte> name, CancellationToken cancellationToken) =>
        Later(() => inner.RemoveDirectoryAsync(parent, name, cancellationToken));

    public ValueTask<FsError> RenameAsync(ulong parent, ReadOnlyMemory<byte> name, ulong newParent, ReadOnlyMemory<byte> newName, RenameOptions options, CancellationToken cancellationToken) =>
        Later(() => inner.RenameAsync(parent, name, newParent, newName, options, cancellationToken));

    public ValueTask<FsResult<OpenedFile>> OpenAsync(ulong inode, OpenOptions options, CancellationToken cancellationToken) =>
        Later(() => inner.OpenAsync(inode, options, cancellationToken));

    public ValueTask<FsResult<CreatedFile>> CreateAsync(ulong parent, ReadOnlyMemory<byte> name, uint mode, OpenOptions options, Caller caller, CancellationToken cancellationToken) =>
        Later(() => inner.CreateAsync(parent, name, mode, options, caller, cancellationToken));

    public ValueTask<FsResult<CreatedFile>> CreateUnnamedAsync(ulong parent, uint mode, OpenOptions options, Caller caller, CancellationToken cancellationToken) =>
        Later(() => inner.CreateUnnamedAsync(parent, mode, options, caller, cancellationToken));

    public ValueTask<FsResult<int>> ReadAsync(ulong inode, ulong handle, long offset, Memory<byte> destination, CancellationToken cancellationToken) =>
        Later(() => inner.ReadAsync(inode, handle, offset, destination, cancellationToken));

    public ValueTask<FsResult<int>> WriteAsync(ulong inode, ulong handle, long offset, ReadOnlyMemory<byte> data, WriteOptions options, CancellationToken cancellationToken) =>
        Later(() => inner.WriteAsync(inode, handle, offset, data, options, cancellationToken));

    public void Release(ulong inode, ulong handle) => inner.Release(inode, handle);

    public ValueTask<FsError> SyncAsync(ulong inode, bool dataOnly, CancellationToken cancellationToken) =>
        Later(() => inner.SyncAsync(inode, dataOnly, cancellationToken));

    public ValueTask<FsError> AllocateAsync(ulong inode, ulong handle, long offset, long length, AllocateOptions options, CancellationToken cancellationToken) =>
        Later(() => inner.AllocateAsync(inode, handle, offset, length, options, cancellationToken));

    public ValueTask<FsResult<long>> SeekAsync(ulong inode, ulong handle, long offset, bool data, CancellationToken cancellationToken) =>
        Later(() => inner.SeekAsync(inode, handle, offset, data, cancellationToken));

    public ValueTask<FsResult<long>> CopyRangeAsync(ulong sourceInode, ulong sourceHandle, long sourceOffset, ulong targetInode, ulong targetHandle, long targetOffset, long length, CancellationToken cancellationToken) =>
        Later(() => inner.CopyRangeAsync(sourceInode, sourceHandle, sourceOffset, targetInode, targetHandle, targetOffset, length, cancellationToken));

    public ValueTask<FsResult<ulong>> OpenDirectoryAsync(ulong inode, CancellationToken cancellationToken) =>
        Later(() => inner.OpenDirectoryAsync(inode, cancellationToken));

    public ValueTask<FsError> ReadDirectoryAsync(ulong inode, ulong handle, ulong cookie, bool plus, IDirectorySink sink, CancellationToken cancellationToken) =>
        Later(() => inner.ReadDirectoryAsync(inode, handle, cookie, plus, sink, cancellationToken));

    public void ReleaseDirectory(ulong inode, ulong handle) => inner.ReleaseDirectory(inode, handle);

    public ValueTask<FsResult<FileSystemStatistics>> GetStatisticsAsync(CancellationToken cancellationToken) =>
        Later(() => inner.GetStatisticsAsync(cancellationToken));

    public ValueTask<FsResult<ReadOnlyMemory<byte>>> GetExtendedAttributeAsync(ulong inode, ReadOnlyMemory<byte> name, CancellationToken cancellationToken) =>
        Later(() => inner.GetExtendedAttributeAsync(inode, name, cancellationToken));

    public ValueTask<FsError> SetExtendedAttributeAsync(ulong inode, ReadOnlyMemory<byte> name, ReadOnlyMemory<byte> value, ExtendedAttributeOptions options, CancellationToken cancellationToken) =>
        Later(() => inner.SetExtendedAttributeAsync(inode, name, value, options, cancellationToken));

    public ValueTask<FsResult<ReadOnlyMemory<byte>>> ListExtendedAttributesAsync(ulong inode, CancellationToken cancellationToken) =>
        Later(() => inner.ListExtendedAttributesAsync(inode, cancellationToken));

    public ValueTask<FsError> RemoveExtendedAttributeAsync(ulong inode, ReadOnlyMemory<byte> name, CancellationToken cancellationToken) =>
        Later(() => inner.RemoveExtendedAttributeAsync(inode, name, cancellationToken));

    private static async ValueTask<T> Later<T>(Func<ValueTask<T>> call)
    {
        await Task.Yield();
        return await call().ConfigureAwait(false);
    }
}
