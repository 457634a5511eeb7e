using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using CuckooDrive.Testing.Clouds;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace CuckooDrive.Testing.Emulators;

/// <summary>
/// A Box account behind its API 2.0, as far as files go: ids, pages by marker and by offset, the check before an upload, direct
/// and chunked uploads with SHA-1, redirects to another host, trash, quota. Thread safe.
/// </summary>
public sealed class BoxEmulator : CloudEmulator
{
    internal const string ApiHost = "api.box.com";
    internal const string UploadHost = "upload.box.com";
    internal const string DownloadHost = "dl.boxcloud.com";

    private readonly TemporaryFolder _folder = new();
    private readonly BoxUploads _uploads;
    private readonly EmulatorLinks _links = new();

    public BoxEmulator() : base(ApiHost, "account.box.com", UploadHost, DownloadHost)
    {
        Tree = new EmulatedTree("0", number => (900_000_000_000 + number).ToString(CultureInfo.InvariantCulture), () => Quota)
        {
            TrashCounts = true,
        };
        _uploads = new BoxUploads(this, _folder);
        Login.IsRotating = true;
        Login.NeedsSecret = true;
    }

    /// <summary>The most items of a page, whatever the client asks for.</summary>
    public int PageSize { get; set; } = 1000;

    /// <summary>How often a commit is told to come again before it is done.</summary>
    public int UnreadyCommits { get; set; }

    /// <summary>Whether the SHA-1 that is told is not that of the content.</summary>
    public bool ReportsWrongHash { get; set; }

    /// <summary>Whether uploads by one request must bring their SHA-1, which Box leaves to the client.</summary>
    public bool RequiresDigests { get; set; }

    /// <summary>Whether nobody may remove anything from the trash.</summary>
    public bool ProtectsTrash { get; set; }

    /// <summary>How many requests brought an access token to a host that must not see it.</summary>
    public int LeakedTokens { get; private set; }

    /// <summary>How many upload sessions are open.</summary>
    public int OpenSessions => _uploads.OpenSessions;

    /// <summary>Bytes in use, with the trash.</summary>
    public long Used => Tree.Used;

    internal EmulatedTree Tree { get; }

    /// <summary>Ends all addresses to download from.</summary>
    public void ExpireLinks() => _links.Clear();

    /// <summary>Moves a folder at the top of the account to the trash, as its owner may do at any time.</summary>
    public void RemoveFolder(string name)
    {
        if (Tree.Find(Tree.Root, name) is { } folder)
            Tree.Trash(folder);
    }

    protected override void Map(WebApplication application)
    {
        Login.Map(application, "/api/oauth2/authorize", "/oauth2/token");
        var api = application.MapGroup("/2.0").RequireHost(ApiHost);
        // rclone asks with a slash at the end.
        api.MapMethods("/files/content", ["OPTIONS"], CheckAsync);
        api.MapGet("/folders/{id}", (HttpContext context, string id) => DescribeAsync(context, id, isFolder: true));
        api.MapGet("/folders/{id}/items", ListAsync);
        api.MapPost("/folders", CreateFolderAsync);
        api.MapPut("/folders/{id}", (HttpContext context, string id) => ChangeAsync(context, id, isFolder: true));
        api.MapDelete("/folders/{id}", DeleteFolderAsync);
        api.MapGet("/files/{id}", (HttpContext context, string id) => DescribeAsync(context, id, isFolder: false));
        api.MapGet("/files/{id}/content", DownloadAsync);
        api.MapPut("/files/{id}", (HttpContext context, string id) => ChangeAsync(context, id, isFolder: false));
        api.MapDelete("/files/{id}", DeleteFileAsync);
        api.MapDelete("/files/{id}/trash", PurgeAsync);
        api.MapGet("/users/me", DescribeUserAsync);
        _ = application.MapGet("/d/{id}", (HttpContext context, string id) => _links.ServeAsync(context, id)).RequireHost(DownloadHost);
        // This runs before the constructor that sets the field.
        var upload = application.MapGroup("/api/2.0/files").RequireHost(UploadHost);
        upload.MapPost("/content", context => _uploads.CreateAsync(context));
        upload.MapPost("/{id}/content", (HttpContext context, string id) => _uploads.ReplaceAsync(context, id));
        upload.MapPost("/upload_sessions", context => _uploads.BeginAsync(context));
        upload.MapGet("/upload_sessions/{id}", (HttpContext context, string id) => _uploads.DescribeAsync(context, id));
        upload.MapGet("/upload_sessions/{id}/parts", (HttpContext context, string id) => _uploads.ListPartsAsync(context, id));
        upload.MapPut("/upload_sessions/{id}", (HttpContext context, string id) => _uploads.AddPartAsync(context, id));
        upload.MapPost("/upload_sessions/{id}/commit", (HttpContext context, string id) => _uploads.CommitAsync(context, id));
        upload.MapDelete("/upload_sessions/{id}", (HttpContext context, string id) => _uploads.AbortAsync(context, id));
    }

