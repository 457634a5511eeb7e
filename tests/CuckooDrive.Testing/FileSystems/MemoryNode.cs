using CuckooDrive.Core.Volume;

namespace CuckooDrive.Testing.FileSystems;

/// <summary>
/// An inode. Links, references and the directory are guarded by the file system's gate; attributes, data and extended
/// attributes by a lock on the node, taken after the gate.
/// </summary>
internal sealed class MemoryNode
{
    public Attributes Attributes;

    public uint Generation { get; init; }

    public ulong Inode => Attributes.Inode;

    /// <summary>Kernel references.</summary>
    public ulong References { get; set; }

    public int OpenHandles { get; set; }

    public MemoryDirectory? Directory { get; init; }

    /// <summary>Of a directory.</summary>
    public MemoryNode? Parent { get; set; }

    /// <summary>Of a regular file.</summary>
    public MemoryData? Data { get; init; }

    /// <summary>Of a symbolic link.</summary>
    public byte[]? Target { get; init; }

    public Dictionary<byte[], byte[]>? ExtendedAttributes { get; set; }

    public bool IsDirectory => Directory is not null;

    public bool IsUnused => Attributes.LinkCount == 0 && References == 0 && OpenHandles == 0;

    /// <summary>The attributes as stat(2) shows them.</summary>
    public Attributes Snapshot()
    {
        lock (this)
        {
            var attributes = Attributes;
            if (Data is not null)
                attributes.Blocks = Data.Pages * (MemoryData.PageSize / 512);
            return attributes;
        }
    }
}
