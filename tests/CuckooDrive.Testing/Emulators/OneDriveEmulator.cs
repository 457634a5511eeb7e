using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using CuckooDrive.Testing.Clouds;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebUtilities;

namespace CuckooDrive.Testing.Emulators;

/// <summary>
/// A OneDrive account behind Microsoft Graph v1.0, as far as files go: addressing by id and path, pages, redirects to
/// pre-authenticated addresses on another host, upload sessions, conflict behaviour, quota. Thread safe.
/// </summary>
public sealed partial class OneDriveEmulator : CloudEmulator
{
    public const string DriveId = "b!emulated-drive";

    /// <summary>Where the app's own folder lies, seen from the root of the drive.</summary>
    public const string AppFolder = "Apps/CuckooDrive";

    public const string UploadHost = "sn3302.up.1drv.com";
    public const string DownloadHost = "public.dm.files.1drv.com";

    private const long LargestPut = 250L << 20;

    private readonly TemporaryFolder _folder = new();
    private readonly EmulatedTree _tree;
    private readonly OneDriveSessions _sessions;
    private readonly EmulatorLinks _links = new();

    public OneDriveEmulator() : base("graph.microsoft.com", "login.microsoftonline.com", UploadHost, DownloadHost)
    {
        _tree = new EmulatedTree("EMU!101", number => $"EMU!{number + 1000}", () => Quota);
        _sessions = new OneDriveSessions(this, _folder);
    }

    /// <summary>As the accounts of work and school, which report another hash than personal ones did.</summary>
    public bool IsBusiness { get; set; } = true;

    /// <summary>How many bytes of each reported hash are wrong.</summary>
    public int WrongHashBytes { get; set; }

    /// <summary>The most items of a page, whatever the client asks for.</summary>
    public int PageSize { get; set; } = 1000;

    /// <summary>Sends the next page to another host, as an attacker in between would.</summary>
    public string? NextLinkHost { get; set; }

    /// <summary>How many requests brought an access token to a host that must not see it.</summary>
    public int LeakedTokens { get; internal set; }

    /// <summary>How many upload sessions are open.</summary>
    public int OpenSessions => _sessions.Count;

    internal EmulatedTree Tree => _tree;

    /// <summary>Ends all addresses to download from.</summary>
    public void ExpireLinks() => _links.Clear();

    /// <summary>Removes the app's folder with all that is in it.</summary>
    public void RemoveAppFolder()
    {
        if (Walk(_tree.Root, AppFolder.Split('/'), create: false) is { } folder)
            _tree.Trash(folder);
    }

    protected override void Map(WebApplication application)
    {
        Login.Map(application, "/{tenant}/oauth2/v2.0/authorize", "/{tenant}/oauth2/v2.0/token");
        application.Map("/v1.0/{**rest}", GraphAsync).RequireHost("graph.microsoft.com");
        application.Map("/up/{id}", (HttpContext context, string id) => _sessions.ServeAsync(context, id)).RequireHost(UploadHost);
        application.MapGet("/y/{id}", (HttpContext context, string id) => _links.ServeAsync(context, id)).RequireHost(DownloadHost);
    }

    protected override bool IsOpenToAll(HttpRequest request)
    {
        if (request.Host.Host is UploadHost or DownloadHost && request.Headers.Authorization.Count > 0)
            LeakedTokens++;
        return request.Host.Host != "graph.microsoft.com";
    }

