namespace CuckooDrive.Clouds.Http;

/// <summary>
/// Content on its way into one or several requests: read once, hashed on the way, and found to be as long as promised before
/// the last of it is sent, so that no service can complete an object of wrong content. Not thread safe.
/// </summary>
/// <param name="source">Is disposed with this.</param>
/// <param name="length">Of the whole content, in bytes.</param>
/// <param name="kind">The provider's hash.</param>
internal sealed class UploadSource(ContentReader source, long length, CloudHashKind kind) : IAsyncDisposable
{
    private readonly ContentHasher? _hasher = ContentHasher.Create(kind);
    private readonly byte[] _buffer = new byte[(int)Math.Clamp(length, 1, 128 << 10)];
    private int _start;
    private int _end;
    private long _read;

    /// <summary>Opens content and reads the beginning of it; what is wrong with small content is found here, before anything is sent.</summary>
    public static async Task<UploadSource> OpenAsync(CloudContent content, CloudHashKind kind, CancellationToken cancellationToken)
    {
        var upload = new UploadSource(ContentReader.Open(content), content.Length, kind);
        try
        {
            await upload.FillAsync(cancellationToken).ConfigureAwait(false);
            return upload;
        }
        catch
        {
            await upload.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    public long Length => length;

    /// <summary>How much has been handed out.</summary>
    public long Position { get; private set; }

    /// <summary>The next bytes, as the body of one request; it can be sent once.</summary>
    public HttpContent Take(long count) => new Part(this, Math.Min(count, length - Position));

    /// <summary>The hash of the whole content, once all of it was taken and sent; null for a kind that is not computed here.</summary>
    public byte[]? FinishHash() => _hasher?.Finish();

    public async ValueTask DisposeAsync()
    {
        _hasher?.Dispose();
        await source.DisposeAsync().ConfigureAwait(false);
    }

    private async ValueTask FillAsync(CancellationToken cancellationToken)
    {
        _start = _end = 0;
        while (_end < _buffer.Length && _read < length)
        {
            var read = await source.ReadAsync(_buffer.AsMemory(_end), cancellationToken).ConfigureAwait(false);
            _hasher?.Append(_buffer.AsSpan(_end, read));
            _end += read;
            _read += read;
        }
        if (_read == length)
            await source.FinishAsync(cancellationToken).ConfigureAwait(false);
    }

    private sealed class Part(UploadSource upload, long count) : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, System.Net.TransportContext? context) =>
            SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override async Task SerializeToStreamAsync(
            Stream stream, System.Net.TransportContext? context, CancellationToken cancellationToken)
        {
            for (var left = count; left > 0;)
            {
                if (upload._start == upload._end)
                    await upload.FillAsync(cancellationToken).ConfigureAwait(false);
                var some = (int)Math.Min(left, upload._end - upload._start);
                await stream.WriteAsync(upload._buffer.AsMemory(upload._start, some), cancellationToken).ConfigureAwait(false);
                upload._start += some;
                upload.Position += some;
                left -= some;
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = count;
            return true;
        }
    }
}
