using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;
using CuckooDrive.Clouds.Http;

namespace CuckooDrive.Clouds.Providers.GoogleDrive;

/// <summary>Requests of the Drive API v3 (https://developers.google.com/workspace/drive/api/reference/rest/v3). Thread safe.</summary>
internal sealed class GoogleDriveApi(AuthorizedHttp http) : IAsyncDisposable
{
    private const string Origin = "https://www.googleapis.com/";
    private const int PageSize = 1000;

    public CloudHttp Http => http.Http;

    /// <summary>The files that a query finds, oldest first, page by page.</summary>
    public async IAsyncEnumerable<GoogleDriveFile> FindAsync(
        string query, string what, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? token = null;
        do
        {
            var parameters = new List<KeyValuePair<string, string>>
            {
                new("q", query),
                new("spaces", "drive"),
                new("orderBy", "createdTime"),
                new("pageSize", $"{PageSize}"),
                new("fields", $"nextPageToken,files({GoogleDriveFile.Fields})"),
            };
            if (token is not null)
                parameters.Add(new("pageToken", token));
            var page = await CallAsync(HttpMethod.Get, $"drive/v3/files?{QueryString.Format(parameters)}", null, what, cancellationToken)
                .ConfigureAwait(false);
            foreach (var file in page.Items("files"))
                yield return GoogleDriveFile.Of(file);
            token = page.TextOrNull("nextPageToken");
        }
        while (token is not null);
    }

    /// <summary>Describes a file by its id, or returns null when there is none.</summary>
    public async Task<GoogleDriveFile?> DescribeAsync(string id, string what, CancellationToken cancellationToken)
    {
        try
        {
            return GoogleDriveFile.Of(await CallAsync(HttpMethod.Get, FilePath(id), null, what, cancellationToken).ConfigureAwait(false));
        }
        catch (CloudException failure) when (failure.Kind == CloudErrorKind.NotFound)
        {
            return null;
        }
    }

    public async Task<GoogleDriveFile> CreateFolderAsync(string name, string parent, CancellationToken cancellationToken)
    {
        var folder = Metadata(name, parent);
        folder["mimeType"] = GoogleDriveFile.FolderType;
        return GoogleDriveFile.Of(await CallAsync(
            HttpMethod.Post, $"drive/v3/files?fields={GoogleDriveFile.Fields}", folder, name, cancellationToken).ConfigureAwait(false));
    }

    /// <summary>Removes a file for good, past the trash. One that is gone already is success.</summary>
    public async Task DeleteAsync(string id, string what, CancellationToken cancellationToken)
    {
        using var response = await http.SendAsync(
            () => new HttpRequestMessage(HttpMethod.Delete, new Uri($"{Origin}drive/v3/files/{Uri.EscapeDataString(id)}")), cancellationToken)
            .ConfigureAwait(false);
        if (!response.IsSuccessStatusCode && response.StatusCode != HttpStatusCode.NotFound)
            throw await ErrorAsync(response, what, cancellationToken).ConfigureAwait(false);
    }

    public Task<JsonElement> AboutAsync(CancellationToken cancellationToken) =>
        CallAsync(HttpMethod.Get, "drive/v3/about?fields=storageQuota", null, "the account", cancellationToken);

