using System.Globalization;
using System.Text.Json;
using CuckooDrive.Clouds.Http;

namespace CuckooDrive.Clouds.Providers.WebDav;

/// <summary>
/// Uploads in chunks as Nextcloud wants large files (its developer manual, "Chunked file upload", version 2), which proxies and
/// PHP would otherwise limit. Used where the address is that of a Nextcloud and the server's capabilities announce it. Thread safe.
/// </summary>
internal sealed class NextcloudUploads(WebDavClient client, WebDavAddress address)
{
    /// <summary>Of a chunk, and the largest object that goes whole: Nextcloud's own clients begin with 10 MB.</summary>
    private const long ChunkSize = 10L << 20;

    /// <summary>The manual allows so many.</summary>
    private const int MostChunks = 10_000;

    private static readonly HttpMethod MakeCollection = new("MKCOL");
    private static readonly HttpMethod MoveMethod = new("MOVE");

    private volatile object? _isAnnounced;

    /// <summary>Whether an object of this length is to be uploaded here. Asks the server once.</summary>
    public async ValueTask<bool> TakesAsync(long length, CancellationToken cancellationToken) =>
        length > ChunkSize && address.Nextcloud is not null &&
        (bool)(_isAnnounced ??= await IsAnnouncedAsync(cancellationToken).ConfigureAwait(false));

    /// <summary>A place for the chunks of one object, which the first request makes.</summary>
    public Uri NewPlace()
    {
        var (server, user) = address.Nextcloud!.Value;
        return new Uri(server, $"remote.php/dav/uploads/{user}/{Guid.NewGuid():n}");
    }

    /// <summary>Sends all of an object. The answer is that of the first request which failed, or of the last; the caller disposes it.</summary>
    public async Task<HttpResponseMessage> SendAsync(Uri place, string name, CloudContent content, CancellationToken cancellationToken)
    {
        await using var source = await UploadSource.OpenAsync(content, CloudHashKind.None, cancellationToken).ConfigureAwait(false);
        var response = await SendAsync(MakeCollection, place, name, content.Length, null, cancellationToken).ConfigureAwait(false);
        var size = Math.Max(ChunkSize, (content.Length + MostChunks - 1) / MostChunks);
        for (var number = 1; source.Position < content.Length && response.IsSuccessStatusCode; number++)
        {
            response.Dispose();
            var chunk = new Uri($"{place}/{number.ToString("d5", CultureInfo.InvariantCulture)}");
            response = await SendAsync(HttpMethod.Put, chunk, name, content.Length, source.Take(size), cancellationToken).ConfigureAwait(false);
        }
        return response;
    }

    /// <summary>Makes the object of the chunks, without replacing anything.</summary>
    public Task<HttpResponseMessage> AssembleAsync(Uri place, string name, long length, CancellationToken cancellationToken) =>
        SendAsync(MoveMethod, new Uri($"{place}/.file"), name, length, null, cancellationToken);

    private async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, Uri resource, string name, long length, HttpContent? body, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, resource) { Content = body };
        // Every request of version 2 says where the object goes, so that the storage behind can begin it there.
        request.Headers.Add("Destination", client.Locate(name).AbsoluteUri);
        request.Headers.Add("OC-Total-Length", length.ToString(CultureInfo.InvariantCulture));
        if (method == MoveMethod)
            request.Headers.Add("Overwrite", "F");
        return await client.SendAsync(request, cancellationToken).ConfigureAwait(false);
    }

    // ownCloud Infinite Scale has the same addresses and leaves this empty; what is no such server at all does not know the question.
    private async Task<object> IsAnnouncedAsync(CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(
            HttpMethod.Get, new Uri(address.Nextcloud!.Value.Server, "ocs/v2.php/cloud/capabilities?format=json"));
        request.Headers.Add("OCS-APIRequest", "true");
        using var response = await client.SendAsync(request, cancellationToken).ConfigureAwait(false);
        if ((int)response.StatusCode is 429 or >= 500)
            throw client.Error(response);
        if (!response.IsSuccessStatusCode)
            return false;
        var answer = await client.Http.ReadErrorAsync(response, cancellationToken).ConfigureAwait(false);
        foreach (var step in (string[])["ocs", "data", "capabilities", "dav", "chunking"])
        {
            if (answer.ValueKind != JsonValueKind.Object || !answer.TryGetProperty(step, out answer))
                return false;
        }
        return Version.TryParse(answer.TextOrNull(), out var version) && version.Major >= 1;
    }
}
