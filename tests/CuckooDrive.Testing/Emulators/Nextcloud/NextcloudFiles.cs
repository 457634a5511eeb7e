using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using CuckooDrive.Testing.Clouds;
using Microsoft.AspNetCore.Http;

namespace CuckooDrive.Testing.Emulators.Nextcloud;

/// <summary>The files of one user by WebDAV. Thread safe.</summary>
internal sealed class NextcloudFiles(TemporaryFolder folder, Func<long> quota)
{
    public const string Root = $"/remote.php/dav/files/{NextcloudEmulator.User}";

    /// <summary>Changes of several steps: one at a time.</summary>
    private readonly Lock _gate = new();
    private readonly ConcurrentDictionary<string, string> _checksums = new();

    public EmulatedTree Tree { get; } = new("0", number => number.ToString(CultureInfo.InvariantCulture), quota);

    public async Task ServeAsync(HttpContext context)
    {
        var path = PathOf(context.Request.Path.Value!)!;
        switch (context.Request.Method)
        {
            case "PROPFIND":
                await DescribeAsync(context, path);
                break;
            case "GET" or "HEAD":
                await ReadAsync(context, path);
                break;
            case "PUT":
                var content = new StoredContent(folder);
                await content.AppendAsync(context.Request.Body, context.RequestAborted);
                await StoreAsync(context, path, content);
                break;
            case "MKCOL":
                await AnswerAsync(context, MakeFolder(path));
                break;
            case "MOVE":
                await AnswerAsync(context, Move(context.Request, path));
                break;
            case "DELETE":
                await AnswerAsync(context, Find(path) is { } node && Tree.Trash(node) ? 204 : 404);
                break;
            default:
                await AnswerAsync(context, 501);
                break;
        }
    }

    /// <summary>The path below the user's folder that an address means; null for another place.</summary>
    public static string? PathOf(string address)
    {
        var path = Uri.TryCreate(address, UriKind.Absolute, out var whole) && whole.Scheme.StartsWith("http", StringComparison.Ordinal)
            ? Uri.UnescapeDataString(whole.AbsolutePath)
            : address;
        return path.StartsWith(Root, StringComparison.Ordinal) ? path[Root.Length..].Trim('/') : null;
    }

    /// <summary>Puts content under a name, new or in place of what it had, and answers; the conditions of the request hold.</summary>
    public Task StoreAsync(HttpContext context, string path, StoredContent content)
    {
        lock (_gate)
        {
            var (status, node) = Store(context.Request, path, content);
            if (node is null)
            {
                content.Delete();
                return AnswerAsync(context, status);
            }
            if (context.Request.Headers["OC-Checksum"].ToString() is { Length: > 0 } checksum)
                _checksums[node.Id] = checksum;
            else
                _checksums.TryRemove(node.Id, out _);
            var headers = context.Response.Headers;
            headers.ETag = headers["OC-ETag"] = $"\"{EtagOf(node)}\"";
            headers["OC-FileId"] = $"{node.Number + 1:d8}instance";
            if (long.TryParse(context.Request.Headers["X-OC-Mtime"], CultureInfo.InvariantCulture, out var seconds))
            {
                node.Modified = DateTimeOffset.FromUnixTimeSeconds(seconds);
                headers["X-OC-MTime"] = "accepted";
            }
            return AnswerAsync(context, status);
        }
    }

    public static Task AnswerAsync(HttpContext context, int status)
    {
        context.Response.StatusCode = status;
        return status switch
        {
            404 => NextcloudXml.ErrorAsync(context, status, "NotFound", "File could not be located"),
            409 => NextcloudXml.ErrorAsync(context, status, "Conflict", "Parent node does not exist"),
            412 => NextcloudXml.ErrorAsync(context, status, "PreconditionFailed", "The destination node already exists"),
            507 => NextcloudXml.ErrorAsync(context, status, "InsufficientStorage", "Quota exceeded"),
            >= 400 => NextcloudXml.ErrorAsync(context, status, "BadRequest", "It cannot be done"),
            _ => Task.CompletedTask,
        };
    }

