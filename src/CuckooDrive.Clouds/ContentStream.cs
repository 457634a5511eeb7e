namespace CuckooDrive.Clouds;

/// <summary>
/// The next bytes of a <see cref="ContentReader"/> as a stream, for libraries that upload streams. Where they are the last ones
/// of the content, the very last are given only after the content proved to end there. Leaves the reader open. Not thread safe.
/// </summary>
internal sealed class ContentStream(ContentReader source, long length, bool isLast) : ReadOnlyStream
{
    private long _left = length;
    private bool _isFinished;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await source.ReadAsync(buffer[..(int)Math.Min(buffer.Length, _left)], cancellationToken).ConfigureAwait(false);
        _left -= read;
        if (_left == 0 && isLast && !_isFinished)
        {
            await source.FinishAsync(cancellationToken).ConfigureAwait(false);
            _isFinished = true;
        }
        return read;
    }
}
