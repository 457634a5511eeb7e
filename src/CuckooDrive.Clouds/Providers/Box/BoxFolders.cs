using System.Text.Json.Nodes;

namespace CuckooDrive.Clouds.Providers.Box;

/// <summary>
/// The ids of folders by their paths below the root of the address (empty for that itself), remembered once found. Thread safe.
/// </summary>
/// <param name="client">Asks the service.</param>
/// <param name="root">The folders of the address, outermost first.</param>
/// <param name="createRoot">Whether a missing root is made rather than reported.</param>
internal sealed class BoxFolders(BoxClient client, IReadOnlyList<string> root, bool createRoot)
{
    private const string TopId = "0";

    private readonly Lock _gate = new();
    private readonly Dictionary<string, string> _ids = new(StringComparer.Ordinal);

    /// <summary>The folder's id, or null when there is none.</summary>
    /// <exception cref="CloudException">with <see cref="CloudErrorKind.NotFound"/> when the root is missing.</exception>
    public async Task<string?> FindAsync(string path, CancellationToken cancellationToken)
    {
        if (Known(path) is { } known)
            return known;
        if (path.Length == 0)
            return await FindRootAsync(cancellationToken).ConfigureAwait(false);

        var (parent, leaf) = Split(path);
        if (await FindAsync(parent, cancellationToken).ConfigureAwait(false) is not { } parentId)
            return null;
        try
        {
            return await LookAsync(parent, parentId, leaf, cancellationToken).ConfigureAwait(false);
        }
        catch (CloudException failure) when (failure.Kind == CloudErrorKind.NotFound)
        {
            // The parent that was remembered is gone; another one may have its name by now.
            Forget(parent);
            return await FindAsync(parent, cancellationToken).ConfigureAwait(false) is { } again && again != parentId
                ? await LookAsync(parent, again, leaf, cancellationToken).ConfigureAwait(false)
                : null;
        }
    }

    /// <summary>The folder's id; it is made if it is missing, but the root only where that was asked for.</summary>
    public async Task<string> EnsureAsync(string path, CancellationToken cancellationToken)
    {
        if (Known(path) is { } known)
            return known;
        if (path.Length == 0)
            return await FindRootAsync(cancellationToken).ConfigureAwait(false);
        var (parent, leaf) = Split(path);
        var parentId = await EnsureAsync(parent, cancellationToken).ConfigureAwait(false);
        try
        {
            return Remember(path, await CreateAsync(parentId, leaf, cancellationToken).ConfigureAwait(false));
        }
        catch (CloudException failure) when (failure.Kind == CloudErrorKind.NotFound)
        {
            Forget(parent);
            throw new CloudException(CloudErrorKind.Transient, $"The folder '{parent}' at Box has vanished.", failure);
        }
    }

    public string Remember(string path, string id)
    {
        lock (_gate)
            return _ids[path] = id;
    }

    /// <summary>Forgets a folder that turned out to be gone, and with it all others: some of them may be gone too.</summary>
    public void Forget(string path)
    {
        lock (_gate)
        {
            if (_ids.Remove(path))
                _ids.Clear();
        }
    }

    private static (string Parent, string Leaf) Split(string path)
    {
        var slash = path.LastIndexOf('/');
        return (path[..Math.Max(slash, 0)], path[(slash + 1)..]);
    }

    private string? Known(string path)
    {
        lock (_gate)
            return _ids.GetValueOrDefault(path);
    }

    private async Task<string> FindRootAsync(CancellationToken cancellationToken)
    {
        var id = TopId;
        foreach (var segment in root)
        {
            id = await LookAsync(null, id, segment, cancellationToken).ConfigureAwait(false) ??
                (createRoot ? await CreateAsync(id, segment, cancellationToken).ConfigureAwait(false) : throw NoRoot());
        }
        return Remember("", id);
    }

    public CloudException NoRoot() => new(
        CloudErrorKind.NotFound, $"There is no folder '/{string.Join('/', root)}' in this Box account; is it the right account?");

    /// <summary>Looks for a folder in its parent, and remembers all its neighbours on the way.</summary>
    private async Task<string?> LookAsync(string? parent, string parentId, string leaf, CancellationToken cancellationToken)
    {
        string? found = null, marker = null;
        do
        {
            (var items, marker) = await client.PageAsync(parentId, marker, cancellationToken).ConfigureAwait(false);
            foreach (var item in items.Where(item => item.IsFolder))
            {
                if (parent is not null)
                    Remember(parent.Length == 0 ? item.Name : $"{parent}/{item.Name}", item.Id);
                if (item.Name.Equals(leaf, StringComparison.OrdinalIgnoreCase))
                    found = item.Id;
            }
        }
        while (marker is not null && found is null);
        return found;
    }

    private async Task<string> CreateAsync(string parentId, string leaf, CancellationToken cancellationToken)
    {
        var body = new JsonObject { ["name"] = leaf, ["parent"] = new JsonObject { ["id"] = parentId } };
        var response = await client.SendAsync(HttpMethod.Post, BoxClient.Address("/folders?fields=type,id,name"), body, cancellationToken)
            .ConfigureAwait(false);
        if (response.IsSuccessStatusCode)
            return BoxItem.Parse(await client.ReadAsync(response, leaf, cancellationToken).ConfigureAwait(false)).Id;
        var failure = await BoxErrors.ReadAsync(client.Plain, response, leaf, cancellationToken).ConfigureAwait(false);
        // Mostly it is there already: asking for it by making it costs one request.
        return failure.Conflict is { IsFolder: true } existing ? existing.Id : throw failure.Error;
    }
}
