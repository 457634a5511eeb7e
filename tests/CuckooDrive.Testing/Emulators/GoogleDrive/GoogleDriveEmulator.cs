using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using CuckooDrive.Clouds;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace CuckooDrive.Testing.Emulators.GoogleDrive;

/// <summary>
/// The Drive API v3 as far as files need it: items by ids, with names that may occur twice, a search language, pages, multipart
/// and resumable uploads, ranged downloads, a trash, quota, and errors with their reasons.
/// </summary>
public sealed partial class GoogleDriveEmulator() : CloudEmulator("www.googleapis.com", "oauth2.googleapis.com", "accounts.google.com")
{
    private const string RootId = "0AAroot";

    private readonly Lock _gate = new();
    private readonly Dictionary<string, GoogleDriveItem> _items = [];
    private readonly List<GoogleDriveItem> _order = [];
    private readonly BlobStore _blobs = new();
    private readonly ConcurrentDictionary<string, Queue<GoogleDriveItem>> _pages = new();
    private int _ids;

    /// <summary>The most files of one page.</summary>
    public int PageSize { get; set; } = 1000;

    /// <summary>Whether uploads are stored with the hash of something else.</summary>
    public bool DamagesUploads { get; set; }

    /// <summary>Puts a further file of any name into a folder, as another client may; returns its id.</summary>
    public string AddFile(string name, string parentId, byte[] content)
    {
        var item = new GoogleDriveItem(NewId(), name, "application/octet-stream", parentId)
        {
            Content = new Blob([CloudContent.FromMemory(content)]),
            Md5 = Convert.ToHexStringLower(System.Security.Cryptography.MD5.HashData(content)),
        };
        lock (_gate)
            Add(item);
        return item.Id;
    }

    /// <summary>Makes a folder of any name, also one that is there; returns its id.</summary>
    public string AddFolder(string name, string? parentId = null)
    {
        var item = new GoogleDriveItem(NewId(), name, GoogleDriveItem.FolderType, parentId ?? RootId);
        lock (_gate)
            Add(item);
        return item.Id;
    }

    /// <summary>The ids of all items of a name that are not in the trash, oldest first.</summary>
    public IReadOnlyList<string> Find(string name)
    {
        lock (_gate)
            return [.. _order.Where(item => item.Name == name && !IsTrashed(item)).Select(item => item.Id)];
    }

