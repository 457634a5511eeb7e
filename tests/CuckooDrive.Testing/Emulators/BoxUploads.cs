using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json.Nodes;
using CuckooDrive.Testing.Clouds;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace CuckooDrive.Testing.Emulators;

/// <summary>The uploads of <see cref="BoxEmulator"/>: by one request or by a session.</summary>
internal sealed class BoxUploads(BoxEmulator emulator, TemporaryFolder folder)
{
    private const long LargestDirect = 50_000_000;
    private const long SmallestSession = 20_000_000;
    private const int PartSize = 8 << 20;

    private readonly ConcurrentDictionary<string, Session> _sessions = new();

    public int OpenSessions => _sessions.Count;

    public async Task CreateAsync(HttpContext context)
    {
        if (await ReceiveAsync(context) is not var (attributes, content))
            return;
        var name = attributes["name"]?.GetValue<string>() ?? "";
        var parent = emulator.Tree.Find(attributes["parent"]?["id"]?.GetValue<string>() ?? "");
        await FinishAsync(context, parent, name, content, ModifiedOf(attributes));
    }

    public async Task ReplaceAsync(HttpContext context, string id)
    {
        if (await ReceiveAsync(context) is not var (attributes, content))
            return;
        if (emulator.Tree.Find(id) is not { IsFolder: false } node)
        {
            await BoxEmulator.ErrorAsync(context, 404, "not_found");
            return;
        }
        var outcome = emulator.Tree.Replace(node, content);
        node.Modified = ModifiedOf(attributes) ?? node.Modified;
        await (outcome == TreeOutcome.Done ? AnswerAsync(context, node) : BoxEmulator.ErrorAsync(context, 403, "storage_limit_exceeded"));
    }

    public async Task BeginAsync(HttpContext context)
    {
        var body = await BoxEmulator.ReadAsync(context);
        var name = body["file_name"]?.GetValue<string>() ?? "";
        var size = body["file_size"]?.GetValue<long>() ?? 0;
        var parent = emulator.Tree.Find(body["folder_id"]?.GetValue<string>() ?? "");
        if (parent is not { IsFolder: true })
        {
            await BoxEmulator.ErrorAsync(context, 404, "not_found");
        }
        else if (size < SmallestSession)
        {
            await BoxEmulator.ErrorAsync(context, 400, "file_size_too_small");
        }
        else if (emulator.Tree.Used + size > emulator.Quota)
        {
            await BoxEmulator.ErrorAsync(context, 403, "storage_limit_exceeded");
        }
        else if (emulator.Tree.Find(parent, name) is { } existing)
        {
            await BoxEmulator.ErrorAsync(
                context, 409, "item_name_in_use", new JsonObject { ["conflicts"] = emulator.DescribeShort(existing) });
        }
        else
        {
            var id = Guid.NewGuid().ToString("n").ToUpperInvariant();
            _sessions[id] = new Session(parent, name, size);
            await DescribeAsync(context, id, status: 201);
        }
    }

    public Task DescribeAsync(HttpContext context, string id, int status = 200)
    {
        if (!_sessions.TryGetValue(id, out var session))
            return BoxEmulator.ErrorAsync(context, 404, "not_found");
        var address = $"https://{BoxEmulator.UploadHost}/api/2.0/files/upload_sessions/{id}";
        return BoxEmulator.JsonAsync(context, status, new JsonObject
        {
            ["type"] = "upload_session",
            ["id"] = id,
            ["session_expires_at"] = DateTimeOffset.UtcNow.AddDays(7).ToString("yyyy-MM-ddTHH:mm:sszzz", CultureInfo.InvariantCulture),
            ["part_size"] = PartSize,
            ["total_parts"] = (session.Size + PartSize - 1) / PartSize,
            ["num_parts_processed"] = session.Parts.Count,
            ["session_endpoints"] = new JsonObject
            {
                ["list_parts"] = $"{address}/parts",
                ["commit"] = $"{address}/commit",
                ["upload_part"] = address,
                ["status"] = address,
                ["abort"] = address,
            },
        });
    }

