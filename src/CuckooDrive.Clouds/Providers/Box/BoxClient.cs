using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CuckooDrive.Clouds.Http;

namespace CuckooDrive.Clouds.Providers.Box;

/// <summary>The calls of the Box API 2.0 that the provider makes. Thread safe.</summary>
internal sealed class BoxClient(AuthorizedHttp http) : IAsyncDisposable
{
    public const string Service = "Box";

    private const string Api = "https://api.box.com/2.0";
    private const string UploadApi = "https://upload.box.com/api/2.0";

    /// <summary>The client for addresses that carry their own permission, to which no token may go.</summary>
    public CloudHttp Plain => http.Http;

    public static Uri Address(string pathAndQuery) => new(Api + pathAndQuery);

    public static Uri UploadAddress(string pathAndQuery) => new(UploadApi + pathAndQuery);

    public Task<HttpResponseMessage> SendAsync(
        Func<CancellationToken, ValueTask<HttpRequestMessage>> request, CancellationToken cancellationToken) =>
        http.SendAsync(request, cancellationToken);

    /// <summary>Sends a request with a body of JSON, or none, and returns the answer, whatever it is.</summary>
    public Task<HttpResponseMessage> SendAsync(HttpMethod method, Uri address, JsonNode? body, CancellationToken cancellationToken)
    {
        // Not as JsonContent, which is sent in chunks: some servers insist on a length.
        var json = body?.ToJsonString();
        return http.SendAsync(
            () => new HttpRequestMessage(method, address)
            {
                Content = json is null ? null : new StringContent(json, Encoding.UTF8, "application/json"),
            },
            cancellationToken);
    }

    public async Task<JsonElement> AskAsync(
        HttpMethod method, Uri address, JsonNode? body, string name, CancellationToken cancellationToken) =>
        await ReadAsync(await SendAsync(method, address, body, cancellationToken).ConfigureAwait(false), name, cancellationToken)
            .ConfigureAwait(false);

    /// <summary>Reads an answer that is expected to be a success.</summary>
    public async Task<JsonElement> ReadAsync(HttpResponseMessage response, string name, CancellationToken cancellationToken)
    {
        if (!response.IsSuccessStatusCode)
            throw (await BoxErrors.ReadAsync(Plain, response, name, cancellationToken).ConfigureAwait(false)).Error;
        using (response)
            return await Plain.ReadJsonAsync(response, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// The item of a name in a folder, or null when there is none: Box has no look-up by name, but its check before an upload
    /// tells who has the name. <see cref="BoxItem.Size"/> is not told.
    /// </summary>
    public async Task<BoxItem?> FindAsync(string folderId, string leaf, string name, CancellationToken cancellationToken)
    {
        var body = new JsonObject { ["name"] = leaf, ["parent"] = new JsonObject { ["id"] = folderId } };
        var response = await SendAsync(HttpMethod.Options, Address("/files/content"), body, cancellationToken).ConfigureAwait(false);
        if (response.IsSuccessStatusCode)
        {
            response.Dispose();
            return null;
        }
        var failure = await BoxErrors.ReadAsync(Plain, response, name, cancellationToken).ConfigureAwait(false);
        if (failure.Conflict is { } found)
            return found;
        // Without room or permission to upload the check says nothing about the name.
        if (failure.Error.Kind is CloudErrorKind.QuotaExceeded or CloudErrorKind.Forbidden or CloudErrorKind.TooLarge)
            return await FindInListAsync(folderId, leaf, cancellationToken).ConfigureAwait(false);
        throw failure.Error;
    }

    /// <summary>A file with its size, or null when there is none of that id.</summary>
    public async Task<BoxItem?> DescribeAsync(string fileId, string name, CancellationToken cancellationToken)
    {
        var response = await SendAsync(HttpMethod.Get, FileAddress(fileId, "?" + BoxItem.Fields), null, cancellationToken).ConfigureAwait(false);
        if (response.StatusCode == HttpStatusCode.NotFound)
        {
            response.Dispose();
            return null;
        }
        return BoxItem.Parse(await ReadAsync(response, name, cancellationToken).ConfigureAwait(false));
    }

    /// <summary>One page of a folder; ask again with the marker until there is none.</summary>
    public async Task<(IReadOnlyList<BoxItem> Items, string? Marker)> PageAsync(
        string folderId, string? marker, CancellationToken cancellationToken)
    {
        var next = marker is null ? "" : $"&marker={Uri.EscapeDataString(marker)}";
        var address = Address($"/folders/{Uri.EscapeDataString(folderId)}/items?usemarker=true&limit=1000&{BoxItem.Fields}{next}");
        var answer = await AskAsync(HttpMethod.Get, address, null, "the folder", cancellationToken).ConfigureAwait(false);
        return ([.. answer.Items("entries").Select(BoxItem.Parse)], answer.TextOrNull("next_marker") is { Length: > 0 } more ? more : null);
    }

    /// <summary>An address to download a file from without a token, or null when there is no such file.</summary>
    public async Task<Uri?> FindLinkAsync(string fileId, string name, CancellationToken cancellationToken)
    {
        var response = await SendAsync(HttpMethod.Get, FileAddress(fileId, "/content"), null, cancellationToken).ConfigureAwait(false);
        switch (response.StatusCode)
        {
            case HttpStatusCode.Found or HttpStatusCode.SeeOther or HttpStatusCode.TemporaryRedirect:
                using (response)
                {
                    return response.Headers.Location is { IsAbsoluteUri: true, Scheme: "https" } link
                        ? link
                        : throw new CloudException(CloudErrorKind.Corrupt, $"{Service} told no safe address to download '{name}' from.");
                }
            case HttpStatusCode.NotFound:
                response.Dispose();
                return null;
            case HttpStatusCode.Accepted:
                using (response)
                {
                    throw new CloudException(CloudErrorKind.Transient, $"{Service} is not ready to hand out '{name}' yet.")
                    {
                        RetryAfter = Plain.RetryAfter(response),
                    };
                }
            case < HttpStatusCode.BadRequest:
                response.Dispose();
                throw new CloudException(CloudErrorKind.Corrupt, $"{Service} told no address to download '{name}' from.");
            default:
                throw (await BoxErrors.ReadAsync(Plain, response, name, cancellationToken).ConfigureAwait(false)).Error;
        }
    }

    public static Uri FileAddress(string fileId, string suffix = "") => Address($"/files/{Uri.EscapeDataString(fileId)}{suffix}");

    public ValueTask DisposeAsync() => http.DisposeAsync();

    private async Task<BoxItem?> FindInListAsync(string folderId, string leaf, CancellationToken cancellationToken)
    {
        string? marker = null;
        do
        {
            (var items, marker) = await PageAsync(folderId, marker, cancellationToken).ConfigureAwait(false);
            if (items.FirstOrDefault(item => item.Name.Equals(leaf, StringComparison.OrdinalIgnoreCase)) is { } found)
                return found;
        }
        while (marker is not null);
        return null;
    }
}
