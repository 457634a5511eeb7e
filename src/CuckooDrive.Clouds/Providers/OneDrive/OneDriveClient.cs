using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CuckooDrive.Clouds.Http;
using CuckooDrive.Clouds.OAuth;

namespace CuckooDrive.Clouds.Providers.OneDrive;

/// <summary>
/// The calls of Microsoft Graph that the provider makes, on items addressed by their path below the app's folder or by id. Thread
/// safe.
/// </summary>
internal sealed class OneDriveClient(AuthorizedHttp http, IReadOnlyList<string> root) : IAsyncDisposable
{
    public const string Service = "OneDrive";

    private const string Drive = "https://graph.microsoft.com/v1.0/me/drive";
    private const string AppRoot = Drive + "/special/approot";

    // Each segment is checked, so that nothing in it can leave the folder.
    private readonly string _root = string.Concat(root.Select(segment => "/" + Uri.EscapeDataString(segment)));

    /// <summary>The client for addresses that carry their own permission, to which no token may go.</summary>
    public CloudHttp Plain => http.Http;

    /// <summary>The folder that the address names, outermost segment first.</summary>
    public IReadOnlyList<string> Root => root;

    /// <summary>The address of an object, or of a folder (empty for the root), with what follows it.</summary>
    public Uri Address(string name, string suffix = "")
    {
        var path = _root + OneDriveNames.Escape(name);
        return new Uri(path.Length == 0 ? AppRoot + suffix : $"{AppRoot}:{path}:{suffix}");
    }

    /// <summary>The address of one of the folders that lead to the root: of the app's folder itself for depth 0.</summary>
    public static Uri AncestorAddress(IReadOnlyList<string> root, int depth) => new(
        depth == 0 ? AppRoot : $"{AppRoot}:/{string.Join('/', root.Take(depth).Select(Uri.EscapeDataString))}:");

    public static Uri ItemAddress(string id, string suffix = "") => new($"{Drive}/items/{Uri.EscapeDataString(id)}{suffix}");

    /// <summary>The item at an address, or null when there is none.</summary>
    public async Task<OneDriveItem?> FindAsync(Uri address, string name, CancellationToken cancellationToken)
    {
        var asked = new UriBuilder(address) { Query = OneDriveItem.Select }.Uri;
        var response = await http.SendAsync(() => new HttpRequestMessage(HttpMethod.Get, asked), cancellationToken).ConfigureAwait(false);
        if (response.StatusCode == HttpStatusCode.NotFound)
        {
            response.Dispose();
            return null;
        }
        return OneDriveItem.Parse(await ReadAsync(response, name, cancellationToken).ConfigureAwait(false));
    }

    public async Task<JsonElement> GetAsync(Uri address, string name, CancellationToken cancellationToken)
    {
        var response = await http.SendAsync(() => new HttpRequestMessage(HttpMethod.Get, address), cancellationToken).ConfigureAwait(false);
        return await ReadAsync(response, name, cancellationToken).ConfigureAwait(false);
    }

    public async Task<JsonElement> SendAsync(
        HttpMethod method, Uri address, JsonNode body, string name, CancellationToken cancellationToken)
    {
        // Not as JsonContent, which is sent in chunks: some servers insist on a length.
        var json = body.ToJsonString();
        var response = await http.SendAsync(
            () => new HttpRequestMessage(method, address) { Content = new StringContent(json, Encoding.UTF8, "application/json") },
            cancellationToken).ConfigureAwait(false);
        return await ReadAsync(response, name, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Creates a file of the content by one request; an existing one is not touched.</summary>
    public async Task<OneDriveItem> PutAsync(
        string name, Func<CancellationToken, ValueTask<HttpContent>> content, CancellationToken cancellationToken)
    {
        var address = Address(name, "/content?@microsoft.graph.conflictBehavior=fail");
        var response = await http.SendAsync(
            async token =>
            {
                var body = await content(token).ConfigureAwait(false);
                body.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
                return new HttpRequestMessage(HttpMethod.Put, address) { Content = body };
            },
            cancellationToken).ConfigureAwait(false);
        return OneDriveItem.Parse(await ReadAsync(response, name, cancellationToken).ConfigureAwait(false));
    }

    /// <summary>An address to download a file from without a token, or null when there is no such file.</summary>
    public async Task<Uri?> FindLinkAsync(string name, CancellationToken cancellationToken)
    {
        var address = Address(name, "/content");
        var response = await http.SendAsync(() => new HttpRequestMessage(HttpMethod.Get, address), cancellationToken).ConfigureAwait(false);
        if ((int)response.StatusCode is >= 300 and < 400)
        {
            using (response)
            {
                return response.Headers.Location is { IsAbsoluteUri: true, Scheme: "https" } link
                    ? link
                    : throw new CloudException(CloudErrorKind.Corrupt, $"{Service} told no safe address to download '{name}' from.");
            }
        }
        if (response.StatusCode == HttpStatusCode.NotFound)
        {
            response.Dispose();
            return null;
        }
        if (response.IsSuccessStatusCode)
        {
            response.Dispose();
            throw new CloudException(CloudErrorKind.Corrupt, $"{Service} told no address to download '{name}' from.");
        }
        var failure = await OneDriveErrors.ReadAsync(Plain, response, name, cancellationToken).ConfigureAwait(false);
        // A folder has no content, and different services say so differently.
        if (failure.IsRetryable || await FindAsync(Address(name), name, cancellationToken).ConfigureAwait(false) is not { IsFile: false })
            throw failure;
        return null;
    }

    /// <summary>Moves an item to the recycle bin; one that is gone already is fine.</summary>
    public async Task DeleteAsync(string id, string name, CancellationToken cancellationToken)
    {
        var address = ItemAddress(id);
        var response = await http.SendAsync(() => new HttpRequestMessage(HttpMethod.Delete, address), cancellationToken).ConfigureAwait(false);
        if (!response.IsSuccessStatusCode && response.StatusCode != HttpStatusCode.NotFound)
            throw await OneDriveErrors.ReadAsync(Plain, response, name, cancellationToken).ConfigureAwait(false);
        response.Dispose();
    }

    public Task<JsonElement> GetDriveAsync(CancellationToken cancellationToken) =>
        GetAsync(new Uri(Drive + "?$select=quota"), "the drive", cancellationToken);

    /// <summary>Reads an answer that is expected to be a success.</summary>
    public async Task<JsonElement> ReadAsync(HttpResponseMessage response, string name, CancellationToken cancellationToken)
    {
        if (!response.IsSuccessStatusCode)
            throw await OneDriveErrors.ReadAsync(Plain, response, name, cancellationToken).ConfigureAwait(false);
        using (response)
            return await Plain.ReadJsonAsync(response, cancellationToken).ConfigureAwait(false);
    }

    public ValueTask DisposeAsync() => http.DisposeAsync();
}
