using System.Net;

namespace CuckooDrive.Clouds.Http;

/// <summary>
/// Reads objects by addresses that carry their own permission, to which no token is ever sent. An address is kept for as long as
/// it is good: a read of an object that was read a moment ago then needs no look-up. Thread safe.
/// </summary>
/// <param name="http">Sends the requests.</param>
/// <param name="life">How long to use an address: shorter than it is good.</param>
internal sealed class DownloadLinks(CloudHttp http, TimeSpan life)
{
    private const int Most = 4096;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, (Uri Link, DateTimeOffset End)> _links = new(StringComparer.Ordinal);
    private long _forgotten;

    /// <summary>The bytes asked for, at least one, which end early only at the end of the object.</summary>
    /// <param name="name">The object's.</param>
    /// <param name="offset">In bytes.</param>
    /// <param name="length">At least 1, or null for all up to the end.</param>
    /// <param name="find">Asks for an address, and fails when there is no such object.</param>
    /// <param name="cancellationToken">Ends the opening.</param>
    public async Task<Stream> OpenAsync(
        string name, long offset, long? length, Func<CancellationToken, Task<Uri>> find, CancellationToken cancellationToken)
    {
        if (Find(name) is { } known)
        {
            var (found, _) = await TryAsync(known, offset, length, cancellationToken).ConfigureAwait(false);
            if (found is not null)
                return found;
            // It has run out, or the object is gone.
            Forget(name);
        }
        var mark = Mark();
        var link = await find(cancellationToken).ConfigureAwait(false);
        var (stream, refusal) = await TryAsync(link, offset, length, cancellationToken).ConfigureAwait(false);
        if (stream is null)
            throw new CloudException(CloudErrorKind.Transient, $"{http.Service} does not hand out '{name}' although it has it.", refusal);
        Keep(name, link, mark);
        return stream;
    }

    public void Forget(string name)
    {
        lock (_gate)
        {
            _forgotten++;
            _links.Remove(name);
        }
    }

    private async Task<(Stream? Stream, CloudException? Refusal)> TryAsync(
        Uri link, long offset, long? length, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, link);
        RangedDownload.Ask(request, offset, length);
        var response = await http.SendAsync(request, cancellationToken).ConfigureAwait(false);
        if (RangedDownload.IsAnswer(response))
            return (await RangedDownload.OpenAsync(http, response, offset, length, cancellationToken).ConfigureAwait(false), null);
        using (response)
        {
            var failure = http.StatusError(response);
            var isRefused = response.StatusCode is
                HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.NotFound or HttpStatusCode.Gone;
            return isRefused ? (null, failure) : throw failure;
        }
    }

    private Uri? Find(string name)
    {
        lock (_gate)
            return _links.TryGetValue(name, out var found) && http.Time.GetUtcNow() < found.End ? found.Link : null;
    }

    private long Mark()
    {
        lock (_gate)
            return _forgotten;
    }

    // Unless any was forgotten since the mark was read: it may have been this one.
    private void Keep(string name, Uri link, long mark)
    {
        lock (_gate)
        {
            if (mark != _forgotten)
                return;
            if (_links.Count >= Most)
                _links.Clear();
            _links[name] = (link, http.Time.GetUtcNow() + life);
        }
    }
}
