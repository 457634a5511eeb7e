using System.Net;
using System.Text.Json.Nodes;
using CuckooDrive.Clouds.Http;
using CuckooDrive.Clouds.OAuth;
using Microsoft.Extensions.Logging;

namespace CuckooDrive.Clouds.Providers.Box;

/// <summary><c>box:/path</c>: objects as files below a folder of a Box account, by its API 2.0.</summary>
/// <remarks>
/// <para>Options: <c>trash=keep</c> leaves deleted objects in the trash, where they take space for 30 days; they are removed for
/// good otherwise. <c>domain=NAME</c> sets the failure domain.</para>
/// <para>Folders are never removed: another machine may just be writing into them.</para>
/// </remarks>
public sealed class BoxStorage : ICloudStorage
{
    // Box's addresses last 15 minutes.
    private static readonly TimeSpan LinkLife = TimeSpan.FromMinutes(5);

    private readonly BoxClient _client;
    private readonly BoxFolders _folders;
    private readonly BoxUpload _upload;
    private readonly BoxIds _ids = new();
    private readonly DownloadLinks _links;
    private readonly bool _keepsTrash;

    private BoxStorage(CloudAddress address, IReadOnlyList<string> root, CloudOpenOptions options)
    {
        Address = address.Text;
        _client = new BoxClient(new AuthorizedHttp(Endpoint, address.Text, options));
        _folders = new BoxFolders(_client, root, options.CreateRoot);
        _upload = new BoxUpload(_client, options.Time, options.LoggerFactory.CreateLogger<BoxStorage>());
        _links = new DownloadLinks(_client.Plain, LinkLife);
        _keepsTrash = address.Options.GetValueOrDefault("trash") switch
        {
            null or "empty" => false,
            "keep" => true,
            var other => throw CloudAddress.Invalid($"The trash cannot be '{other}'; write trash=keep or trash=empty."),
        };
        Capabilities = new CloudCapabilities
        {
            CreateOnce = true,
            RangeRead = true,
            ConsistentList = true,
            Move = true,
            Quota = true,
            Hash = CloudHashKind.Sha1,
            ComparesHash = true,
            // That of free accounts; others take more.
            MaximumObjectSize = 250_000_000,
            // Four uploads a second and user are allowed.
            ParallelWrites = 4,
            FailureDomain = address.Options.GetValueOrDefault("domain") ?? "box",
        };
    }

    private static OAuthEndpoint Endpoint { get; } = new()
    {
        Service = BoxClient.Service,
        Authorize = new Uri("https://account.box.com/api/oauth2/authorize"),
        Token = new Uri("https://api.box.com/oauth2/token"),
        NeedsClientSecret = true,
        Pkce = false,
        // Box compares the whole registered address.
        RedirectPort = 41_927,
    };

    public static CloudProvider Provider { get; } = new("box", "box:/path", Open)
    {
        SignIn = static _ => CloudSignInNeed.ForOAuth(
            Endpoint,
            "Create a custom app with user authentication (OAuth 2.0) at https://app.box.com/developers/console with the redirect " +
            "address http://127.0.0.1:41927/ and write access to all files; docs/clouds/box.md shows each step."),
    };

    public CloudCapabilities Capabilities { get; }

    public string Address { get; }

    public IAsyncEnumerable<CloudObject> ListAsync(string prefix, CancellationToken cancellationToken = default) =>
        BoxList.RunAsync(_client, _folders, _ids, prefix, cancellationToken);

    public async ValueTask<int> ReadAsync(
        string name, long offset, Memory<byte> destination, CancellationToken cancellationToken = default)
    {
        await using var stream = await OpenReadAsync(name, offset, destination.Length, cancellationToken).ConfigureAwait(false);
        return await stream.ReadAtLeastAsync(destination, destination.Length, throwOnEndOfStream: false, cancellationToken)
            .ConfigureAwait(false);
    }

