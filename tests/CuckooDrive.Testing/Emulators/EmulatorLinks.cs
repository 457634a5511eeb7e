using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;

namespace CuckooDrive.Testing.Emulators;

/// <summary>Addresses of an emulator that carry their own permission, to download files from. Thread safe.</summary>
internal sealed class EmulatorLinks
{
    private readonly ConcurrentDictionary<string, TreeNode> _links = new();

    public string Add(TreeNode node)
    {
        var id = Guid.NewGuid().ToString("n");
        _links[id] = node;
        return id;
    }

    public void Clear() => _links.Clear();

    public async Task ServeAsync(HttpContext context, string id)
    {
        if (!_links.TryGetValue(id, out var node) || node.IsTrashed)
        {
            context.Response.StatusCode = 404;
        }
        else
        {
            IResult file = TypedResults.Stream(node.Content!.Open(), "application/octet-stream", enableRangeProcessing: true);
            await file.ExecuteAsync(context);
        }
    }
}
