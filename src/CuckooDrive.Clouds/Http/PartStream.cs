namespace CuckooDrive.Clouds.Http;

/// <summary>A part of a stream that cannot seek; disposes it with itself. Not thread safe.</summary>
internal sealed class PartStream(Stream source, long offset, long? length) : ReadOnlyStream
{
    private long _toSkip = offset;
    private long _left = length ?? long.MaxValue;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var waste = new byte[Math.Min(_toSkip, 64 << 10)];
        while (_toSkip > 0)
        {
            var skipped = await source.ReadAsync(waste.AsMemory(0, (int)Math.Min(_toSkip, waste.Length)), cancellationToken)
                .ConfigureAwait(false);
            if (skipped == 0)
                return 0;
            _toSkip -= skipped;
        }
        var read = await source.ReadAsync(buffer[..(int)Math.Min(buffer.Length, _left)], cancellationToken).ConfigureAwait(false);
        _left -= read;
        return read;
    }

    public override ValueTask DisposeAsync() => source.DisposeAsync();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            source.Dispose();
        base.Dispose(disposing);
    }
}
