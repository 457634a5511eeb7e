using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CuckooDrive.Clouds.Http;
using Microsoft.Extensions.Logging;

namespace CuckooDrive.Clouds.Providers.Box;

/// <summary>
/// Uploads a file: small ones by one request, large ones by a session (https://developer.box.com/guides/uploads/chunked/). The
/// object appears whole. Box compares the SHA-1 itself. Thread safe.
/// </summary>
internal sealed class BoxUpload(BoxClient client, TimeProvider time, ILogger logger)
{
    /// <summary>Box takes sessions from 20 MB on, and single requests up to 50 MB.</summary>
    private const long LargestDirect = 20_000_000;

    private const long LargestPart = 128 << 20;
    private const int MostCommits = 60;

    private static readonly TimeSpan AbortTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan ShortestWait = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);

    /// <summary>Returns the new file and the SHA-1 of what was sent.</summary>
    public Task<(BoxItem Item, byte[] Sha1)> RunAsync(
        string folderId, string leaf, string name, CloudContent content, CancellationToken cancellationToken) =>
        content.Length <= LargestDirect
            ? DirectAsync(folderId, leaf, name, content, cancellationToken)
            : SessionAsync(folderId, leaf, name, content, cancellationToken);

    private async Task<(BoxItem Item, byte[] Sha1)> DirectAsync(
        string folderId, string leaf, string name, CloudContent content, CancellationToken cancellationToken)
    {
        // Read twice, since the hash goes ahead of the content.
        var sha1 = (await ContentHash.ComputeAsync(CloudHashKind.Sha1, content, cancellationToken).ConfigureAwait(false))!;
        var attributes = new JsonObject { ["name"] = leaf, ["parent"] = new JsonObject { ["id"] = folderId } }.ToJsonString();
        await using var upload = new RestartableUpload(content, CloudHashKind.None);
        var response = await client.SendAsync(MakeAsync, cancellationToken).ConfigureAwait(false);
        return (FileOf(await client.ReadAsync(response, name, cancellationToken).ConfigureAwait(false)), sha1);

        async ValueTask<HttpRequestMessage> MakeAsync(CancellationToken token)
        {
            var file = await upload.WholeAsync(token).ConfigureAwait(false);
            var form = Form(attributes, file);
            // In spite of its name it holds the SHA-1.
            form.Headers.TryAddWithoutValidation("Content-MD5", Convert.ToHexStringLower(sha1));
            return new HttpRequestMessage(HttpMethod.Post, BoxClient.UploadAddress($"/files/content?{BoxItem.Fields}")) { Content = form };
        }
    }

    /// <summary>The attributes must come first.</summary>
    private static MultipartFormDataContent Form(string attributes, HttpContent file)
    {
        // Quotes are where browsers have them, which .NET does not by itself: what reads forms is not always strict.
        var boundary = Guid.NewGuid().ToString("n");
        var first = new StringContent(attributes, Encoding.UTF8, "application/json");
        first.Headers.ContentDisposition = new ContentDispositionHeaderValue("form-data") { Name = "\"attributes\"" };
        file.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        file.Headers.ContentDisposition = new ContentDispositionHeaderValue("form-data") { Name = "\"file\"", FileName = "\"file\"" };
        var form = new MultipartFormDataContent(boundary) { first, file };
        form.Headers.ContentType = MediaTypeHeaderValue.Parse($"multipart/form-data; boundary={boundary}");
        return form;
    }

    private async Task<(BoxItem Item, byte[] Sha1)> SessionAsync(
        string folderId, string leaf, string name, CloudContent content, CancellationToken cancellationToken)
    {
        await using var source = ContentReader.Open(content);
        var (id, partSize) = await BeginAsync(folderId, leaf, name, content.Length, cancellationToken).ConfigureAwait(false);
        try
        {
            using var whole = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
            var parts = new JsonArray();
            var buffer = ArrayPool<byte>.Shared.Rent(partSize);
            try
            {
                for (long position = 0; position < content.Length; position += partSize)
                {
                    var part = buffer.AsMemory(0, (int)Math.Min(partSize, content.Length - position));
                    await FillAsync(source, part, cancellationToken).ConfigureAwait(false);
                    whole.AppendData(part.Span);
                    parts.Add(await SendPartAsync(id, part, position, content.Length, name, cancellationToken).ConfigureAwait(false));
                }
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
            await source.FinishAsync(cancellationToken).ConfigureAwait(false);
            var sha1 = whole.GetHashAndReset();
            return (await CommitAsync(id, parts, sha1, name, cancellationToken).ConfigureAwait(false), sha1);
        }
        catch
        {
            await AbortAsync(id).ConfigureAwait(false);
            throw;
        }
    }

    private async Task<(string Id, int PartSize)> BeginAsync(
        string folderId, string leaf, string name, long length, CancellationToken cancellationToken)
    {
        var body = new JsonObject { ["folder_id"] = folderId, ["file_size"] = length, ["file_name"] = leaf };
        var answer = await client.AskAsync(
            HttpMethod.Post, BoxClient.UploadAddress("/files/upload_sessions"), body, name, cancellationToken).ConfigureAwait(false);
        return answer.TextOrNull("id") is { Length: > 0 } id && answer.NumberOrNull("part_size") is { } size and > 0 and <= LargestPart
            ? (id, (int)size)
            : throw new CloudException(CloudErrorKind.Corrupt, "Box began an upload in a way that makes no sense.");
    }

    private static async Task FillAsync(ContentReader source, Memory<byte> part, CancellationToken cancellationToken)
    {
        for (var filled = 0; filled < part.Length;)
            filled += await source.ReadAsync(part[filled..], cancellationToken).ConfigureAwait(false);
    }

    private async Task<JsonNode> SendPartAsync(
        string id, ReadOnlyMemory<byte> part, long position, long length, string name, CancellationToken cancellationToken)
    {
        var digest = Convert.ToBase64String(SHA1.HashData(part.Span));
        var response = await client.SendAsync(
            _ =>
            {
                var content = new ReadOnlyMemoryContent(part);
                content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
                content.Headers.ContentRange = new ContentRangeHeaderValue(position, position + part.Length - 1, length);
                var request = new HttpRequestMessage(HttpMethod.Put, SessionAddress(id)) { Content = content };
                request.Headers.TryAddWithoutValidation("Digest", $"sha={digest}");
                return ValueTask.FromResult(request);
            },
            cancellationToken).ConfigureAwait(false);
        var answer = await client.ReadAsync(response, name, cancellationToken).ConfigureAwait(false);
        return answer.Member("part") is { ValueKind: JsonValueKind.Object } accepted
            ? JsonObject.Create(accepted)!
            : throw new CloudException(CloudErrorKind.Corrupt, "Box accepted a part of an upload in a way that makes no sense.");
    }

    private async Task<BoxItem> CommitAsync(string id, JsonArray parts, byte[] sha1, string name, CancellationToken cancellationToken)
    {
        var body = new JsonObject { ["parts"] = parts }.ToJsonString();
        for (var attempt = 0; attempt < MostCommits; attempt++)
        {
            var response = await client.SendAsync(
                _ =>
                {
                    var request = new HttpRequestMessage(HttpMethod.Post, SessionAddress(id, "/commit"))
                    {
                        Content = new StringContent(body, Encoding.UTF8, "application/json"),
                    };
                    request.Headers.TryAddWithoutValidation("Digest", $"sha={Convert.ToBase64String(sha1)}");
                    return ValueTask.FromResult(request);
                },
                cancellationToken).ConfigureAwait(false);
            if (response.StatusCode != HttpStatusCode.Accepted)
                return FileOf(await client.ReadAsync(response, name, cancellationToken).ConfigureAwait(false));
            // The parts are still being put together.
            var asked = client.Plain.RetryAfter(response) ?? ShortestWait;
            response.Dispose();
            var wait = asked < ShortestWait ? ShortestWait : asked > LongestWait ? LongestWait : asked;
            await Task.Delay(wait, time, cancellationToken).ConfigureAwait(false);
        }
        throw new CloudException(CloudErrorKind.Transient, $"Box does not come to an end with putting '{name}' together.");
    }

    private async Task AbortAsync(string id)
    {
        using var timeout = new CancellationTokenSource(AbortTimeout, time);
        try
        {
            (await client.SendAsync(HttpMethod.Delete, SessionAddress(id), null, timeout.Token).ConfigureAwait(false)).Dispose();
        }
        catch (Exception exception) when (exception is CloudException or OperationCanceledException)
        {
            // The service ends it by itself after seven days; until then nothing of it is visible.
            logger.LogDebug(exception, "An upload session of Box could not be aborted.");
        }
    }

    private static Uri SessionAddress(string id, string suffix = "") =>
        BoxClient.UploadAddress($"/files/upload_sessions/{Uri.EscapeDataString(id)}{suffix}");

    private static BoxItem FileOf(JsonElement answer) => answer.Items("entries").Select(BoxItem.Parse).FirstOrDefault() ??
        throw new CloudException(CloudErrorKind.Corrupt, "Box stored a file without describing it.");
}
