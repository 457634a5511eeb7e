using Microsoft.Win32.SafeHandles;

namespace CuckooDrive.Core.Chunks;

/// <summary>
/// A pack's ciphertext on the local disk: one sparse file, shard s at s x capacity. Whole while it is staged and until it
/// is evicted, or sparse with what was read from clouds; in a hole every byte is zero, which no sealed chunk begins with.
/// </summary>
internal sealed class LocalPackFile(string path, bool isWhole, int shardCapacity)
{
    public string Path { get; set; } = path;

    /// <summary>Every byte of the data shards is there.</summary>
    public bool IsWhole { get; } = isWhole;

    /// <summary>Bytes on the disk, about. Guarded by the index's gate.</summary>
    public long Bytes;

    /// <summary>In the staging folder's or the cache's account. Guarded by the index's gate.</summary>
    public bool IsStaged;

    /// <summary>Open handle, owned by <see cref="PackFiles"/>.</summary>
    internal SafeFileHandle? Handle;
    internal LinkedListNode<LocalPackFile>? HandleNode;

    public long Position(int shard, int offset) => ((long)shard * shardCapacity) + offset;
}
