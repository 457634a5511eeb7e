using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using CuckooDrive.Clouds.Http;

namespace CuckooDrive.Clouds.Providers.Rclone;

/// <summary>rclone's remote control for one remote: starts the program when it is needed, and anew when it died. Thread safe.</summary>
internal sealed class RcloneClient(string remote, CloudOpenOptions options) : IDisposable
{
    private readonly CloudHttp _http = new("rclone", options with { HttpHandler = null });
    private readonly SemaphoreSlim _starting = new(1);
    private volatile RcloneProcess? _process;

    /// <summary>What the remote can do, as <c>fsinfo</c> tells.</summary>
    public async Task<JsonElement> FeaturesAsync(CancellationToken cancellationToken) =>
        (await CallAsync("operations/fsinfo", [], cancellationToken).ConfigureAwait(false)).Member("Features") ?? default;

    /// <summary>A call about a path of the remote. Errors are those of the contract.</summary>
    public Task<JsonElement> CallAsync(string command, string path, CancellationToken cancellationToken) =>
        CallAsync(command, [new("remote", path)], cancellationToken);

    public Task MoveAsync(string source, string target, CancellationToken cancellationToken) => CallAsync(
        "operations/movefile",
        [new("srcFs", remote), new("srcRemote", source), new("dstFs", remote), new("dstRemote", target)],
        cancellationToken);

    /// <summary>Stores a file; what it had before is replaced.</summary>
    public async Task UploadAsync(string folder, string file, HttpContent content, CancellationToken cancellationToken)
    {
        using var form = new MultipartFormDataContent();
        form.Add(content, "file", file);
        var query = QueryString.Format([new("fs", remote), new("remote", folder)]);
        using var response = await SendAsync(HttpMethod.Post, $"operations/uploadfile?{query}", form, null, cancellationToken)
            .ConfigureAwait(false);
        await ReadAsync(response, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>A part of a file.</summary>
    public async Task<Stream> OpenAsync(string path, long offset, long? length, CancellationToken cancellationToken)
    {
        var range = offset > 0 || length is not null
            ? new RangeHeaderValue(offset, length is { } count ? offset + Math.Max(1, Math.Min(count, long.MaxValue - offset)) - 1 : null)
            : null;
        var response = await SendAsync(
            HttpMethod.Get, $"{Uri.EscapeDataString($"[{remote}]")}/{path}", null, range, cancellationToken).ConfigureAwait(false);
        if (response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable || IsEmptyPart(response))
        {
            response.Dispose();
            return Stream.Null;
        }
        if (!response.IsSuccessStatusCode)
        {
            using (response)
                await ReadAsync(response, cancellationToken).ConfigureAwait(false);
        }
        var skipped = response.StatusCode == HttpStatusCode.PartialContent ? 0 : offset;
        var body = await _http.OpenBodyAsync(response, response.Content.Headers.ContentLength, cancellationToken).ConfigureAwait(false);
        return range is null ? body : new PartStream(body, skipped, length);
    }

    public void Dispose()
    {
        _process?.Dispose();
        _http.Dispose();
        _starting.Dispose();
    }

    // Behind the end rclone answers with a part that ends before it begins, which is no proper header.
    private static bool IsEmptyPart(HttpResponseMessage response) =>
        response.StatusCode == HttpStatusCode.PartialContent && response.Content.Headers.ContentRange is null;

    private async Task<JsonElement> CallAsync(
        string command, KeyValuePair<string, string>[] values, CancellationToken cancellationToken)
    {
        var body = new Dictionary<string, string>(values) { ["fs"] = remote };
        // rclone takes no type with a character set for JSON.
        using var content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(body));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var response = await SendAsync(HttpMethod.Post, command, content, null, cancellationToken).ConfigureAwait(false);
        return await ReadAsync(response, cancellationToken).ConfigureAwait(false);
    }

    private async Task<JsonElement> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (response.IsSuccessStatusCode)
            return await _http.ReadJsonAsync(response, cancellationToken).ConfigureAwait(false);
        var error = await _http.ReadErrorAsync(response, cancellationToken).ConfigureAwait(false);
        throw RcloneErrors.Translate(remote, (int)response.StatusCode, error.TextOrNull("error") ?? "");
    }

    private async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, string path, HttpContent? content, RangeHeaderValue? range, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var process = _process is { HasEnded: false } running ? running : await StartAsync(cancellationToken).ConfigureAwait(false);
        using var request = new HttpRequestMessage(method, new Uri(process.Address, path)) { Content = content };
        request.Headers.Authorization = process.Login;
        request.Headers.Range = range;
        return await _http.SendAsync(request, cancellationToken).ConfigureAwait(false);
    }

    private async Task<RcloneProcess> StartAsync(CancellationToken cancellationToken)
    {
        await _starting.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_process is { HasEnded: false } running)
                return running;
            _process?.Dispose();
            _process = null;
            return _process = await RcloneProcess.StartAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _starting.Release();
        }
    }
}
