using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;
using CuckooDrive.Clouds.Http;

namespace CuckooDrive.Clouds.Providers.Dropbox;

/// <summary>
/// Requests of Dropbox's HTTP API v2 (https://www.dropbox.com/developers/documentation/http/documentation): calls with JSON, and
/// transfers with the arguments in a header. Thread safe.
/// </summary>
internal sealed class DropboxApi(AuthorizedHttp http) : IAsyncDisposable
{
    private static readonly Uri Rpc = new("https://api.dropboxapi.com/2/");
    private static readonly Uri Content = new("https://content.dropboxapi.com/2/");

    public CloudHttp Http => http.Http;

    /// <summary>Calls a route and returns its answer.</summary>
    /// <param name="what">What it is about, for messages.</param>
    public async Task<JsonElement> CallAsync(string route, JsonObject? argument, string what, CancellationToken cancellationToken)
    {
        using var response = await http.SendAsync(
            () => new HttpRequestMessage(HttpMethod.Post, new Uri(Rpc, route))
            {
                Content = argument is null ? null : new StringContent(argument.ToJsonString(), new MediaTypeHeaderValue("application/json")),
            },
            cancellationToken).ConfigureAwait(false);
        return await AnswerAsync(response, what, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Sends content to a route.</summary>
    /// <param name="content">Makes the body; called again when the login had to be renewed.</param>
    public async Task<JsonElement> UploadAsync(
        string route, JsonObject argument, Func<CancellationToken, ValueTask<HttpContent>> content, string what, CancellationToken cancellationToken)
    {
        using var response = await http.SendAsync(
            async token =>
            {
                var request = Transfer(route, argument);
                request.Content = await content(token).ConfigureAwait(false);
                request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
                return request;
            },
            cancellationToken).ConfigureAwait(false);
        return await AnswerAsync(response, what, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Asks for a part of a file; the caller disposes the answer.</summary>
    public async Task<HttpResponseMessage> DownloadAsync(
        string path, long offset, long? length, string what, CancellationToken cancellationToken)
    {
        var response = await http.SendAsync(
            () =>
            {
                var request = Transfer("files/download", new JsonObject { ["path"] = path });
                RangedDownload.Ask(request, offset, length);
                return request;
            },
            cancellationToken).ConfigureAwait(false);
        if (RangedDownload.IsAnswer(response))
            return response;
        using (response)
        {
            var answer = await Http.ReadErrorAsync(response, cancellationToken).ConfigureAwait(false);
            throw DropboxErrors.Of(Http, response, answer, what);
        }
    }

    /// <summary>Describes what lies at a path, or returns null when nothing does.</summary>
    public async Task<JsonElement?> DescribeAsync(string path, string what, CancellationToken cancellationToken)
    {
        try
        {
            return await CallAsync("files/get_metadata", new JsonObject { ["path"] = path }, what, cancellationToken).ConfigureAwait(false);
        }
        catch (CloudException failure) when (failure.Kind == CloudErrorKind.NotFound)
        {
            return null;
        }
    }

    public ValueTask DisposeAsync() => http.DisposeAsync();

    // A header holds ASCII only; the serializer escapes everything else.
    private static HttpRequestMessage Transfer(string route, JsonObject argument) =>
        new(HttpMethod.Post, new Uri(Content, route)) { Headers = { { "Dropbox-API-Arg", argument.ToJsonString() } } };

    private async Task<JsonElement> AnswerAsync(HttpResponseMessage response, string what, CancellationToken cancellationToken)
    {
        if (response.IsSuccessStatusCode)
            return await Http.ReadJsonAsync(response, cancellationToken).ConfigureAwait(false);
        throw DropboxErrors.Of(Http, response, await Http.ReadErrorAsync(response, cancellationToken).ConfigureAwait(false), what);
    }
}
