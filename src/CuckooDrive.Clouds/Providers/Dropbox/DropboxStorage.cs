using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using CuckooDrive.Clouds.Http;
using CuckooDrive.Clouds.OAuth;

namespace CuckooDrive.Clouds.Providers.Dropbox;

/// <summary>
/// <c>dropbox:/path</c>: a folder of a Dropbox account, or of what an app with a folder of its own may see; <c>?domain=NAME</c> names
/// what is lost together. Names of objects are paths below it. The user brings an app of their own (docs/clouds/dropbox.md).
/// </summary>
public sealed class DropboxStorage : ICloudStorage
{
    private const int PageSize = 2000;

    private readonly DropboxApi _api;
    private readonly DropboxWriter _writer;
    private readonly string _root;
    private readonly bool _createRoot;
    private volatile bool _isRootKnown;

    private DropboxStorage(CloudAddress address, string root, CloudOpenOptions options)
    {
        Address = address.Text;
        _root = root;
        _createRoot = options.CreateRoot;
        Capabilities = Abilities with { FailureDomain = address.Options.GetValueOrDefault("domain", Abilities.FailureDomain) };
        _api = new DropboxApi(new AuthorizedHttp(Endpoint, Address, options) { Refusal = DropboxErrors.OfRefusedLogin });
        _writer = new DropboxWriter(_api);
    }

    public static OAuthEndpoint Endpoint { get; } = new()
    {
        Service = "Dropbox",
        Authorize = new Uri("https://www.dropbox.com/oauth2/authorize"),
        Token = new Uri("https://api.dropboxapi.com/oauth2/token"),
        Scopes = ["account_info.read", "files.metadata.read", "files.content.read", "files.content.write"],
        AuthorizeParameters = new Dictionary<string, string> { ["token_access_type"] = "offline" },
        // Dropbox compares the whole address with those that are registered.
        RedirectPort = 41_927,
        ShowsCode = true,
    };

    public static CloudProvider Provider { get; } = new("dropbox", "dropbox:/path", Open)
    {
        SignIn = static _ => CloudSignInNeed.ForOAuth(
            Endpoint,
            "Create an app of your own at https://www.dropbox.com/developers/apps (scoped access), with the redirect address " +
            "http://127.0.0.1:41927/ ; the client id is its App key. See docs/clouds/dropbox.md."),
    };

    public CloudCapabilities Capabilities { get; }

    private static CloudCapabilities Abilities { get; } = new()
    {
        CreateOnce = true,
        RangeRead = true,
        ConsistentList = true,
        Move = true,
        Quota = true,
        Hash = CloudHashKind.DropboxContentHash,
        ComparesHash = true,
        MaximumObjectSize = (1L << 41) - (1L << 22),
        ParallelWrites = 16,
        FailureDomain = "dropbox",
    };

    public string Address { get; }

    public async IAsyncEnumerable<CloudObject> ListAsync(
        string prefix, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (!ObjectPrefix.TryFolder(prefix, out var folder))
            yield break;
        var route = "files/list_folder";
        var argument = new JsonObject { ["path"] = PathOf(folder), ["recursive"] = true, ["limit"] = PageSize };
        while (true)
        {
            JsonElement page;
            try
            {
                page = await _api.CallAsync(route, argument, folder, cancellationToken).ConfigureAwait(false);
            }
            catch (CloudException failure) when (failure.Kind == CloudErrorKind.NotFound)
            {
                await RequireRootAsync(cancellationToken).ConfigureAwait(false);
                if (argument.ContainsKey("cursor"))
                    throw new CloudException(CloudErrorKind.Transient, $"Dropbox lost its place in the list of '{folder}'.", failure);
                yield break;
            }
            foreach (var entry in page.Items("entries"))
            {
                if (ObjectOf(entry) is { } found && found.Name.StartsWith(prefix, StringComparison.Ordinal))
                    yield return found;
            }
            if (!page.IsTrue("has_more"))
                yield break;
            route = "files/list_folder/continue";
            argument = new JsonObject { ["cursor"] = page.TextOrNull("cursor") };
        }
    }

