namespace CuckooDrive.Core.Volume;

/// <summary>
/// The kernel's caches of one mount, as far as a file system may act on them by itself. Implemented by kernel adapters.
/// </summary>
/// <remarks>
/// Thread safe. Never to be called on a thread that answers kernel requests, nor while holding a lock that such a thread
/// may want: the kernel may wait for requests under way to the same inode before it returns. What the kernel does not know
/// is ignored: all of it is advice.
/// </remarks>
public interface IKernelCache
{
    /// <summary>
    /// Puts data into the page cache. Never for an inode that has handles open for writing: it would overwrite pages that
    /// were written but not yet sent here.
    /// </summary>
    void StoreInPageCache(ulong inode, long offset, ReadOnlySpan<byte> data);

    /// <summary>
    /// Drops cached attributes, and cached data of the range, which is first written out: the file system has got it when
    /// this returns. A negative offset keeps the data, length 0 means to the end.
    /// </summary>
    void InvalidateInode(ulong inode, long offset, long length);

    /// <summary>Drops a cached name, also an absent one.</summary>
    void InvalidateEntry(ulong parent, ReadOnlySpan<byte> name);
}

/// <summary>A file system that acts on the kernel's caches by itself; the adapter tells it which while it is mounted.</summary>
public interface IKernelCacheUser
{
    /// <summary>Null when nothing is mounted.</summary>
    IKernelCache? KernelCache { get; set; }
}