    protected override Task RefuseAsync(HttpContext context, TokenState state) => ErrorAsync(
        context, 401, "InvalidAuthenticationToken", state == TokenState.Expired ? "Lifetime validation failed." : "Access token is empty.");

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing)
            _folder.Dispose();
    }

    internal static Task ErrorAsync(HttpContext context, int status, string code, string message) => JsonAsync(
        context, status, new JsonObject { ["error"] = new JsonObject { ["code"] = code, ["message"] = message, ["innerError"] = new JsonObject() } });

    internal static Task JsonAsync(HttpContext context, int status, JsonNode body)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(body.ToJsonString(EmulatorJson.Plain), context.RequestAborted);
    }

    /// <summary>Puts received content under a name, by the rules of conflictBehavior, and answers.</summary>
    internal Task FinishAsync(HttpContext context, TreeNode parent, string name, StoredContent content, string conflict)
    {
        var (outcome, node) = _tree.Add(parent, name, content);
        var status = 201;
        if (outcome == TreeOutcome.Exists && conflict == "replace" && !node.IsFolder)
        {
            outcome = _tree.Replace(node, content);
            status = 200;
        }
        return outcome switch
        {
            TreeOutcome.Done => JsonAsync(context, status, Describe(node)),
            TreeOutcome.Exists => ErrorAsync(context, 409, "nameAlreadyExists", "An item with the same name already exists."),
            TreeOutcome.Full => ErrorAsync(context, 507, "quotaLimitReached", "Insufficient Space Available"),
            _ => ErrorAsync(context, 404, "itemNotFound", "The resource could not be found."),
        };
    }

    internal JsonObject Describe(TreeNode node)
    {
        var modified = node.Modified.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);
        var item = new JsonObject
        {
            ["id"] = node.Id,
            ["name"] = node.Name,
            ["eTag"] = $"\"{{{node.Id}}},{node.Version}\"",
            ["size"] = node.Size,
            ["createdDateTime"] = modified,
            ["lastModifiedDateTime"] = modified,
            ["fileSystemInfo"] = new JsonObject { ["createdDateTime"] = modified, ["lastModifiedDateTime"] = modified },
            ["parentReference"] = new JsonObject
            {
                ["driveId"] = DriveId,
                ["driveType"] = IsBusiness ? "business" : "personal",
                ["id"] = node.Parent?.Id,
                ["path"] = "/drive/root:" + PathOf(node.Parent),
            },
        };
        if (node.Content is { } content)
            item["file"] = new JsonObject { ["mimeType"] = "application/octet-stream", ["hashes"] = HashesOf(content) };
        else
            item["folder"] = new JsonObject { ["childCount"] = _tree.CountOf(node) };
        return item;
    }

    private JsonObject HashesOf(StoredContent content)
    {
        var quick = Convert.FromBase64String(content.QuickXor);
        for (var index = 0; index < WrongHashBytes; index++)
            quick[index] ^= 0xff;
        return IsBusiness
            ? new JsonObject { ["quickXorHash"] = Convert.ToBase64String(quick) }
            : new JsonObject { ["sha1Hash"] = WrongHashBytes > 0 ? new string('0', 40) : content.Sha1.ToUpperInvariant() };
    }

    private static string PathOf(TreeNode? node) => node?.Parent is null ? "" : $"{PathOf(node.Parent)}/{Uri.EscapeDataString(node.Name)}";

    [GeneratedRegex(@"^/v1\.0/(me/drive|drives/[^/:]+)(?<item>/(?<start>root|items/[^/:]+|special/approot)(:/?(?<path>[^:]*):?)?(?<action>/[A-Za-z]+)?)?$")]
    private static partial Regex AddressPattern { get; }

    private Task GraphAsync(HttpContext context)
    {
        // Undecoded: a colon or slash of a name is not one of the address.
        var raw = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget.Split('?')[0];
        var match = AddressPattern.Match(raw);
        if (!match.Success)
            return ErrorAsync(context, 400, "invalidRequest", $"The address {raw} is not known.");
        if (!match.Groups["item"].Success)
            return DescribeDriveAsync(context);
        var start = StartOf(match.Groups["start"].Value);
        if (start is null)
            return ErrorAsync(context, 404, "itemNotFound", "The resource could not be found.");
        string[] path = [.. match.Groups["path"].Value.Split('/', StringSplitOptions.RemoveEmptyEntries).Select(Uri.UnescapeDataString)];
        return (context.Request.Method, match.Groups["action"].Value) switch
        {
            ("PUT", "/content") => PutAsync(context, start, path),
            ("POST", "/createUploadSession") => BeginSessionAsync(context, start, path),
            var (method, action) => Walk(start, path, create: false) is { } node
                ? ServeItemAsync(context, method, action, node)
                : ErrorAsync(context, 404, "itemNotFound", "The resource could not be found."),
        };
    }

    private Task ServeItemAsync(HttpContext context, string method, string action, TreeNode node)
    {
        switch (method, action)
        {
            case ("GET", ""):
                return JsonAsync(context, 200, Describe(node));
            case ("GET", "/children"):
                return ListAsync(context, node);
            case ("POST", "/children"):
                return CreateFolderAsync(context, node);
            case ("GET", "/content") when node.IsFolder:
                return ErrorAsync(context, 400, "notSupported", "A folder has no content.");
            case ("GET", "/content"):
                context.Response.Redirect($"https://{DownloadHost}/y/{_links.Add(node)}");
                return Task.CompletedTask;
            case ("PATCH", ""):
                return ChangeAsync(context, node);
            case ("DELETE", ""):
                _tree.Trash(node);
                context.Response.StatusCode = 204;
                return Task.CompletedTask;
            default:
                return ErrorAsync(context, 405, "notAllowed", $"{method} {action} is not known here.");
        }
    }

    private TreeNode? StartOf(string start) => start switch
    {
        "root" => _tree.Root,
        // Seen for the first time, the app's folder comes into being.
        "special/approot" => Walk(_tree.Root, AppFolder.Split('/'), create: true),
        _ => _tree.Find(Uri.UnescapeDataString(start["items/".Length..])),
    };

    private TreeNode? Walk(TreeNode from, ReadOnlySpan<string> path, bool create)
    {
        foreach (var segment in path)
        {
            if (_tree.Find(from, segment) is not { } next)
            {
                if (!create || !OneDriveRules.IsAllowed(segment))
                    return null;
                next = _tree.Add(from, segment, null).Node;
            }
            from = next;
        }
        return from;
    }

    private Task DescribeDriveAsync(HttpContext context)
    {
        var used = _tree.Used;
        return JsonAsync(context, 200, new JsonObject
        {
            ["id"] = DriveId,
            ["driveType"] = IsBusiness ? "business" : "personal",
            ["quota"] = new JsonObject
            {
                ["deleted"] = 0,
                ["remaining"] = Math.Max(0, Quota - used),
                ["state"] = used < Quota ? "normal" : "exceeded",
                ["total"] = Quota,
                ["used"] = used,
            },
        });
    }

    private Task ListAsync(HttpContext context, TreeNode node)
    {
        var query = context.Request.Query;
        var limit = int.TryParse(query["$top"], CultureInfo.InvariantCulture, out var asked) ? Math.Min(asked, PageSize) : Math.Min(200, PageSize);
        var after = long.TryParse(query["$skiptoken"], CultureInfo.InvariantCulture, out var token) ? token : 0;
        var page = _tree.Page(node, after, limit);
        var answer = new JsonObject { ["value"] = new JsonArray([.. page.Select(Describe)]) };
        if (page.Count == limit)
        {
            var next = new Dictionary<string, string?> { ["$top"] = limit.ToString(CultureInfo.InvariantCulture), ["$skiptoken"] = $"{page[^1].Number}" };
            var host = NextLinkHost ?? context.Request.Host.Host;
            answer["@odata.nextLink"] = QueryHelpers.AddQueryString($"https://{host}/v1.0/drives/{DriveId}/items/{node.Id}/children", next);
        }
        return JsonAsync(context, 200, answer);
    }

    private async Task CreateFolderAsync(HttpContext context, TreeNode parent)
    {
        var body = await ReadAsync(context);
        var name = body["name"]?.GetValue<string>() ?? "";
        if (!OneDriveRules.IsAllowed(name))
        {
            await ErrorAsync(context, 400, "invalidRequest", "The provided name is not valid.");
            return;
        }
        var (outcome, node) = _tree.Add(parent, name, null);
        await (outcome == TreeOutcome.Done
            ? JsonAsync(context, 201, Describe(node))
            : ErrorAsync(context, 409, "nameAlreadyExists", "An item with the same name already exists."));
    }

    private async Task PutAsync(HttpContext context, TreeNode start, string[] path)
    {
        var existing = path.Length == 0 ? start : null;
        var parent = existing?.Parent ?? Walk(start, path.AsSpan(0, Math.Max(0, path.Length - 1)), create: true);
        var name = existing?.Name ?? path[^1];
        if (!OneDriveRules.IsAllowed(name) || parent is null)
        {
            await ErrorAsync(context, 400, "invalidRequest", "The provided name is not valid.");
            return;
        }
        if (!parent.IsFolder)
        {
            await ErrorAsync(context, 404, "itemNotFound", "The resource could not be found.");
            return;
        }
        if (context.Request.ContentLength is null or > LargestPut)
        {
            await ErrorAsync(context, 413, "invalidRequest", "The request is too large.");
            return;
        }
        var content = new StoredContent(_folder);
        await content.AppendAsync(context.Request.Body, context.RequestAborted);
        await FinishAsync(context, parent, name, content, ConflictOf(context.Request.Query["@microsoft.graph.conflictBehavior"], "replace"));
    }

    private async Task BeginSessionAsync(HttpContext context, TreeNode start, string[] path)
    {
        var item = (await ReadAsync(context))["item"] as JsonObject;
        var existing = path.Length == 0 ? start : null;
        var parent = existing?.Parent ?? Walk(start, path.AsSpan(0, Math.Max(0, path.Length - 1)), create: true);
        var name = existing?.Name ?? path[^1];
        var conflict = ConflictOf(item?["@microsoft.graph.conflictBehavior"]?.GetValue<string>(), "fail");
        if (!OneDriveRules.IsAllowed(name) || parent is not { IsFolder: true })
            await ErrorAsync(context, 400, "invalidRequest", "The provided name is not valid.");
        else if (conflict == "fail" && _tree.Find(parent, name) is not null)
            await ErrorAsync(context, 409, "nameAlreadyExists", "An item with the same name already exists.");
        else
            await JsonAsync(context, 200, _sessions.Begin(parent, name, conflict));
    }

    private async Task ChangeAsync(HttpContext context, TreeNode node)
    {
        var body = await ReadAsync(context);
        var name = body["name"]?.GetValue<string>() ?? node.Name;
        var parent = body["parentReference"]?["id"]?.GetValue<string>() is { } id ? _tree.Find(id) : node.Parent;
        if (body["fileSystemInfo"]?["lastModifiedDateTime"]?.GetValue<string>() is { } modified)
            node.Modified = DateTimeOffset.Parse(modified, CultureInfo.InvariantCulture);
        var moves = node != _tree.Root && (name != node.Name || parent != node.Parent);
        var outcome = parent is null ? TreeOutcome.Gone : moves ? _tree.Move(node, parent, name) : TreeOutcome.Done;
        await (outcome switch
        {
            TreeOutcome.Done => JsonAsync(context, 200, Describe(node)),
            TreeOutcome.Exists => ErrorAsync(context, 409, "nameAlreadyExists", "An item with the same name already exists."),
            _ => ErrorAsync(context, 404, "itemNotFound", "The resource could not be found."),
        });
    }

    private static string ConflictOf(string? asked, string otherwise) => asked is "fail" or "replace" or "rename" ? asked : otherwise;

    private static async Task<JsonObject> ReadAsync(HttpContext context)
    {
        try
        {
            return await JsonSerializer.DeserializeAsync<JsonObject>(context.Request.Body, cancellationToken: context.RequestAborted) ?? [];
        }
        catch (JsonException)
        {
            // No body is a body without anything in it.
            return [];
        }
    }
}
