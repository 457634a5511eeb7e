using System.Collections.Concurrent;

namespace CuckooDrive.Clouds.Providers.WebDav;

/// <summary>
/// The folders above objects: made when the first object comes into them, never removed, and remembered, so that most writes
/// ask nothing. Thread safe.
/// </summary>
internal sealed class WebDavFolders(WebDavClient client)
{
    private readonly ConcurrentDictionary<string, bool> _known = new(StringComparer.Ordinal);

    /// <summary>Makes the folders that an object's path goes through, where they are not known to be there.</summary>
    public Task EnsureParentsAsync(string path, CancellationToken cancellationToken)
    {
        var slash = path.LastIndexOf('/');
        return slash < 0 || _known.ContainsKey(path[..slash])
            ? Task.CompletedTask
            : MakeAsync(path, cancellationToken);
    }

    /// <summary>
    /// Whether the folder above an object is one. Some servers answer a request for <c>a/b</c> with the file <c>a</c>, or refuse
    /// it, so their answer counts only below a folder. Asks once for each folder.
    /// </summary>
    public ValueTask<bool> HasParentAsync(string path, CancellationToken cancellationToken)
    {
        var folder = ParentOf(path);
        return _known.ContainsKey(folder) ? ValueTask.FromResult(true) : IsFolderAsync(folder, cancellationToken);
    }

    /// <summary>The same without relying on what is remembered.</summary>
    public ValueTask<bool> StillHasParentAsync(string path, CancellationToken cancellationToken) =>
        IsFolderAsync(ParentOf(path), cancellationToken);

    /// <summary>To be called when the server misses a folder: somebody else removed it.</summary>
    public void Forget() => _known.Clear();

    private static string ParentOf(string path) => path[..Math.Max(0, path.LastIndexOf('/'))];

    private async ValueTask<bool> IsFolderAsync(string folder, CancellationToken cancellationToken)
    {
        var (found, refusal) = await client.TryDescribeAsync(folder, cancellationToken).ConfigureAwait(false);
        if (refusal is not null)
        {
            if (folder.Length == 0 || !await HasParentAsync(folder, cancellationToken).ConfigureAwait(false))
                return false;
            throw refusal;
        }
        if (found is not [{ IsFolder: true }, ..])
            return false;
        _known[folder] = true;
        return true;
    }

    private async Task MakeAsync(string path, CancellationToken cancellationToken)
    {
        for (var slash = path.IndexOf('/', StringComparison.Ordinal); slash >= 0; slash = path.IndexOf('/', slash + 1))
        {
            var folder = path[..slash];
            if (!_known.ContainsKey(folder))
            {
                await MakeOneAsync(folder, path, cancellationToken).ConfigureAwait(false);
                _known[folder] = true;
            }
        }
    }

    private async Task MakeOneAsync(string folder, string path, CancellationToken cancellationToken)
    {
        using var response = await client.MakeFolderAsync(folder + "/", cancellationToken).ConfigureAwait(false);
        if (response.IsSuccessStatusCode)
            return;

        // 405: something of that name is there. Some servers say it in other words (Apache calls it a bad request when it is a
        // file), and some say nothing better when the parent is missing: so look.
        var status = (int)response.StatusCode;
        if (status is not (405 or 409 or 404 or 301 or 400 or 403 or >= 500))
            throw client.Error(response);
        var (found, refusal) = await client.TryDescribeAsync(folder, cancellationToken).ConfigureAwait(false);
        if (found is [{ IsFolder: true }, ..])
            return;
        if (found is not null)
        {
            throw new CloudException(
                CloudErrorKind.InvalidName, $"'{path}' cannot be stored: a folder cannot hold both an object and objects below its name.");
        }
        if (refusal is not null)
            throw refusal;
        if (status is 400 or 403 or >= 500)
            throw client.Error(response);
        // Perhaps a parent that was there before.
        Forget();
        throw await client.FolderMissingAsync(folder, cancellationToken).ConfigureAwait(false);
    }
}