    protected override bool IsOpenToAll(HttpRequest request)
    {
        var host = request.Host.Host;
        if (host == DownloadHost && request.Headers.Authorization.Count > 0)
            LeakedTokens++;
        return host is DownloadHost or "account.box.com" || request.Path == "/oauth2/token";
    }

    protected override Task RefuseAsync(HttpContext context, TokenState state)
    {
        // Box says it in a header, and sends no body.
        context.Response.StatusCode = 401;
        context.Response.Headers.WWWAuthenticate =
            "Bearer realm=\"Service\", error=\"invalid_token\", error_description=\"The access token provided is invalid.\"";
        return Task.CompletedTask;
    }

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing)
            _folder.Dispose();
    }

    internal static Task ErrorAsync(HttpContext context, int status, string code, JsonNode? contextInfo = null)
    {
        var error = new JsonObject
        {
            ["type"] = "error",
            ["status"] = status,
            ["code"] = code,
            ["help_url"] = "https://developer.box.com/guides/api-calls/permissions-and-errors/common-errors/",
            ["message"] = code.Replace('_', ' '),
            ["request_id"] = "emulated",
        };
        if (contextInfo is not null)
            error["context_info"] = contextInfo;
        return JsonAsync(context, status, error);
    }

    internal static Task JsonAsync(HttpContext context, int status, JsonNode body)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(body.ToJsonString(EmulatorJson.Plain), context.RequestAborted);
    }

    internal static async Task<JsonObject> ReadAsync(HttpContext context)
    {
        try
        {
            return await JsonSerializer.DeserializeAsync<JsonObject>(context.Request.Body, cancellationToken: context.RequestAborted) ?? [];
        }
        catch (JsonException)
        {
            return [];
        }
    }

    /// <summary>https://support.box.com/hc/articles/360044196993: what a name may not be.</summary>
    internal static bool IsAllowed(string name) => name.Length is > 0 and <= 255 && name is not ("." or "..") &&
        name == name.Trim(' ') && !name.AsSpan().ContainsAny('/', '\\') && !name.Any(char.IsControl);

    internal JsonObject Describe(TreeNode node)
    {
        var modified = node.Modified.ToUniversalTime().ToString("yyyy-MM-ddTHH:mm:sszzz", CultureInfo.InvariantCulture);
        var item = new JsonObject
        {
            ["type"] = node.IsFolder ? "folder" : "file",
            ["id"] = node.Id,
            ["sequence_id"] = $"{node.Version - 1}",
            ["etag"] = $"{node.Version - 1}",
            ["name"] = node.Name,
            ["size"] = node.Size,
            ["created_at"] = modified,
            ["modified_at"] = modified,
            ["content_created_at"] = modified,
            ["content_modified_at"] = modified,
            ["item_status"] = node.IsTrashed ? "trashed" : "active",
        };
        if (node.Parent is { } parent)
            item["parent"] = new JsonObject { ["type"] = "folder", ["id"] = parent.Id, ["name"] = parent.Name };
        if (node.Content is { } content)
            item["sha1"] = ReportsWrongHash ? new string('0', 40) : content.Sha1;
        return item;
    }

    /// <summary>What is told of the item that has a name already: no size and no times.</summary>
    internal JsonObject DescribeShort(TreeNode node)
    {
        var item = Describe(node);
        foreach (var name in new[] { "size", "created_at", "modified_at", "content_created_at", "content_modified_at", "item_status", "parent" })
            item.Remove(name);
        return item;
    }

    private async Task CheckAsync(HttpContext context)
    {
        var body = await ReadAsync(context);
        var name = body["name"]?.GetValue<string>() ?? "";
        var size = body["size"]?.GetValue<long>() ?? 0;
        var parent = Tree.Find(body["parent"]?["id"]?.GetValue<string>() ?? "");
        if (!IsAllowed(name))
            await ErrorAsync(context, 400, "item_name_invalid");
        else if (parent is not { IsFolder: true })
            await ErrorAsync(context, 404, "not_found");
        else if (Tree.Used + size > Quota || (size == 0 && Tree.Used >= Quota))
            await ErrorAsync(context, 403, "storage_limit_exceeded");
        else if (Tree.Find(parent, name) is { } existing)
            await ErrorAsync(context, 409, "item_name_in_use", new JsonObject { ["conflicts"] = DescribeShort(existing) });
        else
            await JsonAsync(context, 200, new JsonObject { ["upload_token"] = null, ["upload_url"] = $"https://{UploadHost}/api/2.0/files/content" });
    }

    private Task DescribeAsync(HttpContext context, string id, bool isFolder) =>
        Tree.Find(id) is { } node && node.IsFolder == isFolder
            ? JsonAsync(context, 200, Describe(node))
            : ErrorAsync(context, 404, Tree.FindTrashed(id) is null ? "not_found" : "trashed");

    private Task ListAsync(HttpContext context, string id)
    {
        if (Tree.Find(id) is not { IsFolder: true } folder)
            return ErrorAsync(context, 404, "not_found");
        var query = context.Request.Query;
        var limit = int.TryParse(query["limit"], CultureInfo.InvariantCulture, out var asked) ? Math.Min(asked, PageSize) : Math.Min(100, PageSize);
        var answer = new JsonObject { ["limit"] = limit };
        List<TreeNode> page;
        if (query["usemarker"] == "true")
        {
            var after = long.TryParse(query["marker"], CultureInfo.InvariantCulture, out var marker) ? marker : 0;
            page = Tree.Page(folder, after, limit);
            answer["next_marker"] = page.Count == limit ? $"{page[^1].Number}" : null;
        }
        else
        {
            var offset = int.TryParse(query["offset"], CultureInfo.InvariantCulture, out var start) ? start : 0;
            var all = Tree.Page(folder, 0, int.MaxValue);
            page = [.. all.OrderBy(node => !node.IsFolder).ThenBy(node => node.Name, StringComparer.OrdinalIgnoreCase).Skip(offset).Take(limit)];
            answer["total_count"] = all.Count;
            answer["offset"] = offset;
        }
        answer["entries"] = new JsonArray([.. page.Select(Describe)]);
        return JsonAsync(context, 200, answer);
    }

    private async Task CreateFolderAsync(HttpContext context)
    {
        var body = await ReadAsync(context);
        var name = body["name"]?.GetValue<string>() ?? "";
        var parent = Tree.Find(body["parent"]?["id"]?.GetValue<string>() ?? "");
        if (!IsAllowed(name))
        {
            await ErrorAsync(context, 400, "item_name_invalid");
            return;
        }
        var (outcome, node) = parent is { IsFolder: true } ? Tree.Add(parent, name, null) : (TreeOutcome.Gone, Tree.Root);
        await (outcome switch
        {
            TreeOutcome.Done => JsonAsync(context, 201, Describe(node)),
            TreeOutcome.Exists => ErrorAsync(
                context, 409, "item_name_in_use", new JsonObject { ["conflicts"] = new JsonArray(DescribeShort(node)) }),
            _ => ErrorAsync(context, 404, "not_found"),
        });
    }

    private async Task ChangeAsync(HttpContext context, string id, bool isFolder)
    {
        var body = await ReadAsync(context);
        if (Tree.Find(id) is not { } node || node.IsFolder != isFolder || node == Tree.Root)
        {
            await ErrorAsync(context, 404, "not_found");
            return;
        }
        var name = body["name"]?.GetValue<string>() ?? node.Name;
        var parent = body["parent"]?["id"]?.GetValue<string>() is { } parentId ? Tree.Find(parentId) : node.Parent;
        if (body["content_modified_at"]?.GetValue<string>() is { } modified)
            node.Modified = DateTimeOffset.Parse(modified, CultureInfo.InvariantCulture);
        var outcome = parent is null ? TreeOutcome.Gone : Tree.Move(node, parent, name);
        await (outcome switch
        {
            TreeOutcome.Done => JsonAsync(context, 200, Describe(node)),
            TreeOutcome.Exists => ErrorAsync(
                context, 409, "item_name_in_use", new JsonObject { ["conflicts"] = DescribeShort(Tree.Find(parent!, name)!) }),
            _ => ErrorAsync(context, 404, "not_found"),
        });
    }

    private Task DeleteFolderAsync(HttpContext context, string id)
    {
        if (Tree.Find(id) is not { IsFolder: true } folder || folder == Tree.Root)
            return ErrorAsync(context, 404, "not_found");
        if (Tree.Page(folder, 0, 1).Count > 0 && context.Request.Query["recursive"] != "true")
            return ErrorAsync(context, 400, "folder_not_empty");
        Tree.Trash(folder);
        context.Response.StatusCode = 204;
        return Task.CompletedTask;
    }

    private Task DownloadAsync(HttpContext context, string id)
    {
        if (Tree.Find(id) is not { IsFolder: false } node)
            return ErrorAsync(context, 404, "not_found");
        context.Response.Redirect($"https://{DownloadHost}/d/{_links.Add(node)}");
        return Task.CompletedTask;
    }

    private Task DeleteFileAsync(HttpContext context, string id)
    {
        if (Tree.Find(id) is not { IsFolder: false } node || !Tree.Trash(node))
            return ErrorAsync(context, 404, "not_found");
        context.Response.StatusCode = 204;
        return Task.CompletedTask;
    }

    private Task PurgeAsync(HttpContext context, string id)
    {
        if (Tree.FindTrashed(id) is not { } node)
            return ErrorAsync(context, 404, "not_found");
        if (ProtectsTrash)
            return ErrorAsync(context, 403, "access_denied_insufficient_permissions");
        Tree.Purge(node);
        context.Response.StatusCode = 204;
        return Task.CompletedTask;
    }

    private Task DescribeUserAsync(HttpContext context) => JsonAsync(context, 200, new JsonObject
    {
        ["type"] = "user",
        ["id"] = "1",
        ["name"] = "Emulated",
        ["login"] = "emulated@example.com",
        // As Box does with large numbers.
        ["space_amount"] = (double)Quota,
        ["space_used"] = (double)Tree.Used,
        ["max_upload_size"] = 262_144_000,
    });
}
