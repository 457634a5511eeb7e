using System.Text.Json.Nodes;

namespace CuckooDrive.Clouds.Providers.OneDrive;

/// <summary>Sees to the root folder, and makes folders where an upload does not do it by itself. Thread safe.</summary>
/// <param name="client">Asks the service.</param>
/// <param name="createRoot">Whether a missing root is made rather than reported.</param>
/// <param name="time">The clock.</param>
internal sealed class OneDriveFolders(OneDriveClient client, bool createRoot, TimeProvider time)
{
    private static readonly TimeSpan SightLasts = TimeSpan.FromSeconds(30);

    // By the clock's timestamps; 0 for never.
    private long _seen;

    /// <summary>
    /// Before anything is made: an upload would make a missing root by itself, and data would end up where nobody expects it.
    /// </summary>
    public async Task EnsureRootAsync(CancellationToken cancellationToken)
    {
        if (Interlocked.Read(ref _seen) == 0)
            await LookAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// To be called when something is not there: with the root it would only seem so. Throws
    /// <see cref="CloudErrorKind.NotFound"/> when the root is missing.
    /// </summary>
    public async Task RequireRootAsync(CancellationToken cancellationToken)
    {
        var seen = Interlocked.Read(ref _seen);
        if (seen == 0 || time.GetElapsedTime(seen) > SightLasts)
            await LookAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The same without relying on what was seen.</summary>
    public async Task LookAsync(CancellationToken cancellationToken)
    {
        // The first sight of the app's folder also makes it: writing to it does not always.
        var found = await client.FindAsync(client.Address(""), "the root folder", cancellationToken).ConfigureAwait(false);
        if (found is { IsFolder: false })
            throw new CloudException(CloudErrorKind.NotFound, $"'/{string.Join('/', client.Root)}' is a file of this OneDrive account; choose a folder.");
        if (found is null)
        {
            if (!createRoot)
            {
                throw new CloudException(
                    CloudErrorKind.NotFound,
                    $"There is no folder '/{string.Join('/', client.Root)}' in the app's folder of this OneDrive account; is it the right account?");
            }
            await EnsureAsync(client.Root, cancellationToken).ConfigureAwait(false);
        }
        Interlocked.Exchange(ref _seen, time.GetTimestamp());
    }

    /// <summary>The id of a folder below the root (empty for the root); it is made if it is missing.</summary>
    public Task<string> EnsureAsync(string folder, CancellationToken cancellationToken)
    {
        var segments = folder.Length == 0 ? [] : folder.Split('/');
        return EnsureAsync([.. client.Root, .. segments.Select(OneDriveNames.Encode)], cancellationToken);
    }

    private async Task<string> EnsureAsync(IReadOnlyList<string> path, CancellationToken cancellationToken)
    {
        // Most of the way is there mostly: look from the far end.
        var depth = path.Count;
        OneDriveItem? found;
        while ((found = await FindAsync(path, depth, cancellationToken).ConfigureAwait(false)) is null)
        {
            if (depth-- == 0)
                throw new CloudException(CloudErrorKind.NotFound, "This OneDrive account has no folder for the app.");
        }
        for (; depth < path.Count; depth++)
            found = await CreateAsync(found, path, depth + 1, cancellationToken).ConfigureAwait(false);
        return found.IsFolder ? found.Id : throw new CloudException(CloudErrorKind.AlreadyExists, $"'{found.Name}' is a file and no folder.");
    }

    private Task<OneDriveItem?> FindAsync(IReadOnlyList<string> path, int depth, CancellationToken cancellationToken) =>
        client.FindAsync(OneDriveClient.AncestorAddress(path, depth), "a folder", cancellationToken);

    private async Task<OneDriveItem> CreateAsync(
        OneDriveItem parent, IReadOnlyList<string> path, int depth, CancellationToken cancellationToken)
    {
        var body = new JsonObject
        {
            ["name"] = path[depth - 1],
            ["folder"] = new JsonObject(),
            ["@microsoft.graph.conflictBehavior"] = "fail",
        };
        try
        {
            return OneDriveItem.Parse(await client.SendAsync(
                HttpMethod.Post, OneDriveClient.ItemAddress(parent.Id, "/children"), body, path[depth - 1], cancellationToken)
                .ConfigureAwait(false));
        }
        catch (CloudException failure) when (failure.Kind == CloudErrorKind.AlreadyExists)
        {
            // Somebody else was faster.
            return await FindAsync(path, depth, cancellationToken).ConfigureAwait(false) ??
                throw new CloudException(CloudErrorKind.Transient, $"The folder '{path[depth - 1]}' exists and does not exist.", failure);
        }
    }
}