    public async Task<Stream> OpenReadAsync(
        string name, long offset = 0, long? length = null, CancellationToken cancellationToken = default)
    {
        ObjectName.Check(name);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length ?? 0, nameof(length));
        if (length == 0)
        {
            return await FindFileAsync(name, cancellationToken).ConfigureAwait(false) is null
                ? throw BoxErrors.Missing(name)
                : Stream.Null;
        }
        return await _links.OpenAsync(name, offset, length, token => FindLinkAsync(name, token), cancellationToken).ConfigureAwait(false);
    }

    public async Task<CloudObject> WriteAsync(string name, CloudContent content, CancellationToken cancellationToken = default)
    {
        ObjectName.Check(name);
        cancellationToken.ThrowIfCancellationRequested();
        if (content.Length > Capabilities.MaximumObjectSize)
            throw new CloudException(CloudErrorKind.TooLarge, $"'{name}' is larger than Box takes.");
        var (folder, leaf) = Split(name);
        var folderId = await _folders.EnsureAsync(folder, cancellationToken).ConfigureAwait(false);
        var (item, sha1) = await InFolderAsync(
            folder, _upload.RunAsync(folderId, leaf, name, content, cancellationToken)).ConfigureAwait(false);
        if (item.Size != content.Length || (item.Sha1 is { } reported && !ContentHash.AreEqual(reported, sha1)))
        {
            await RemoveAsync(item.Id, name, cancellationToken).ConfigureAwait(false);
            throw new CloudException(CloudErrorKind.Corrupt, $"Box stored '{name}' with other bytes than were sent; it was removed again.");
        }
        _links.Forget(name);
        _ids.Keep(name, item.Id);
        return item.Describe(name);
    }

    public async Task<CloudObject?> StatAsync(string name, CancellationToken cancellationToken = default) =>
        await FindFileAsync(name, cancellationToken).ConfigureAwait(false) is { } found &&
        await _client.DescribeAsync(found.Id, name, cancellationToken).ConfigureAwait(false) is { } item
            ? item.Describe(name)
            : null;

    public async Task DeleteAsync(string name, CancellationToken cancellationToken = default)
    {
        // Looked up anew: under an id that was seen once another name may lie by now.
        var file = await FindFileAsync(name, cancellationToken).ConfigureAwait(false);
        Forget(name);
        if (file is not null)
            await RemoveAsync(file.Id, name, cancellationToken).ConfigureAwait(false);
    }

    public async Task MoveAsync(string source, string target, CancellationToken cancellationToken = default)
    {
        ObjectName.Check(target);
        var file = await FindFileAsync(source, cancellationToken).ConfigureAwait(false) ?? throw BoxErrors.Missing(source);
        var (folder, leaf) = Split(target);
        var folderId = await _folders.EnsureAsync(folder, cancellationToken).ConfigureAwait(false);
        var body = new JsonObject { ["name"] = leaf, ["parent"] = new JsonObject { ["id"] = folderId } };
        await _client.AskAsync(HttpMethod.Put, BoxClient.FileAddress(file.Id), body, target, cancellationToken).ConfigureAwait(false);
        Forget(source);
        Forget(target);
    }

    public async Task<CloudQuota> GetQuotaAsync(CancellationToken cancellationToken = default)
    {
        var user = await _client.AskAsync(
            HttpMethod.Get, BoxClient.Address("/users/me?fields=space_amount,space_used"), null, "the account", cancellationToken)
            .ConfigureAwait(false);
        var (total, used) = (BoxItem.Number(user, "space_amount"), BoxItem.Number(user, "space_used"));
        return new CloudQuota(total, used, total - used is { } free ? Math.Max(0, free) : null);
    }

    public ValueTask DisposeAsync() => _client.DisposeAsync();

    private static BoxStorage Open(CloudAddress address, CloudOpenOptions options)
    {
        address.AllowOptions("trash", "domain");
        if (address.Host is not null || !(address.Path.Length == 0 || address.Path[0] == '/'))
            throw CloudAddress.Invalid($"'{address}' is not a Box address; write it as box:/path.");
        var root = address.Path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        foreach (var segment in root)
        {
            if (segment.Length > 255 || segment != segment.Trim() || segment is "." or ".." || segment.Contains('\\') || segment.Any(char.IsControl))
                throw CloudAddress.Invalid($"Box takes no folder named '{segment}'; choose another one for '{address}'.");
        }
        return new BoxStorage(address, root, options);
    }

    private static (string Folder, string Leaf) Split(string name)
    {
        var slash = name.LastIndexOf('/');
        return (name[..Math.Max(slash, 0)], name[(slash + 1)..]);
    }

    /// <summary>The file of that name as of now, without its size, or null when there is none.</summary>
    private async Task<BoxItem?> FindFileAsync(string name, CancellationToken cancellationToken)
    {
        ObjectName.Check(name);
        var (folder, leaf) = Split(name);
        for (var again = false; ; again = true)
        {
            if (await _folders.FindAsync(folder, cancellationToken).ConfigureAwait(false) is not { } folderId)
                return null;
            try
            {
                var found = await _client.FindAsync(folderId, leaf, name, cancellationToken).ConfigureAwait(false);
                return found is { IsFile: true } ? found : null;
            }
            catch (CloudException failure) when (failure.Kind == CloudErrorKind.NotFound)
            {
                // The folder that was remembered is gone; another one may have its name by now.
                _folders.Forget(folder);
                if (again)
                    throw new CloudException(CloudErrorKind.Transient, $"The folder '{folder}' at Box comes and goes.", failure);
            }
        }
    }

    private async Task<Uri> FindLinkAsync(string name, CancellationToken cancellationToken)
    {
        if (_ids.Find(name) is { } known)
        {
            if (await _client.FindLinkAsync(known, name, cancellationToken).ConfigureAwait(false) is { } found)
                return found;
            _ids.Forget(name);
        }
        var file = await FindFileAsync(name, cancellationToken).ConfigureAwait(false) ?? throw BoxErrors.Missing(name);
        var link = await _client.FindLinkAsync(file.Id, name, cancellationToken).ConfigureAwait(false) ?? throw BoxErrors.Missing(name);
        _ids.Keep(name, file.Id);
        return link;
    }

    private async Task<T> InFolderAsync<T>(string folder, Task<T> work)
    {
        try
        {
            return await work.ConfigureAwait(false);
        }
        catch (CloudException failure) when (failure.Kind == CloudErrorKind.NotFound)
        {
            _folders.Forget(folder);
            throw new CloudException(CloudErrorKind.Transient, $"The folder '{folder}' at Box has vanished.", failure);
        }
    }

    private async Task RemoveAsync(string fileId, string name, CancellationToken cancellationToken)
    {
        await RemoveAsync(BoxClient.FileAddress(fileId), name, cancellationToken).ConfigureAwait(false);
        if (_keepsTrash)
            return;
        try
        {
            await RemoveAsync(BoxClient.FileAddress(fileId, "/trash"), name, cancellationToken).ConfigureAwait(false);
        }
        catch (CloudException failure) when (failure.Kind == CloudErrorKind.Forbidden)
        {
            // Organisations may keep the trash; the object is gone for all who look for it.
        }
    }

    private async Task RemoveAsync(Uri address, string name, CancellationToken cancellationToken)
    {
        var response = await _client.SendAsync(HttpMethod.Delete, address, null, cancellationToken).ConfigureAwait(false);
        if (!response.IsSuccessStatusCode && response.StatusCode != HttpStatusCode.NotFound)
            throw (await BoxErrors.ReadAsync(_client.Plain, response, name, cancellationToken).ConfigureAwait(false)).Error;
        response.Dispose();
    }

    private void Forget(string name)
    {
        _ids.Forget(name);
        _links.Forget(name);
    }
}