    /// <summary>Asks for a part of a file; null when there is no file of that id. The caller disposes the answer.</summary>
    public async Task<HttpResponseMessage?> DownloadAsync(
        string id, long offset, long? length, string what, CancellationToken cancellationToken)
    {
        var response = await http.SendAsync(
            () =>
            {
                var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"{Origin}drive/v3/files/{Uri.EscapeDataString(id)}?alt=media"));
                RangedDownload.Ask(request, offset, length);
                return request;
            },
            cancellationToken).ConfigureAwait(false);
        if (RangedDownload.IsAnswer(response))
            return response;
        using (response)
        {
            if (response.StatusCode == HttpStatusCode.NotFound)
                return null;
            throw await ErrorAsync(response, what, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Stores a small file by one request.</summary>
    public async Task<GoogleDriveFile> UploadAsync(
        string name, string parent, Func<CancellationToken, ValueTask<HttpContent>> content, string what, CancellationToken cancellationToken)
    {
        using var response = await http.SendAsync(
            async token =>
            {
                var media = await content(token).ConfigureAwait(false);
                media.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
                return new HttpRequestMessage(HttpMethod.Post, UploadAddress("multipart"))
                {
                    Content = new MultipartContent("related") { Json(Metadata(name, parent)), media },
                };
            },
            cancellationToken).ConfigureAwait(false);
        return GoogleDriveFile.Of(await AnswerAsync(response, what, cancellationToken).ConfigureAwait(false));
    }

    /// <summary>Begins a resumable upload and returns its address.</summary>
    public async Task<Uri> BeginUploadAsync(string name, string parent, long length, string what, CancellationToken cancellationToken)
    {
        using var response = await http.SendAsync(
            () => new HttpRequestMessage(HttpMethod.Post, UploadAddress("resumable"))
            {
                Content = Json(Metadata(name, parent)),
                Headers = { { "X-Upload-Content-Type", "application/octet-stream" }, { "X-Upload-Content-Length", $"{length}" } },
            },
            cancellationToken).ConfigureAwait(false);
        if (!response.IsSuccessStatusCode)
            throw await ErrorAsync(response, what, cancellationToken).ConfigureAwait(false);
        // The token goes along, so not to anywhere.
        return response.Headers.Location is { IsAbsoluteUri: true, Scheme: "https", Host: "www.googleapis.com" } session
            ? session
            : throw new CloudException(CloudErrorKind.Corrupt, "Google Drive began an upload at an address that makes no sense.");
    }

    /// <summary>Sends a part of a resumable upload. Returns the file when it was the last one, else null.</summary>
    public async Task<GoogleDriveFile?> ContinueUploadAsync(
        Uri session, long offset, long count, long length, Func<CancellationToken, ValueTask<HttpContent>> content, string what,
        CancellationToken cancellationToken)
    {
        using var response = await http.SendAsync(
            async token =>
            {
                var part = await content(token).ConfigureAwait(false);
                part.Headers.ContentRange = new ContentRangeHeaderValue(offset, offset + count - 1, length);
                return new HttpRequestMessage(HttpMethod.Put, session) { Content = part };
            },
            cancellationToken).ConfigureAwait(false);
        switch (response.StatusCode)
        {
            case HttpStatusCode.PermanentRedirect:
                // "Resume incomplete": what is there so far. Less than was sent: the next try begins anew.
                return response.Headers.TryGetValues("Range", out var ranges) && ranges.SingleOrDefault() == $"bytes=0-{offset + count - 1}"
                    ? null
                    : throw new CloudException(CloudErrorKind.Transient, $"Google Drive lost a part of '{what}' on the way.");
            case HttpStatusCode.NotFound or HttpStatusCode.Gone:
                throw new CloudException(CloudErrorKind.Transient, $"Google Drive lost its place with '{what}'.");
            default:
                return GoogleDriveFile.Of(await AnswerAsync(response, what, cancellationToken).ConfigureAwait(false));
        }
    }

    public ValueTask DisposeAsync() => http.DisposeAsync();

    /// <summary>Quotes a text for a query: the backslash first, then the quote.</summary>
    public static string Quote(string text) => $"'{text.Replace(@"\", @"\\", StringComparison.Ordinal).Replace("'", @"\'", StringComparison.Ordinal)}'";

    private static JsonObject Metadata(string name, string parent) => new() { ["name"] = name, ["parents"] = new JsonArray(parent) };

    private static StringContent Json(JsonObject value) => new(value.ToJsonString(), new MediaTypeHeaderValue("application/json", "utf-8"));

    private static string FilePath(string id) => $"drive/v3/files/{Uri.EscapeDataString(id)}?fields={GoogleDriveFile.Fields}";

    private static Uri UploadAddress(string kind) => new($"{Origin}upload/drive/v3/files?uploadType={kind}&fields={GoogleDriveFile.Fields}");

    private async Task<JsonElement> CallAsync(
        HttpMethod method, string path, JsonObject? body, string what, CancellationToken cancellationToken)
    {
        using var response = await http.SendAsync(
            () => new HttpRequestMessage(method, new Uri(Origin + path)) { Content = body is null ? null : Json(body) }, cancellationToken)
            .ConfigureAwait(false);
        return await AnswerAsync(response, what, cancellationToken).ConfigureAwait(false);
    }

    private async Task<JsonElement> AnswerAsync(HttpResponseMessage response, string what, CancellationToken cancellationToken) =>
        response.IsSuccessStatusCode
            ? await Http.ReadJsonAsync(response, cancellationToken).ConfigureAwait(false)
            : throw await ErrorAsync(response, what, cancellationToken).ConfigureAwait(false);

    private async Task<CloudException> ErrorAsync(HttpResponseMessage response, string what, CancellationToken cancellationToken) =>
        GoogleDriveErrors.Of(Http, response, await Http.ReadErrorAsync(response, cancellationToken).ConfigureAwait(false), what);
}
