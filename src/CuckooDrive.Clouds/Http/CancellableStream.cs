namespace CuckooDrive.Clouds.Http;

/// <summary>
/// A stream for libraries that read without a token of ours, as XmlReader does: every read ends with this one. Leaves the source open. Not
/// thread safe.
/// </summary>
internal sealed class CancellableStream(Stream source, CancellationToken cancellation) : ReadOnlyStream
{
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        source.ReadAsync(buffer, cancellation);
}
