using Microsoft.Win32.SafeHandles;

namespace CuckooDrive.Clouds;

/// <summary>A read-only stream over a part of a file. Not thread safe.</summary>
internal sealed class FileRangeStream(string path, long offset, long length) : Stream
{
    // The owner may still have the file open for writing other parts of it, or delete it meanwhile.
    private readonly SafeFileHandle _file = File.OpenHandle(
        path, share: FileShare.ReadWrite | FileShare.Delete, options: FileOptions.Asynchronous);

    private long _position;

    public override bool CanRead => true;
    public override bool CanSeek => true;
    public override bool CanWrite => false;
    public override long Length => length;

    public override long Position
    {
        get => _position;
        set => _position = value;
    }

    public override int Read(Span<byte> buffer)
    {
        var read = RandomAccess.Read(_file, Limit(buffer), offset + _position);
        _position += read;
        return read;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var limited = buffer[..(int)Math.Clamp(length - _position, 0, buffer.Length)];
        var read = await RandomAccess.ReadAsync(_file, limited, offset + _position, cancellationToken).ConfigureAwait(false);
        _position += read;
        return read;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override long Seek(long offset, SeekOrigin origin) => _position = origin switch
    {
        SeekOrigin.Begin => offset,
        SeekOrigin.Current => _position + offset,
        _ => length + offset,
    };

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _file.Dispose();
        base.Dispose(disposing);
    }

    private Span<byte> Limit(Span<byte> buffer) => buffer[..(int)Math.Clamp(length - _position, 0, buffer.Length)];
}