    public Task ListPartsAsync(HttpContext context, string id)
    {
        if (!_sessions.TryGetValue(id, out var session))
            return BoxEmulator.ErrorAsync(context, 404, "not_found");
        JsonNode[] parts = [.. session.Parts.OrderBy(part => part.Key).Select(part => DescribePart(part.Key, part.Value))];
        return BoxEmulator.JsonAsync(context, 200, new JsonObject
        {
            ["entries"] = new JsonArray(parts),
            ["total_count"] = parts.Length,
            ["limit"] = 1000,
            ["offset"] = 0,
        });
    }

    public async Task AddPartAsync(HttpContext context, string id)
    {
        var part = new StoredContent(folder);
        await part.AppendAsync(context.Request.Body, context.RequestAborted);
        if (!_sessions.TryGetValue(id, out var session))
        {
            await BoxEmulator.ErrorAsync(context, 404, "not_found");
            return;
        }
        if (!ContentRangeHeaderValue.TryParse(context.Request.Headers.ContentRange.ToString(), out var range) ||
            range is not { From: { } from, To: { } to, Length: { } total } || total != session.Size || to - from + 1 != part.Length ||
            from % PartSize != 0 || part.Length != Math.Min(PartSize, total - from))
        {
            await BoxEmulator.ErrorAsync(context, 400, "invalid_content_range");
            return;
        }
        if (context.Request.Headers["Digest"] != DigestOf(part))
        {
            await BoxEmulator.ErrorAsync(context, 400, "bad_digest");
            return;
        }
        if (!session.Parts.TryAdd(from, part))
        {
            await BoxEmulator.ErrorAsync(context, 409, "part_already_exists");
            return;
        }
        await BoxEmulator.JsonAsync(context, 200, new JsonObject { ["part"] = DescribePart(from, part) });
    }

    public async Task CommitAsync(HttpContext context, string id)
    {
        var body = await BoxEmulator.ReadAsync(context);
        if (!_sessions.TryGetValue(id, out var session))
        {
            await BoxEmulator.ErrorAsync(context, 404, "not_found");
            return;
        }
        if (emulator.UnreadyCommits > 0)
        {
            emulator.UnreadyCommits--;
            context.Response.StatusCode = 202;
            context.Response.Headers.RetryAfter = "1";
            return;
        }
        var named = body["parts"]?.AsArray().Select(part => part?["part_id"]?.GetValue<string>()).ToHashSet() ?? [];
        var parts = session.Parts.OrderBy(part => part.Key).ToList();
        if (!named.SetEquals(parts.Select(part => PartIdOf(part.Key))) || parts.Sum(part => part.Value.Length) != session.Size)
        {
            await BoxEmulator.ErrorAsync(context, 400, "parts_mismatch");
            return;
        }
        var content = new StoredContent(folder);
        foreach (var (_, part) in parts)
        {
            await using var bytes = part.Open();
            await content.AppendAsync(bytes, CancellationToken.None);
        }
        if (context.Request.Headers["Digest"] != DigestOf(content))
        {
            await BoxEmulator.ErrorAsync(context, 400, "bad_digest");
            return;
        }
        await FinishAsync(context, session.Parent, session.Name, content, ModifiedOf(body["attributes"] as JsonObject ?? []));
        if (context.Response.StatusCode < 300)
            End(id);
    }

    public Task AbortAsync(HttpContext context, string id)
    {
        context.Response.StatusCode = End(id) ? 204 : 404;
        return Task.CompletedTask;
    }

    private static string PartIdOf(long offset) => offset.ToString("X8", CultureInfo.InvariantCulture);

    private static JsonObject DescribePart(long offset, StoredContent part) => new()
    {
        ["part_id"] = PartIdOf(offset),
        ["offset"] = offset,
        ["size"] = part.Length,
        ["sha1"] = part.Sha1,
    };

    private static string DigestOf(StoredContent content) => $"sha={Convert.ToBase64String(Convert.FromHexString(content.Sha1))}";

    private static DateTimeOffset? ModifiedOf(JsonObject attributes) =>
        attributes["content_modified_at"]?.GetValue<string>() is { } text ? DateTimeOffset.Parse(text, CultureInfo.InvariantCulture) : null;