    /// <summary>Moves an item to the trash or takes it away, with all below it, as a user does in the browser.</summary>
    public void Remove(string id, bool toTrash)
    {
        lock (_gate)
        {
            if (toTrash)
                _items[id].IsTrashed = true;
            else
                Delete(id);
        }
    }

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing)
            _blobs.Dispose();
    }

    protected override void Map(WebApplication application)
    {
        Login.Map(application, "/o/oauth2/v2/auth", "/token");
        Route(application, "GET", "/drive/v3/about", About);
        Route(application, "GET", "/drive/v3/files", List);
        Route(application, "POST", "/drive/v3/files", (context, body) => Create(context, body));
        Route(application, "PATCH", "/drive/v3/files/{id}", Update);
        Route(application, "DELETE", "/drive/v3/files/{id}", (context, _) =>
        {
            Delete(Find(context).Id);
            return null;
        });
        application.MapGet("/drive/v3/files/{id}", GetAsync);
        MapUploads(application);
    }

    protected override bool IsOpenToAll(HttpRequest request) => request.Path == "/token" || request.Path == "/o/oauth2/v2/auth";

    protected override Task RefuseAsync(HttpContext context, TokenState state) =>
        AnswerAsync(context, new GoogleDriveFailure(StatusCodes.Status401Unauthorized, "authError").Answer, StatusCodes.Status401Unauthorized);

    private void Route(WebApplication application, string method, string route, Func<HttpContext, JsonElement, JsonObject?> handle) =>
        application.MapMethods(route, [method], async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body, context.RequestAborted);
            var argument = body.Length == 0 ? default : JsonElement.Parse(body.GetBuffer().AsSpan(0, (int)body.Length));
            await ServeAsync(context, () => handle(context, argument));
        });

    private async Task ServeAsync(HttpContext context, Func<JsonObject?> handle)
    {
        try
        {
            JsonObject? answer;
            lock (_gate)
                answer = handle();
            await AnswerAsync(context, answer, answer is null ? StatusCodes.Status204NoContent : StatusCodes.Status200OK);
        }
        catch (GoogleDriveFailure failure)
        {
            await AnswerAsync(context, failure.Answer, failure.Status);
        }
        catch (FormatException)
        {
            await AnswerAsync(context, new GoogleDriveFailure(400, "invalid").Answer, 400);
        }
    }

    private static async Task AnswerAsync(HttpContext context, JsonObject? answer, int status)
    {
        context.Response.StatusCode = status;
        if (answer is null)
            return;
        context.Response.ContentType = "application/json; charset=UTF-8";
        await context.Response.WriteAsync(answer.ToJsonString(), context.RequestAborted);
    }

    private async Task GetAsync(HttpContext context)
    {
        if (context.Request.Query["alt"] != "media")
        {
            await ServeAsync(context, () => Describe(Find(context), FieldsOf(context)));
            return;
        }
        Blob? content;
        try
        {
            lock (_gate)
                content = Find(context).Content ?? throw new GoogleDriveFailure(403, "fileNotDownloadable");
        }
        catch (GoogleDriveFailure failure)
        {
            await AnswerAsync(context, failure.Answer, failure.Status);
            return;
        }
        await BlobAnswer.SendAsync(context, content);
    }

    private JsonObject About(HttpContext context, JsonElement argument) => context.Request.Query.ContainsKey("fields")
        ? new JsonObject
        {
            ["user"] = new JsonObject { ["displayName"] = "Test", ["emailAddress"] = "test@example.com" },
            ["storageQuota"] = new JsonObject
            {
                ["limit"] = Print(Quota),
                ["usage"] = Print(Used),
                ["usageInDrive"] = Print(Used),
                ["usageInDriveTrash"] = "0",
            },
        }
        : throw new GoogleDriveFailure(400, "required");

    private JsonObject List(HttpContext context, JsonElement argument)
    {
        var query = context.Request.Query;
        if (query["pageToken"].ToString() is not { Length: > 0 } token)
        {
            var text = query["q"].ToString();
            var (matches, parents) = GoogleDriveQuery.Parse(text, RootId, IsTrashed);
            // A question about a folder that does not exist is an error, not an empty list.
            if (parents.Any(id => id != RootId && !_items.ContainsKey(id)))
                throw new GoogleDriveFailure(404, "notFound");
            token = NewId();
            // Oldest first is the order of creation here.
            _pages[token] = new Queue<GoogleDriveItem>(_order.Where(matches));
        }
        if (!_pages.TryGetValue(token, out var left))
            throw new GoogleDriveFailure(400, "invalid");
        var most = Math.Min(PageSize, int.TryParse(query["pageSize"], CultureInfo.InvariantCulture, out var asked) ? asked : 100);
        var files = new JsonArray();
        while (files.Count < most && left.TryDequeue(out var item))
        {
            if (_items.ContainsKey(item.Id))
                files.Add(Describe(item, FieldsOf(context)));
        }
        var answer = new JsonObject { ["kind"] = "drive#fileList", ["incompleteSearch"] = false, ["files"] = files };
        if (left.Count > 0)
            answer["nextPageToken"] = token;
        else
            _pages.TryRemove(token, out _);
        return answer;
    }

    private JsonObject Create(HttpContext context, JsonElement metadata)
    {
        var item = NewItem(metadata);
        if (item.MimeType != GoogleDriveItem.FolderType)
            item.Content = Blob.Empty;
        Add(item);
        return Describe(item, FieldsOf(context));
    }

    private JsonObject Update(HttpContext context, JsonElement metadata)
    {
        var item = Find(context);
        Change(item, metadata);
        if (context.Request.Query["addParents"].ToString() is { Length: > 0 } parent)
            item.Parent = parent == "root" ? RootId : parent;
        return Describe(item, FieldsOf(context));
    }

    private static void Change(GoogleDriveItem item, JsonElement metadata)
    {
        if (metadata.ValueKind != JsonValueKind.Object)
            return;
        if (metadata.TryGetProperty("name", out var name))
            item.Name = name.GetString()!;
        if (metadata.TryGetProperty("trashed", out var trashed))
            item.IsTrashed = trashed.GetBoolean();
        if (metadata.TryGetProperty("modifiedTime", out var modified))
            item.Modified = modified.GetDateTimeOffset();
    }

    private GoogleDriveItem NewItem(JsonElement metadata)
    {
        var parent = metadata.TryGetProperty("parents", out var parents) && parents.GetArrayLength() > 0 ? parents[0].GetString()! : "root";
        parent = parent == "root" ? RootId : parent;
        if (parent != RootId && !_items.ContainsKey(parent))
            throw new GoogleDriveFailure(404, "notFound");
        var type = metadata.TryGetProperty("mimeType", out var value) ? value.GetString()! : "application/octet-stream";
        var item = new GoogleDriveItem(NewId(), metadata.GetProperty("name").GetString()!, type, parent);
        Change(item, metadata);
        return item;
    }

    private GoogleDriveItem Find(HttpContext context)
    {
        var id = (string)context.Request.RouteValues["id"]!;
        if (id == "root" || id == RootId)
            return new GoogleDriveItem(RootId, "My Drive", GoogleDriveItem.FolderType, "");
        return _items.TryGetValue(id, out var item) ? item : throw new GoogleDriveFailure(404, "notFound");
    }

    private void Add(GoogleDriveItem item)
    {
        _items.Add(item.Id, item);
        _order.Add(item);
    }

    private void Delete(string id)
    {
        foreach (var child in _order.Where(item => item.Parent == id).ToList())
            Delete(child.Id);
        if (_items.Remove(id, out var gone))
            _order.Remove(gone);
    }

    private bool IsTrashed(GoogleDriveItem item) =>
        item.IsTrashed || (_items.TryGetValue(item.Parent, out var parent) && IsTrashed(parent));

    private JsonObject Describe(GoogleDriveItem item, string? fields) => item.Describe(fields, IsTrashed(item));

    private long Used => _order.Sum(item => item.Content?.Length ?? 0);

    private string NewId() => $"1id{Interlocked.Increment(ref _ids):x8}";

    private static string? FieldsOf(HttpContext context) => context.Request.Query["fields"].FirstOrDefault();

    private static string Print(long number) => number.ToString(CultureInfo.InvariantCulture);
}
