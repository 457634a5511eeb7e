namespace CuckooDrive.Benchmarks.Clouds;

/// <summary>The same bytes several times over, of known length.</summary>
internal sealed class RepeatedStream(byte[] piece, int times) : Stream
{
    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => (long)piece.Length * times;

    public override long Position { get; set; }

    public override int Read(Span<byte> buffer)
    {
        var start = (int)(Position % piece.Length);
        var count = (int)Math.Min(Math.Min(buffer.Length, piece.Length - start), Length - Position);
        piece.AsSpan(start, count).CopyTo(buffer);
        Position += count;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override long Seek(long offset, SeekOrigin origin) => Position = origin switch
    {
        SeekOrigin.Begin => offset,
        SeekOrigin.Current => Position + offset,
        _ => Length + offset,
    };

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