    private bool End(string id)
    {
        if (!_sessions.TryRemove(id, out var session))
            return false;
        foreach (var part in session.Parts.Values)
            part.Delete();
        return true;
    }

    private Task AnswerAsync(HttpContext context, TreeNode node) => BoxEmulator.JsonAsync(
        context, 201, new JsonObject { ["total_count"] = 1, ["entries"] = new JsonArray(emulator.Describe(node)) });

    private Task FinishAsync(HttpContext context, TreeNode? parent, string name, StoredContent content, DateTimeOffset? modified)
    {
        if (!BoxEmulator.IsAllowed(name))
            return BoxEmulator.ErrorAsync(context, 400, "item_name_invalid");
        if (parent is not { IsFolder: true })
            return BoxEmulator.ErrorAsync(context, 404, "not_found");
        var (outcome, node) = emulator.Tree.Add(parent, name, content);
        if (outcome == TreeOutcome.Done)
            node.Modified = modified ?? node.Modified;
        return outcome switch
        {
            TreeOutcome.Done => AnswerAsync(context, node),
            TreeOutcome.Exists => BoxEmulator.ErrorAsync(
                context, 409, "item_name_in_use", new JsonObject { ["conflicts"] = emulator.DescribeShort(node) }),
            TreeOutcome.Full => BoxEmulator.ErrorAsync(context, 403, "storage_limit_exceeded"),
            _ => BoxEmulator.ErrorAsync(context, 404, "not_found"),
        };
    }

    /// <summary>The attributes and content of a form, or null when an error was answered.</summary>
    private async Task<(JsonObject Attributes, StoredContent Content)?> ReceiveAsync(HttpContext context)
    {
        var boundary = MultipartBoundary(context.Request.ContentType);
        if (boundary is null)
        {
            await BoxEmulator.ErrorAsync(context, 400, "bad_request");
            return null;
        }
        var reader = new MultipartReader(boundary, context.Request.Body);
        JsonObject? attributes = null;
        StoredContent? content = null;
        while (await reader.ReadNextSectionAsync(context.RequestAborted) is { } section)
        {
            var disposition = section.GetContentDispositionHeader();
            var name = HeaderUtilities.RemoveQuotes(disposition?.Name ?? "").ToString();
            if (name == "attributes" && content is null)
            {
                using var text = new StreamReader(section.Body);
                attributes = JsonNode.Parse(await text.ReadToEndAsync(context.RequestAborted)) as JsonObject;
            }
            else if (attributes is not null && content is null)
            {
                content = new StoredContent(folder);
                await content.AppendAsync(section.Body, context.RequestAborted);
            }
            else
            {
                await section.Body.CopyToAsync(Stream.Null, context.RequestAborted);
            }
        }
        if (attributes is null || content is null)
        {
            await BoxEmulator.ErrorAsync(context, 400, "metadata_after_file_contents");
            return null;
        }
        if (content.Length > LargestDirect)
        {
            await BoxEmulator.ErrorAsync(context, 413, "file_too_large_for_one_request");
            return null;
        }
        var md5 = context.Request.Headers.ContentMD5;
        if ((emulator.RequiresDigests || md5.Count > 0) && !md5.ToString().Equals(content.Sha1, StringComparison.OrdinalIgnoreCase))
        {
            await BoxEmulator.ErrorAsync(context, 400, "bad_digest");
            return null;
        }
        return (attributes, content);
    }

    private static string? MultipartBoundary(string? contentType) =>
        System.Net.Http.Headers.MediaTypeHeaderValue.TryParse(contentType, out var type) && type.MediaType == "multipart/form-data"
            ? type.Parameters.FirstOrDefault(parameter => parameter.Name == "boundary")?.Value?.Trim('"')
            : null;

    private sealed class Session(TreeNode parent, string name, long size)
    {
        public TreeNode Parent => parent;
        public string Name => name;
        public long Size => size;
        public ConcurrentDictionary<long, StoredContent> Parts { get; } = new();
    }
}
