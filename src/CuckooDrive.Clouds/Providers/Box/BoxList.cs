using System.Runtime.CompilerServices;
using CuckooDrive.Clouds.Http;

namespace CuckooDrive.Clouds.Providers.Box;

/// <summary>Lists objects: folder by folder, page by page. What is seen on the way is remembered for reads.</summary>
internal static class BoxList
{
    public static async IAsyncEnumerable<CloudObject> RunAsync(
        BoxClient client, BoxFolders folders, BoxIds ids, string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var isPossible = ObjectPrefix.TryFolder(prefix, out var start);
        // The root is looked for in any case: a list of nothing must not come from a wrong account.
        if (await folders.FindAsync(isPossible ? start : "", cancellationToken).ConfigureAwait(false) is not { } startId || !isPossible)
            yield break;

        var open = new Stack<(string Path, string Id)>([(start, startId)]);
        while (open.TryPop(out var folder))
        {
            var (path, id, marker) = (folder.Path, folder.Id, (string?)null);
            do
            {
                (var items, marker, id) = await PageAsync(client, folders, path, id, marker, cancellationToken).ConfigureAwait(false);
                foreach (var item in items)
                {
                    var name = path.Length == 0 ? item.Name : $"{path}/{item.Name}";
                    if (!ObjectName.IsValid(name))
                        continue;
                    if (item.IsFolder && $"{name}/".StartsWith(prefix, StringComparison.Ordinal))
                    {
                        open.Push((name, folders.Remember(name, item.Id)));
                    }
                    else if (item.IsFile && name.StartsWith(prefix, StringComparison.Ordinal))
                    {
                        ids.Keep(name, item.Id);
                        yield return item.Describe(name);
                    }
                }
            }
            while (marker is not null);
        }
    }

    private static async Task<(IReadOnlyList<BoxItem> Items, string? Marker, string FolderId)> PageAsync(
        BoxClient client, BoxFolders folders, string path, string id, string? marker, CancellationToken cancellationToken)
    {
        for (var again = false; ; again = true)
        {
            try
            {
                var (items, next) = await client.PageAsync(id, marker, cancellationToken).ConfigureAwait(false);
                return (items, next, id);
            }
            catch (CloudException failure) when (failure.Kind == CloudErrorKind.NotFound)
            {
                // Gone; but where only the id is old, another folder has its name by now.
                folders.Forget(path);
                var found = await folders.FindAsync(path, cancellationToken).ConfigureAwait(false);
                if (found is null && marker is null)
                    return ([], null, id);
                // What came so far is not all there is.
                if (found is null || found == id || again || marker is not null)
                    throw new CloudException(CloudErrorKind.Transient, $"Box lost its place in the list of '{path}'.", failure);
                id = found;
            }
        }
    }
}
