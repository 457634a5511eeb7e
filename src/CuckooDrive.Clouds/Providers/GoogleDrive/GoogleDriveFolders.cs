using System.Collections.Concurrent;

namespace CuckooDrive.Clouds.Providers.GoogleDrive;

/// <summary>
/// The ids of the folders that a path of names leads to. Several folders may have one name (two machines made it at the same
/// time); then all of them together are the folder, and new things go into the oldest. Thread safe.
/// </summary>
/// <param name="api">Stays open.</param>
/// <param name="root">The names from the top of My Drive to the storage's root.</param>
/// <param name="mayCreateRoot">Whether a missing root is made when something is written.</param>
internal sealed class GoogleDriveFolders(GoogleDriveApi api, IReadOnlyList<string> root, bool mayCreateRoot) : IDisposable
{
    private const string Top = "root";

    private readonly ConcurrentDictionary<string, string[]> _known = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _making = new(1);

    /// <summary>Whether the ids of a folder are from an earlier call, so that it may have been replaced meanwhile.</summary>
    public bool IsRemembered(string path) => _known.ContainsKey(path);

    /// <summary>Forgets a folder and those above and below it.</summary>
    public void Forget(string path)
    {
        foreach (var known in _known.Keys)
        {
            if (known.Length == 0 || path.StartsWith(known, StringComparison.Ordinal) || known.StartsWith(path, StringComparison.Ordinal))
                _known.TryRemove(known, out _);
        }
    }

    /// <summary>The ids of a folder below the root ("" for the root itself), the one for new things first; none when there is none.</summary>
    /// <exception cref="CloudException">
    /// with <see cref="CloudErrorKind.NotFound"/> when the root itself is missing and may not be made.
    /// </exception>
    public async Task<string[]> FindAsync(string path, CancellationToken cancellationToken)
    {
        if (_known.TryGetValue(path, out var known))
            return known;
        string[] found;
        if (path.Length == 0)
        {
            found = await FindRootAsync(cancellationToken).ConfigureAwait(false);
        }
        else
        {
            var (parent, name) = Split(path);
            var parents = await FindAsync(parent, cancellationToken).ConfigureAwait(false);
            found = parents.Length == 0 ? [] : await ChildrenAsync(parents, name, cancellationToken).ConfigureAwait(false);
        }
        if (found.Length > 0)
            _known[path] = found;
        return found;
    }

    /// <summary>The id of a folder for new things; made, with those above it, if it is missing.</summary>
    public async Task<string> MakeAsync(string path, CancellationToken cancellationToken)
    {
        if (_known.TryGetValue(path, out var known))
            return known[0];
        await _making.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            // One after another, so that this process makes no folder twice.
            return await MakeInTurnAsync(path, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _making.Release();
        }
    }

    public void Dispose() => _making.Dispose();

    /// <summary>The folder and the last part of a name.</summary>
    public static (string Folder, string Name) Split(string path)
    {
        var slash = path.LastIndexOf('/');
        return slash < 0 ? ("", path) : (path[..slash], path[(slash + 1)..]);
    }

    /// <summary>A query for what lies in any of these folders.</summary>
    public static string In(IEnumerable<string> folders) =>
        $"({string.Join(" or ", folders.Select(id => $"{GoogleDriveApi.Quote(id)} in parents"))}) and trashed = false";

    private async Task<string> MakeInTurnAsync(string path, CancellationToken cancellationToken)
    {
        if (path.Length == 0)
            return mayCreateRoot ? await MakeRootAsync(cancellationToken).ConfigureAwait(false) : (await FindAsync("", cancellationToken).ConfigureAwait(false))[0];
        var found = await FindAsync(path, cancellationToken).ConfigureAwait(false);
        if (found.Length > 0)
            return found[0];
        var (parent, name) = Split(path);
        var made = await CreateAsync(await MakeInTurnAsync(parent, cancellationToken).ConfigureAwait(false), name, cancellationToken)
            .ConfigureAwait(false);
        _known[path] = made;
        return made[0];
    }

    private async Task<string> MakeRootAsync(CancellationToken cancellationToken)
    {
        if (_known.TryGetValue("", out var known))
            return known[0];
        string[] ids = [Top];
        foreach (var name in root)
        {
            var next = await ChildrenAsync(ids, name, cancellationToken).ConfigureAwait(false);
            ids = next.Length > 0 ? next : await CreateAsync(ids[0], name, cancellationToken).ConfigureAwait(false);
        }
        _known[""] = ids;
        return ids[0];
    }

    private async Task<string[]> FindRootAsync(CancellationToken cancellationToken)
    {
        string[] ids = [Top];
        foreach (var name in root)
        {
            ids = await ChildrenAsync(ids, name, cancellationToken).ConfigureAwait(false);
            if (ids.Length == 0 && mayCreateRoot)
                return [];
            if (ids.Length == 0)
            {
                throw new CloudException(
                    CloudErrorKind.NotFound,
                    $"There is no folder '/{string.Join('/', root)}' that CuckooDrive made in this Google Drive; check the address and the account.");
            }
        }
        return ids;
    }

    // Whoever made one at the same time sees both, and chooses the same.
    private async Task<string[]> CreateAsync(string parent, string name, CancellationToken cancellationToken)
    {
        var made = await api.CreateFolderAsync(name, parent, cancellationToken).ConfigureAwait(false);
        var all = await ChildrenAsync([parent], name, cancellationToken).ConfigureAwait(false);
        return all.Contains(made.Id) ? all : [.. all, made.Id];
    }

    private async Task<string[]> ChildrenAsync(string[] parents, string name, CancellationToken cancellationToken)
    {
        var query = $"name = {GoogleDriveApi.Quote(name)} and mimeType = '{GoogleDriveFile.FolderType}' and {In(parents)}";
        var found = new List<GoogleDriveFile>();
        await foreach (var folder in api.FindAsync(query, name, cancellationToken).ConfigureAwait(false))
        {
            // Google's comparison is looser than ours.
            if (folder.IsFolder && folder.Name == name)
                found.Add(folder);
        }
        return [.. found.Order(GoogleDriveFile.Precedence).Select(folder => folder.Id)];
    }
}
