using System.Runtime.InteropServices;

namespace CuckooDrive.Clouds;

/// <summary>What an upload sends: a known number of bytes that can be opened again for a retry.</summary>
public abstract class CloudContent
{
    /// <summary>Exact size in bytes.</summary>
    public abstract long Length { get; }

    /// <summary>Opens the content from its beginning; the caller disposes the stream. May be called more than once.</summary>
    public abstract Stream Open();

    /// <summary>The bytes themselves where they lie in a managed array, so that a provider need not copy them.</summary>
    internal virtual ArraySegment<byte>? Array => null;

    /// <summary>Where the bytes lie in a local file, so that a provider can let the kernel copy them.</summary>
    internal virtual FileSlice? File => null;

    /// <summary>Content in memory; the caller leaves the buffer unchanged until the write has ended.</summary>
    public static CloudContent FromMemory(ReadOnlyMemory<byte> data) => new MemoryContent(data);

    /// <summary>A part of a local file; the caller leaves that part unchanged until the write has ended.</summary>
    public static CloudContent FromFile(string path, long offset, long length) => new FileContent(path, offset, length);

    private sealed class MemoryContent(ReadOnlyMemory<byte> data) : CloudContent
    {
        public override long Length => data.Length;

        internal override ArraySegment<byte>? Array =>
            MemoryMarshal.TryGetArray(data, out var array) ? array : (ArraySegment<byte>?)null;

        public override Stream Open() => Array is { } array
            ? new MemoryStream(array.Array!, array.Offset, array.Count, writable: false)
            : new MemoryStream(data.ToArray(), writable: false);
    }

    private sealed class FileContent(string path, long offset, long length) : CloudContent
    {
        public override long Length => length;

        internal override FileSlice? File => new(path, offset, length);

        public override Stream Open() => new FileRangeStream(path, offset, length);
    }
}

/// <summary>Bytes [Offset, Offset + Length) of a file.</summary>
internal readonly record struct FileSlice(string Path, long Offset, long Length);