    private (int Status, TreeNode? Node) Store(HttpRequest request, string path, StoredContent content)
    {
        var existing = Find(path);
        if (existing is not null && (request.Headers.IfNoneMatch == "*" || request.Headers["Overwrite"] == "F"))
            return (412, null);
        if (existing is { IsFolder: true })
            return (409, null);
        if (existing is not null)
            return Tree.Replace(existing, content) == TreeOutcome.Done ? (204, existing) : (507, null);
        if (ParentOf(path) is not { } parent)
            return (409, null);
        var (outcome, node) = Tree.Add(parent, NameOf(path), content);
        return outcome == TreeOutcome.Done ? (201, node) : (outcome == TreeOutcome.Full ? 507 : 409, null);
    }

    private async Task DescribeAsync(HttpContext context, string path)
    {
        var asked = await NextcloudXml.ReadAsync(context.Request);
        if (Find(path) is not { } node)
        {
            await AnswerAsync(context, 404);
            return;
        }
        var at = path.Length == 0 ? Root : $"{Root}/{path}";
        List<(string, TreeNode)> found = [(node.IsFolder ? at + "/" : at, node)];
        if (node.IsFolder && context.Request.Headers["Depth"] != "0")
            found.AddRange(Tree.Page(node, 0, int.MaxValue).Select(each => ($"{at}/{each.Name}{(each.IsFolder ? "/" : "")}", each)));
        await NextcloudXml.MultistatusAsync(
            context,
            found.Select(each => (
                string.Join('/', each.Item1.Split('/').Select(Uri.EscapeDataString)),
                NextcloudXml.Describe(each.Item2, Tree.SizeOf(each.Item2), EtagOf(each.Item2), _checksums.GetValueOrDefault(each.Item2.Id), quota() - Tree.Used))),
            asked);
    }

    private async Task ReadAsync(HttpContext context, string path)
    {
        if (Find(path) is not { } node)
        {
            await AnswerAsync(context, 404);
        }
        else if (node.IsFolder)
        {
            await AnswerAsync(context, 501);
        }
        else
        {
            context.Response.Headers["OC-ETag"] = $"\"{EtagOf(node)}\"";
            IResult file = TypedResults.Stream(
                node.Content!.Open(),
                "application/octet-stream",
                lastModified: node.Modified,
                entityTag: new Microsoft.Net.Http.Headers.EntityTagHeaderValue($"\"{EtagOf(node)}\""),
                enableRangeProcessing: true);
            await file.ExecuteAsync(context);
        }
    }

    private int MakeFolder(string path)
    {
        lock (_gate)
        {
            if (Find(path) is not null)
                return 405;
            return ParentOf(path) is { } parent && Tree.Add(parent, NameOf(path), null).Outcome == TreeOutcome.Done ? 201 : 409;
        }
    }

    private int Move(HttpRequest request, string path)
    {
        lock (_gate)
        {
            if (Find(path) is not { } node)
                return 404;
            if (PathOf(request.Headers["Destination"].ToString()) is not { Length: > 0 } target)
                return 502;
            if (ParentOf(target) is not { } parent)
                return 409;
            var existing = Find(target);
            if (existing is not null && request.Headers["Overwrite"] == "F")
                return 412;
            if (existing is not null)
                Tree.Trash(existing);
            return Tree.Move(node, parent, NameOf(target)) == TreeOutcome.Done ? (existing is null ? 201 : 204) : 409;
        }
    }

    private TreeNode? Find(string path)
    {
        TreeNode? node = Tree.Root;
        foreach (var name in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
            node = node is { IsFolder: true } ? Tree.Find(node, name) : null;
        return node;
    }

    private TreeNode? ParentOf(string path) => Find(path[..Math.Max(0, path.LastIndexOf('/'))]) is { IsFolder: true } parent ? parent : null;

    private static string NameOf(string path) => path[(path.LastIndexOf('/') + 1)..];

    // That of a folder changes with everything in it.
    private string EtagOf(TreeNode node)
    {
        if (!node.IsFolder)
            return $"{node.Id}-{node.Version}";
        var all = string.Join(' ', Tree.Page(node, 0, int.MaxValue).Select(each => $"{each.Name} {EtagOf(each)}"));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(all)))[..26];
    }
}
