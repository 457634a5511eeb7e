using System.Runtime.CompilerServices;
using CuckooDrive.Clouds.Http;

namespace CuckooDrive.Clouds.Providers.GoogleDrive;

/// <summary>Lists a tree of folders, many folders by one question.</summary>
internal static class GoogleDriveList
{
    /// <summary>Folders in one question; Google refuses questions that are too long.</summary>
    private const int FoldersAtOnce = 40;

    public static async IAsyncEnumerable<CloudObject> ListAsync(
        GoogleDriveApi api, GoogleDriveFolders folders, string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (!ObjectPrefix.TryFolder(prefix, out var start))
            yield break;
        // What is remembered may have been replaced by somebody else, and a list must not leave anything out.
        folders.Forget(start);
        var left = new Queue<(string Path, string[] Ids)>();
        if (await folders.FindAsync(start, cancellationToken).ConfigureAwait(false) is { Length: > 0 } found)
            left.Enqueue((start, found));

        while (left.Count > 0)
        {
            // All folders of one path together, so that a name that occurs twice meets itself.
            var paths = new Dictionary<string, string>(StringComparer.Ordinal);
            while (left.TryPeek(out var next) && (paths.Count == 0 || paths.Count + next.Ids.Length <= FoldersAtOnce))
            {
                foreach (var id in left.Dequeue().Ids)
                    paths[id] = next.Path;
            }
            var below = new Dictionary<string, List<string>>(StringComparer.Ordinal);
            var seen = new HashSet<string>(StringComparer.Ordinal);
            await foreach (var file in api.FindAsync(GoogleDriveFolders.In(paths.Keys), prefix, cancellationToken).ConfigureAwait(false))
            {
                if (PathOf(paths, file) is not { } path)
                    continue;
                if (file.IsFolder)
                {
                    if ($"{path}/".StartsWith(prefix, StringComparison.Ordinal) || prefix.StartsWith($"{path}/", StringComparison.Ordinal))
                        (below.TryGetValue(path, out var ids) ? ids : below[path] = []).Add(file.Id);
                }
                else if (path.StartsWith(prefix, StringComparison.Ordinal) && file.As(path) is { } listed && seen.Add(path))
                {
                    // The oldest comes first, and it is the object.
                    yield return listed;
                }
            }
            foreach (var (path, ids) in below)
                left.Enqueue((path, [.. ids]));
        }
    }

    private static string? PathOf(Dictionary<string, string> folders, GoogleDriveFile file)
    {
        // The top of the drive is asked for by another name than its id.
        var parent = file.Parent is { } id && folders.TryGetValue(id, out var known) ? known
            : folders.Count == 1 ? folders.Values.Single()
            : null;
        var path = parent is null ? null : parent.Length == 0 ? file.Name : $"{parent}/{file.Name}";
        return path is not null && ObjectName.IsValid(path) ? path : null;
    }
}
