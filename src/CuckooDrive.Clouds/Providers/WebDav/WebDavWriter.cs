using System.Net;
using CuckooDrive.Clouds.Http;

namespace CuckooDrive.Clouds.Providers.WebDav;

/// <summary>
/// How objects come into being. Most servers show a file while it is being uploaded, and not all know <c>If-None-Match</c>; so a
/// new object is uploaded into a folder that lists never show (a large one, to a Nextcloud, in chunks) and then moved, without
/// leave to replace anything. Where the address says that the server creates atomically, one conditional PUT does it. Thread safe.
/// </summary>
internal sealed class WebDavWriter(
    WebDavClient client, WebDavFolders folders, NextcloudUploads chunks, bool createsOnce, TimeProvider time)
{
    /// <summary>No object can have this name.</summary>
    public const string TemporaryFolder = ".cuckoo-upload";

    private static readonly TimeSpan CleaningTime = TimeSpan.FromSeconds(20);

    // Longer than any upload takes.
    private static readonly TimeSpan Abandoned = TimeSpan.FromDays(2);

    private int _cleaned;

    public async Task WriteAsync(string name, CloudContent content, CancellationToken cancellationToken)
    {
        await folders.EnsureParentsAsync(name, cancellationToken).ConfigureAwait(false);
        if (await TryWriteAsync(name, content, cancellationToken).ConfigureAwait(false))
            return;
        // Somebody removed a folder that was there.
        folders.Forget();
        await folders.EnsureParentsAsync(name, cancellationToken).ConfigureAwait(false);
        if (!await TryWriteAsync(name, content, cancellationToken).ConfigureAwait(false))
            throw await client.FolderMissingAsync(name, cancellationToken).ConfigureAwait(false);
    }

    public async Task MoveAsync(string source, string target, CancellationToken cancellationToken)
    {
        await folders.EnsureParentsAsync(target, cancellationToken).ConfigureAwait(false);
        using var response = await client.MoveAsync(source, target, cancellationToken).ConfigureAwait(false);
        if (response.StatusCode == HttpStatusCode.NotFound)
            throw Missing(source);
        if (!await IsDoneAsync(response, target, target, cancellationToken).ConfigureAwait(false))
            throw client.Error(response);
    }

    public static CloudException Missing(string name) => new(CloudErrorKind.NotFound, $"There is no object named '{name}'.");

    private async Task<bool> TryWriteAsync(string name, CloudContent content, CancellationToken cancellationToken)
    {
        if (createsOnce)
            return await PutAsync(name, name, content, onlyNew: true, cancellationToken).ConfigureAwait(false);
        return await chunks.TakesAsync(content.Length, cancellationToken).ConfigureAwait(false)
            ? await PutInChunksAsync(name, content, cancellationToken).ConfigureAwait(false)
            : await PutAndMoveAsync(name, content, cancellationToken).ConfigureAwait(false);
    }

    private async Task<bool> PutInChunksAsync(string name, CloudContent content, CancellationToken cancellationToken)
    {
        var place = chunks.NewPlace();
        var done = false;
        try
        {
            using (var sent = await chunks.SendAsync(place, name, content, cancellationToken).ConfigureAwait(false))
            {
                if (!await IsDoneAsync(sent, name, name, cancellationToken).ConfigureAwait(false))
                    return false;
            }
            // From here on the object may become visible whatever happens, but only whole.
            using var response = await chunks.AssembleAsync(place, name, content.Length, cancellationToken).ConfigureAwait(false);
            return done = await IsDoneAsync(response, name, name, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            if (!done)
                await RemoveAsync(place).ConfigureAwait(false);
        }
    }

    private async Task<bool> PutAndMoveAsync(string name, CloudContent content, CancellationToken cancellationToken)
    {
        var temporary = $"{TemporaryFolder}/{Guid.NewGuid():n}";
        await folders.EnsureParentsAsync(temporary, cancellationToken).ConfigureAwait(false);
        await RemoveAbandonedAsync(cancellationToken).ConfigureAwait(false);
        var moved = false;
        try
        {
            if (!await PutAsync(temporary, name, content, onlyNew: false, cancellationToken).ConfigureAwait(false))
                return false;
            // From here on the object may become visible whatever happens, but only whole.
            using var response = await client.MoveAsync(temporary, name, cancellationToken).ConfigureAwait(false);
            return moved = await IsDoneAsync(response, name, name, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            if (!moved)
                await RemoveAsync(client.Locate(temporary)).ConfigureAwait(false);
        }
    }

    /// <summary>False: a folder on the way is missing.</summary>
    private async Task<bool> PutAsync(
        string path, string name, CloudContent content, bool onlyNew, CancellationToken cancellationToken)
    {
        await using var source = await UploadSource.OpenAsync(content, CloudHashKind.None, cancellationToken).ConfigureAwait(false);
        using var body = source.Take(content.Length);
        using var response = await client.PutAsync(path, body, onlyNew, cancellationToken).ConfigureAwait(false);
        return await IsDoneAsync(response, path, name, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>False: the folder above the path is missing.</summary>
    private async Task<bool> IsDoneAsync(HttpResponseMessage response, string path, string name, CancellationToken cancellationToken)
    {
        switch ((int)response.StatusCode)
        {
            case >= 200 and < 300:
                return true;
            case 404 or 409:
                return false;
            case 412:
                throw new CloudException(CloudErrorKind.AlreadyExists, $"An object named '{name}' exists already.");
            // Apache and rclone have no better word for a MOVE into a missing folder, nginx for a PUT.
            case 403 or 500 when !await folders.StillHasParentAsync(path, cancellationToken).ConfigureAwait(false):
                return false;
            default:
                throw client.Error(response);
        }
    }

    // An upload that failed stays failed whether or not its rest can be removed; what stays is removed another day.
    private async Task RemoveAsync(Uri temporary)
    {
        using var limit = new CancellationTokenSource(CleaningTime, time);
        try
        {
            using var response = await client.DeleteAsync(temporary, limit.Token).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is CloudException or OperationCanceledException)
        {
            // The failure of the upload is what the caller must hear.
        }
    }

    // Once for each opened storage: what crashes left of uploads.
    private async Task RemoveAbandonedAsync(CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _cleaned, 1) != 0)
            return;
        var found = await client.DescribeAsync(TemporaryFolder, true, cancellationToken).ConfigureAwait(false) ?? [];
        var old = time.GetUtcNow() - Abandoned;
        foreach (var each in found.Where(each => !each.IsFolder && each.Modified < old && Guid.TryParseExact(each.Name, "n", out _)))
            await RemoveAsync(client.Locate($"{TemporaryFolder}/{each.Name}")).ConfigureAwait(false);
    }
}
