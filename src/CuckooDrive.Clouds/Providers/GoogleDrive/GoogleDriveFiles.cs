using System.Collections.Concurrent;

namespace CuckooDrive.Clouds.Providers.GoogleDrive;

/// <summary>Finds the files that names of objects mean, and remembers their ids. Thread safe.</summary>
internal sealed class GoogleDriveFiles(GoogleDriveApi api, GoogleDriveFolders folders)
{
    /// <summary>Ids are a convenience: when there are too many all are forgotten.</summary>
    private const int MostRemembered = 200_000;

    private readonly ConcurrentDictionary<string, string> _ids = new(StringComparer.Ordinal);

    public void Remember(string name, string id)
    {
        if (_ids.Count >= MostRemembered)
            _ids.Clear();
        _ids[name] = id;
    }

    public void Forget(string name) => _ids.TryRemove(name, out _);

    /// <summary>The id of an object as last seen, for reading: content never changes, so an id that works is right.</summary>
    public async ValueTask<(string? Id, bool IsRemembered)> IdAsync(string name, CancellationToken cancellationToken)
    {
        if (_ids.TryGetValue(name, out var id))
            return (id, true);
        return ((await FindAsync(name, cancellationToken).ConfigureAwait(false))?.Id, false);
    }

    /// <summary>What Google Drive says of an object now, or null when there is none.</summary>
    public async Task<GoogleDriveFile?> DescribeAsync(string name, CancellationToken cancellationToken)
    {
        if (_ids.TryGetValue(name, out var id))
        {
            var known = await api.DescribeAsync(id, name, cancellationToken).ConfigureAwait(false);
            var (folder, leaf) = GoogleDriveFolders.Split(name);
            if (known is { IsTrashed: false } && known.Name == leaf &&
                (await folders.FindAsync(folder, cancellationToken).ConfigureAwait(false)).Contains(known.Parent))
                return known;
            Forget(name);
        }
        return await FindAsync(name, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Looks for an object by its name.</summary>
    public async Task<GoogleDriveFile?> FindAsync(string name, CancellationToken cancellationToken)
    {
        var all = await AllAsync(name, cancellationToken).ConfigureAwait(false);
        if (all.Count == 0)
            return null;
        Remember(name, all[0].Id);
        return all[0];
    }

    /// <summary>All files of an object's name; the first one is the object.</summary>
    public async Task<List<GoogleDriveFile>> AllAsync(string name, CancellationToken cancellationToken)
    {
        var (folder, leaf) = GoogleDriveFolders.Split(name);
        var isRemembered = folders.IsRemembered(folder);
        try
        {
            var found = await LookAsync(folder, leaf, name, cancellationToken).ConfigureAwait(false);
            if (found.Count > 0 || !isRemembered)
                return found;
        }
        catch (CloudException failure) when (failure.Kind == CloudErrorKind.NotFound && isRemembered)
        {
            // The folder is gone, and perhaps there is another one of its name.
        }
        folders.Forget(folder);
        return await LookAsync(folder, leaf, name, cancellationToken).ConfigureAwait(false);
    }

    private async Task<List<GoogleDriveFile>> LookAsync(string folder, string leaf, string name, CancellationToken cancellationToken)
    {
        var parents = await folders.FindAsync(folder, cancellationToken).ConfigureAwait(false);
        var found = new List<GoogleDriveFile>();
        if (parents.Length == 0)
            return found;
        var query = $"name = {GoogleDriveApi.Quote(leaf)} and mimeType != '{GoogleDriveFile.FolderType}' and {GoogleDriveFolders.In(parents)}";
        await foreach (var file in api.FindAsync(query, name, cancellationToken).ConfigureAwait(false))
        {
            if (file.As(name) is not null && file.Name == leaf)
                found.Add(file);
        }
        found.Sort(GoogleDriveFile.Precedence);
        return found;
    }
}
