namespace CuckooDrive.Clouds;

/// <summary>
/// Reads a <see cref="CloudContent"/> for a provider and holds it to its word: content that throws, ends early or does not
/// end at its length fails with <see cref="CloudErrorKind.Other"/> (another try would meet the same). Not thread safe.
/// </summary>
public sealed class ContentReader : IAsyncDisposable
{
    private readonly Stream _stream;
    private readonly long _length;
    private long _position;

    private ContentReader(Stream stream, long length)
    {
        _stream = stream;
        _length = length;
    }

    /// <summary>Opens the content at its beginning; the caller disposes the reader.</summary>
    public static ContentReader Open(CloudContent content)
    {
        try
        {
            return new ContentReader(content.Open(), content.Length);
        }
        catch (Exception exception) when (exception is not CloudException)
        {
            throw Unreadable(exception);
        }
    }

    /// <summary>The next bytes of the content, at least one unless the buffer or the rest of the content is empty.</summary>
    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        buffer = buffer[..(int)Math.Min(buffer.Length, _length - _position)];
        if (buffer.Length == 0)
            return 0;
        var read = await ReadStreamAsync(buffer, cancellationToken).ConfigureAwait(false);
        if (read == 0)
            throw Mismatch("shorter");
        _position += read;
        return read;
    }

    /// <summary>To be called after the last byte and before the object is made visible.</summary>
    public async ValueTask FinishAsync(CancellationToken cancellationToken)
    {
        if (_position < _length)
            throw Mismatch("shorter");
        if (await ReadStreamAsync(new byte[1], cancellationToken).ConfigureAwait(false) != 0)
            throw Mismatch("longer");
    }

    public ValueTask DisposeAsync() => _stream.DisposeAsync();

    internal static CloudException Mismatch(string how) =>
        new(CloudErrorKind.Other, $"The content to upload is {how} than it was said to be; nothing was stored.");

    internal static CloudException Unreadable(Exception cause) =>
        new(CloudErrorKind.Other, $"The content to upload could not be read: {cause.Message}", cause);

    private async ValueTask<int> ReadStreamAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        try
        {
            return await _stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (
            exception is not CloudException && !(exception is OperationCanceledException && cancellationToken.IsCancellationRequested))
        {
            throw Unreadable(exception);
        }
    }
}
