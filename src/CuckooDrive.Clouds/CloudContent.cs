using System.Runtime.InteropServices;

namespace CuckooDrive.Clouds;

/// <summary>What an upload sends: a known number of bytes that can be opened again for a retry.</summary>
public abstract class CloudContent
{
    /// <summary>Exact size in bytes.</summary>
    public abstract long Length { get; }

    /// <summary>Opens the content from its beginning; the caller disposes the stream. May be called more than once.</summary>
    public abstract Stream Open();

    /// <summary>Content in memory; the caller leaves the buffer unchanged until the write has ended.</summary>
    public static CloudContent FromMemory(ReadOnlyMemory<byte> data) => new MemoryContent(data);

    /// <summary>A part of a local file; the caller leaves that part unchanged until the write has ended.</summary>
    public static CloudContent FromFile(string path, long offset, long length) => new FileContent(path, offset, length);

    private sealed class MemoryContent(ReadOnlyMemory<byte> data) : CloudContent
    {
        public override long Length => data.Length;

        public override Stream Open() => MemoryMarshal.TryGetArray(data, out var array)
            ? new MemoryStream(array.Array!, array.Offset, array.Count, writable: false)
            : new MemoryStream(data.ToArray(), writable: false);
    }

    private sealed class FileContent(string path, long offset, long length) : CloudContent
    {
        public override long Length => length;

        public override Stream Open() => new FileRangeStream(path, offset, length);
    }
}
