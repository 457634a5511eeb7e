namespace CuckooDrive.Clouds.Http;

/// <summary>
/// The body of an answer. A connection that breaks, and a body that ends before its announced length, fail as
/// <see cref="CloudErrorKind.Transient"/>. Disposes the answer with itself. Not thread safe.
/// </summary>
internal sealed class ResponseStream(CloudHttp http, HttpResponseMessage response, Stream body, long? expectedLength) : ReadOnlyStream
{
    private long _position;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int read;
        try
        {
            read = await body.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            throw http.Translate(exception, cancellationToken);
        }
        _position += read;
        if (expectedLength is { } length && buffer.Length > 0 && (read == 0 ? _position < length : _position > length))
        {
            throw new CloudException(
                CloudErrorKind.Transient, $"{http.Service} sent {_position} bytes or so instead of {length}.");
        }
        return read;
    }

    /// <summary>Fills the buffer, or less at the end of the body.</summary>
    public async ValueTask<int> ReadFullyAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        var filled = 0;
        for (int read; filled < buffer.Length; filled += read)
        {
            read = await ReadAsync(buffer[filled..], cancellationToken).ConfigureAwait(false);
            if (read == 0)
                break;
        }
        return filled;
    }

    public override async ValueTask DisposeAsync()
    {
        await body.DisposeAsync().ConfigureAwait(false);
        response.Dispose();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            body.Dispose();
            response.Dispose();
        }
        base.Dispose(disposing);
    }
}
