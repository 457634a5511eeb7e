namespace CuckooDrive.Clouds.Providers;

/// <summary>
/// The body of a library's answer, which must be as long as announced; errors are those of the contract. Disposes the body and
/// the answer with itself. Not thread safe.
/// </summary>
/// <param name="body">What to read.</param>
/// <param name="answer">What the body belongs to.</param>
/// <param name="length">How many bytes the server announced, or null.</param>
/// <param name="translate">Turns what the library throws into the error to throw.</param>
internal sealed class AnswerStream(
    Stream body, IDisposable answer, long? length, Func<Exception, CancellationToken, Exception> translate) : ReadOnlyStream
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
            throw translate(exception, cancellationToken);
        }
        _position += read;
        if (buffer.Length > 0 && length is { } whole && (read == 0 ? _position < whole : _position > whole))
            throw new CloudException(CloudErrorKind.Transient, $"The server sent {_position} bytes or so instead of {whole}.");
        return read;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            body.Dispose();
            answer.Dispose();
        }
        base.Dispose(disposing);
    }
}
