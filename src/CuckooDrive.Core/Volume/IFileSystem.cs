namespace CuckooDrive.Core.Volume;

/// <summary>
/// An inode-level POSIX file system that knows no kernel. Kernel adapters translate to it and nothing else;
/// <see cref="Volume"/> is the drive's, tests hold an in-memory reference.
/// </summary>
/// <remarks>
/// <para>Thread safe. What is in memory completes synchronously and without allocating; a miss completes later on
/// another thread; no call blocks on a disk or a cloud. Buffers belong to the caller and must stay valid and unchanged
/// until the returned task completes; names are raw bytes without '/' and NUL.</para>
/// <para>Permission checks of mode bits are the kernel's (default_permissions, or root's mount that only root may enter); the file system does what the kernel
/// leaves to it: setgid inheritance, link counts, times, dropping of suid where asked by <see cref="WriteOptions"/>.
/// File locks are the kernel's.</para>
/// <para>Inode numbers are stable over remounts; <see cref="RootInode"/> is 1. Every call that returns an
/// <see cref="Entry"/> (look-up, create, mknod, mkdir, symlink, link, and each entry taken by a plus-directory sink)
/// adds one kernel reference, given back by <see cref="Forget"/>. An inode without links lives until it is neither
/// referenced nor open.</para>
/// </remarks>
public interface IFileSystem
{
    public const ulong RootInode = 1;

    ValueTask<FsResult<Entry>> LookupAsync(ulong parent, ReadOnlyMemory<byte> name, CancellationToken cancellationToken);

    /// <summary>Gives back <paramref name="count"/> kernel references. Never fails, never waits.</summary>
    void Forget(ulong inode, ulong count);

    ValueTask<FsResult<Attributes>> GetAttributesAsync(ulong inode, CancellationToken cancellationToken);

    ValueTask<FsResult<Attributes>> SetAttributesAsync(ulong inode, AttributeChange change, CancellationToken cancellationToken);

    ValueTask<FsResult<ReadOnlyMemory<byte>>> ReadLinkAsync(ulong inode, CancellationToken cancellationToken);

    /// <summary>Makes a regular file, fifo, socket or device node by the type bits of <paramref name="mode"/>.</summary>
    ValueTask<FsResult<Entry>> MakeNodeAsync(ulong parent, ReadOnlyMemory<byte> name, uint mode, uint device, Caller caller, CancellationToken cancellationToken);

    ValueTask<FsResult<Entry>> MakeDirectoryAsync(ulong parent, ReadOnlyMemory<byte> name, uint mode, Caller caller, CancellationToken cancellationToken);

    ValueTask<FsResult<Entry>> MakeSymbolicLinkAsync(ulong parent, ReadOnlyMemory<byte> name, ReadOnlyMemory<byte> target, Caller caller, CancellationToken cancellationToken);

    ValueTask<FsResult<Entry>> LinkAsync(ulong inode, ulong newParent, ReadOnlyMemory<byte> newName, CancellationToken cancellationToken);

    ValueTask<FsError> UnlinkAsync(ulong parent, ReadOnlyMemory<byte> name, CancellationToken cancellationToken);

    ValueTask<FsError> RemoveDirectoryAsync(ulong parent, ReadOnlyMemory<byte> name, CancellationToken cancellationToken);

    ValueTask<FsError> RenameAsync(ulong parent, ReadOnlyMemory<byte> name, ulong newParent, ReadOnlyMemory<byte> newName, RenameOptions options, CancellationToken cancellationToken);

    /// <summary>Opens a regular file. Handles are small positive numbers, each released once.</summary>
    ValueTask<FsResult<OpenedFile>> OpenAsync(ulong inode, OpenOptions options, CancellationToken cancellationToken);

    /// <summary>Creates and opens in one step. An existing name is opened (with Exclusive: <see cref="FsError.Exists"/>).</summary>
    ValueTask<FsResult<CreatedFile>> CreateAsync(ulong parent, ReadOnlyMemory<byte> name, uint mode, OpenOptions options, Caller caller, CancellationToken cancellationToken);

    /// <summary>O_TMPFILE: an open regular file without a name (nlink 0) that <see cref="LinkAsync"/> may give one.</summary>
    ValueTask<FsResult<CreatedFile>> CreateUnnamedAsync(ulong parent, uint mode, OpenOptions options, Caller caller, CancellationToken cancellationToken);

