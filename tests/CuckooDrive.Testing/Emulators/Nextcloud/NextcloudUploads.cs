using System.Collections.Concurrent;
using System.Globalization;
using CuckooDrive.Testing.Clouds;
using Microsoft.AspNetCore.Http;

namespace CuckooDrive.Testing.Emulators.Nextcloud;

/// <summary>
/// Uploads in chunks. Version 2 is what begins with a Destination: then every request must have the same one, chunks are numbers
/// from 1 to 10000 and of 5 MB to 5 GB but for the last. Version 1 takes any names. Thread safe for different uploads.
/// </summary>
internal sealed class NextcloudUploads(NextcloudFiles files, TemporaryFolder folder)
{
    public const string Root = $"/remote.php/dav/uploads/{NextcloudEmulator.User}";
    private const long SmallestChunk = 5_000_000;
    private const long LargestChunk = 5_000_000_000;

    private readonly ConcurrentDictionary<string, Upload> _uploads = new();

    public int Open => _uploads.Count;

    public async Task ServeAsync(HttpContext context)
    {
        var request = context.Request;
        var (id, chunk) = ((string)request.RouteValues["upload"]!, request.RouteValues["chunk"] as string);
        var destination = NextcloudFiles.PathOf(request.Headers["Destination"].ToString());
        if (request.Method == "MKCOL" && chunk is null)
        {
            await NextcloudFiles.AnswerAsync(context, _uploads.TryAdd(id, new Upload(destination)) ? 201 : 405);
            return;
        }
        if (!_uploads.TryGetValue(id, out var upload))
        {
            await NextcloudFiles.AnswerAsync(context, 404);
            return;
        }
        switch (request.Method)
        {
            case "PUT" when chunk is not null && upload.Takes(chunk, destination):
                var content = new StoredContent(folder);
                await content.AppendAsync(request.Body, context.RequestAborted);
                await NextcloudFiles.AnswerAsync(context, upload.Chunks.TryAdd(chunk, content) ? 201 : 204);
                break;
            case "MOVE" when chunk == ".file" && destination is { Length: > 0 } && upload.IsFor(destination):
                await AssembleAsync(context, id, upload, destination);
                break;
            case "DELETE" when chunk is null:
                Remove(id);
                await NextcloudFiles.AnswerAsync(context, 204);
                break;
            default:
                await NextcloudFiles.AnswerAsync(context, 400);
                break;
        }
    }

    private async Task AssembleAsync(HttpContext context, string id, Upload upload, string destination)
    {
        var chunks = upload.InOrder();
        var said = context.Request.Headers["OC-Total-Length"].ToString();
        var total = chunks.Sum(each => each.Length);
        if ((said.Length > 0 && said != total.ToString(CultureInfo.InvariantCulture)) ||
            (upload.IsSecond && (chunks.Any(each => each.Length > LargestChunk) || chunks.SkipLast(1).Any(each => each.Length < SmallestChunk))))
        {
            await NextcloudFiles.AnswerAsync(context, 400);
            return;
        }
        var whole = new StoredContent(folder);
        foreach (var chunk in chunks)
        {
            await using var source = chunk.Open();
            await whole.AppendAsync(source, context.RequestAborted);
        }
        await files.StoreAsync(context, destination, whole);
        if (context.Response.StatusCode < 300)
            Remove(id);
    }

    private void Remove(string id)
    {
        if (!_uploads.TryRemove(id, out var upload))
            return;
        foreach (var chunk in upload.Chunks.Values)
            chunk.Delete();
    }

    private sealed class Upload(string? destination)
    {
        public ConcurrentDictionary<string, StoredContent> Chunks { get; } = new();

        public bool IsSecond => destination is not null;

        public bool IsFor(string? path) => destination is null || path == destination;

        public bool Takes(string chunk, string? path) => chunk != ".file" && IsFor(path) && (!IsSecond ||
            (int.TryParse(chunk, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is >= 1 and <= 10_000));

        public List<StoredContent> InOrder() => [.. Chunks
            .OrderBy(each => long.TryParse(each.Key, CultureInfo.InvariantCulture, out var number) ? number : long.MaxValue)
            .ThenBy(each => each.Key, StringComparer.Ordinal)
            .Select(each => each.Value)];
    }
}
