namespace CuckooDrive.Clouds.Providers.S3;

/// <summary>The body of an answer, which must be as long as announced; errors are those of the contract. Not thread safe.</summary>
internal sealed class S3Stream(Stream body, IDisposable response, long length, string name, S3Errors errors) : ReadOnlyStream
{
    private long _left = length;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int read;
        try
        {
            read = await body.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            throw errors.Translate(exception, name, cancellationToken);
        }
        _left -= read;
        if (buffer.Length > 0 && (read == 0 ? _left > 0 : _left < 0))
            throw new CloudException(CloudErrorKind.Transient, $"The answer for '{name}' is not as long as it was said to be.");
        return read;
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
