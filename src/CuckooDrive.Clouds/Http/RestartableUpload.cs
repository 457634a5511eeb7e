namespace CuckooDrive.Clouds.Http;

/// <summary>
/// The bodies of one upload, of one part or several. When the first request has to be made anew (a login had to be renewed) the
/// content is opened again; later ones cannot be, and fail as <see cref="CloudErrorKind.Transient"/> so that all begins anew.
/// Not thread safe.
/// </summary>
internal sealed class RestartableUpload(CloudContent content, CloudHashKind kind) : IAsyncDisposable
{
    private UploadSource? _source;

    /// <summary>Opens the content and finds out what is wrong with the beginning of it before anything is sent.</summary>
    public async Task BeginAsync(CancellationToken cancellationToken)
    {
        await DisposeAsync().ConfigureAwait(false);
        _source = await UploadSource.OpenAsync(content, kind, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>All of the content.</summary>
    public ValueTask<HttpContent> WholeAsync(CancellationToken cancellationToken) => FirstAsync(content.Length, cancellationToken);

    /// <summary>The first bytes of the content; each call begins anew.</summary>
    public async ValueTask<HttpContent> FirstAsync(long count, CancellationToken cancellationToken)
    {
        if (_source is null || _source.Position > 0)
            await BeginAsync(cancellationToken).ConfigureAwait(false);
        return _source!.Take(count);
    }

    /// <summary>Makes a body of the bytes from an offset on, which must be where the last one ended.</summary>
    public Func<CancellationToken, ValueTask<HttpContent>> NextAsync(long offset, long count) => _ => _source?.Position == offset
        ? ValueTask.FromResult(_source.Take(count))
        : throw new CloudException(CloudErrorKind.Transient, "An upload was interrupted and begins anew.");

    /// <summary>The hash of the whole content, once all of it was sent.</summary>
    public byte[] FinishHash() => _source!.FinishHash()!;

    public async ValueTask DisposeAsync()
    {
        if (_source is not null)
            await _source.DisposeAsync().ConfigureAwait(false);
        _source = null;
    }
}