    /// <summary>Reads into <paramref name="destination"/>; fewer bytes than asked only at the end of the file.</summary>
    ValueTask<FsResult<int>> ReadAsync(ulong inode, ulong handle, long offset, Memory<byte> destination, CancellationToken cancellationToken);

    /// <summary>Writes all of <paramref name="data"/> or fails; the data is taken over when the task completes: copied, or kept where it is
    /// <see cref="LendableMemory"/>.</summary>
    ValueTask<FsResult<int>> WriteAsync(ulong inode, ulong handle, long offset, ReadOnlyMemory<byte> data, WriteOptions options, CancellationToken cancellationToken);

    /// <summary>The last descriptor is gone.</summary>
    void Release(ulong inode, ulong handle);

    /// <summary>
    /// Data and metadata of this inode (and all changes before it) are durable when this returns. Reports what went wrong in
    /// the background since the last call.
    /// </summary>
    ValueTask<FsError> SyncAsync(ulong inode, bool dataOnly, CancellationToken cancellationToken);

    ValueTask<FsError> AllocateAsync(ulong inode, ulong handle, long offset, long length, AllocateOptions options, CancellationToken cancellationToken);

    /// <summary>SEEK_DATA (<paramref name="data"/> true) or SEEK_HOLE; <see cref="FsError.NoDevice"/> (ENXIO) past the end.</summary>
    ValueTask<FsResult<long>> SeekAsync(ulong inode, ulong handle, long offset, bool data, CancellationToken cancellationToken);

    /// <summary>Clones a range by sharing chunks. Returns the bytes copied, fewer at the end of the source.</summary>
    ValueTask<FsResult<long>> CopyRangeAsync(ulong sourceInode, ulong sourceHandle, long sourceOffset, ulong targetInode, ulong targetHandle, long targetOffset, long length, CancellationToken cancellationToken);

    ValueTask<FsResult<ulong>> OpenDirectoryAsync(ulong inode, CancellationToken cancellationToken);

    /// <summary>
    /// Offers entries to <paramref name="sink"/> in a stable order, from the one after <paramref name="cookie"/> (0: the
    /// beginning) on, "." and ".." first, until the sink is full. Cookies stay valid while other entries come and go, for
    /// the life of the directory: an entry present all the time is seen exactly once. When <paramref name="plus"/>,
    /// attributes are filled in and each entry that the sink takes, except "." and "..", gains a kernel reference.
    /// </summary>
    ValueTask<FsError> ReadDirectoryAsync(ulong inode, ulong handle, ulong cookie, bool plus, IDirectorySink sink, CancellationToken cancellationToken);

    void ReleaseDirectory(ulong inode, ulong handle);

    ValueTask<FsResult<FileSystemStatistics>> GetStatisticsAsync(CancellationToken cancellationToken);

    /// <summary>The value, or <see cref="FsError.NoData"/>.</summary>
    ValueTask<FsResult<ReadOnlyMemory<byte>>> GetExtendedAttributeAsync(ulong inode, ReadOnlyMemory<byte> name, CancellationToken cancellationToken);

    ValueTask<FsError> SetExtendedAttributeAsync(ulong inode, ReadOnlyMemory<byte> name, ReadOnlyMemory<byte> value, ExtendedAttributeOptions options, CancellationToken cancellationToken);

    /// <summary>All names, each followed by a NUL byte.</summary>
    ValueTask<FsResult<ReadOnlyMemory<byte>>> ListExtendedAttributesAsync(ulong inode, CancellationToken cancellationToken);

    ValueTask<FsError> RemoveExtendedAttributeAsync(ulong inode, ReadOnlyMemory<byte> name, CancellationToken cancellationToken);
}

/// <summary>Receives directory entries; used by one call at a time.</summary>
public interface IDirectorySink
{
    /// <summary>Takes the entry, or returns false when it has no room (the call then ends, this entry not consumed).</summary>
    /// <param name="name">Raw bytes, valid during the call.</param>
    /// <param name="cookie">Resumes after this entry. Never 0.</param>
    /// <param name="entry">
    /// For a plain directory read only inode number and type bits of the mode are filled in; so also for an entry whose inode
    /// cannot be found, recognised by a link count of 0, which gains no kernel reference.
    /// </param>
    bool TryAdd(ReadOnlySpan<byte> name, ulong cookie, in Entry entry);
}