    public async ValueTask<int> ReadAsync(
        string name, long offset, Memory<byte> destination, CancellationToken cancellationToken = default)
    {
        ObjectName.Check(name);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        cancellationToken.ThrowIfCancellationRequested();
        if (destination.Length == 0)
        {
            await RequireAsync(name, cancellationToken).ConfigureAwait(false);
            return 0;
        }
        var response = await _api.DownloadAsync(PathOf(name), offset, destination.Length, name, cancellationToken).ConfigureAwait(false);
        return await RangedDownload.ReadAsync(_api.Http, response, offset, destination, cancellationToken).ConfigureAwait(false);
    }

    public async Task<Stream> OpenReadAsync(
        string name, long offset = 0, long? length = null, CancellationToken cancellationToken = default)
    {
        ObjectName.Check(name);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length ?? 0, nameof(length));
        cancellationToken.ThrowIfCancellationRequested();
        if (length == 0)
        {
            await RequireAsync(name, cancellationToken).ConfigureAwait(false);
            return Stream.Null;
        }
        var response = await _api.DownloadAsync(PathOf(name), offset, length, name, cancellationToken).ConfigureAwait(false);
        return await RangedDownload.OpenAsync(_api.Http, response, offset, length, cancellationToken).ConfigureAwait(false);
    }

    public async Task<CloudObject> WriteAsync(string name, CloudContent content, CancellationToken cancellationToken = default)
    {
        ObjectName.Check(name);
        cancellationToken.ThrowIfCancellationRequested();
        if (content.Length > Capabilities.MaximumObjectSize)
            throw new CloudException(CloudErrorKind.TooLarge, $"'{name}' is larger than Dropbox takes.");
        // Dropbox makes missing folders; a missing root must stay an error.
        if (!_isRootKnown)
            await RequireRootAsync(cancellationToken).ConfigureAwait(false);
        var stored = await _writer.WriteAsync(PathOf(name), content, name, cancellationToken).ConfigureAwait(false);
        if (stored.NumberOrNull("size") != content.Length)
            throw new CloudException(CloudErrorKind.Corrupt, $"Dropbox stored '{name}' with another length than it was sent.");
        return new CloudObject(name, content.Length, stored.TimeOrNull("server_modified"), stored.TextOrNull("content_hash"));
    }

    public async Task<CloudObject?> StatAsync(string name, CancellationToken cancellationToken = default)
    {
        ObjectName.Check(name);
        cancellationToken.ThrowIfCancellationRequested();
        var found = await DescribeAsync(name, cancellationToken).ConfigureAwait(false);
        return found is { } entry && ObjectOf(entry) is { } described ? described with { Name = name } : null;
    }

    public async Task DeleteAsync(string name, CancellationToken cancellationToken = default)
    {
        ObjectName.Check(name);
        cancellationToken.ThrowIfCancellationRequested();
        // Deleting a folder would delete all in it: only a file has a revision, and only that revision is deleted.
        if (await DescribeAsync(name, cancellationToken).ConfigureAwait(false) is { } found && found.TextOrNull("rev") is { } revision)
            await _writer.DeleteAsync(PathOf(name), revision, name, cancellationToken).ConfigureAwait(false);
    }

    public async Task MoveAsync(string source, string target, CancellationToken cancellationToken = default)
    {
        ObjectName.Check(source);
        ObjectName.Check(target);
        cancellationToken.ThrowIfCancellationRequested();
        await RequireAsync(source, cancellationToken).ConfigureAwait(false);
        if (await DescribeAsync(target, cancellationToken).ConfigureAwait(false) is not null)
            throw new CloudException(CloudErrorKind.AlreadyExists, $"'{target}' exists already.");
        var argument = new JsonObject { ["from_path"] = PathOf(source), ["to_path"] = PathOf(target), ["autorename"] = false };
        await _writer.ChangeAsync("files/move_v2", argument, target, cancellationToken).ConfigureAwait(false);
    }

    public async Task<CloudQuota> GetQuotaAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var answer = await _api.CallAsync("users/get_space_usage", null, "the account", cancellationToken).ConfigureAwait(false);
        var allocation = answer.Member("allocation") ?? default;
        // A team's space is shared by its members, and so is what is used of it.
        var used = (allocation.TextOrNull(".tag") == "team" ? allocation : answer).NumberOrNull("used");
        var total = allocation.NumberOrNull("allocated");
        return new CloudQuota(total, used, total is { } all && used is { } some ? Math.Max(0, all - some) : null);
    }

    public async ValueTask DisposeAsync()
    {
        await _writer.DisposeAsync().ConfigureAwait(false);
        await _api.DisposeAsync().ConfigureAwait(false);
    }

    private static DropboxStorage Open(CloudAddress address, CloudOpenOptions options)
    {
        address.AllowOptions("domain");
        var root = address.Path.TrimEnd('/');
        if (address.Host is not null || (address.Path.Length > 0 && address.Path[0] != '/') ||
            root.Split('/').Skip(1).Any(part => part is "" or "." or ".."))
        {
            throw CloudAddress.Invalid($"'{address}' is not a folder of Dropbox; write it as dropbox:/path, or dropbox:/ for all of it.");
        }
        return new DropboxStorage(address, root, options);
    }

    private string PathOf(string name) => name.Length == 0 ? _root : $"{_root}/{name}";

    // The path in lower case names the object, whoever wrote it: Dropbox does not tell cases apart.
    private CloudObject? ObjectOf(JsonElement entry)
    {
        if (entry.TextOrNull(".tag") is not ("file" or null) || entry.NumberOrNull("size") is not { } size ||
            entry.TextOrNull("path_lower") is not { } path)
            return null;
        // By the number of folders above it: the root's own case is Dropbox's business.
        var name = string.Join('/', path.Split('/').Skip(_root.Count(each => each == '/') + 1));
        return ObjectName.IsValid(name)
            ? new CloudObject(name, size, entry.TimeOrNull("server_modified"), entry.TextOrNull("content_hash"))
            : null;
    }

    private async Task<JsonElement?> DescribeAsync(string name, CancellationToken cancellationToken)
    {
        var found = await _api.DescribeAsync(PathOf(name), name, cancellationToken).ConfigureAwait(false);
        // Absent is not the same as unreachable: a missing root must not look like lost objects.
        if (found is null)
            await RequireRootAsync(cancellationToken).ConfigureAwait(false);
        return found;
    }

    private async Task RequireAsync(string name, CancellationToken cancellationToken)
    {
        if (await StatAsync(name, cancellationToken).ConfigureAwait(false) is null)
            throw new CloudException(CloudErrorKind.NotFound, $"There is no '{name}' in Dropbox.");
    }

    private async Task RequireRootAsync(CancellationToken cancellationToken)
    {
        if (_root.Length > 0)
        {
            var found = await _api.DescribeAsync(_root, _root, cancellationToken).ConfigureAwait(false);
            if (found is null && _createRoot)
                await CreateRootAsync(cancellationToken).ConfigureAwait(false);
            else if (found?.TextOrNull(".tag") != "folder")
                throw new CloudException(CloudErrorKind.NotFound, $"There is no folder '{_root}' in this Dropbox account; check the address and the account.");
        }
        _isRootKnown = true;
    }

    private async Task CreateRootAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _writer.ChangeAsync("files/create_folder_v2", new JsonObject { ["path"] = _root }, _root, cancellationToken).ConfigureAwait(false);
        }
        catch (CloudException failure) when (failure.Kind == CloudErrorKind.AlreadyExists)
        {
            // Somebody else made it at the same time.
        }
    }
}
