using System.Net;
using System.Runtime.CompilerServices;
using CuckooDrive.Clouds.Http;

namespace CuckooDrive.Clouds.Providers.WebDav;

/// <summary>
/// <c>webdavs://user@host/path</c> (and <c>webdav://</c> without TLS): objects as files in a folder of a WebDAV server, with the
/// password of <see cref="CloudSecret.Password"/>. Options: <c>create-once=true</c> where the server is known to honour
/// <c>If-None-Match</c> atomically, <c>quota=true</c> where it tells its space, <c>ca=FILE</c> to trust a private certificate
/// authority, <c>domain=NAME</c> for the failure domain, which is the host otherwise.
/// </summary>
public sealed class WebDavStorage : ICloudStorage
{
    private readonly WebDavAddress _address;
    private readonly WebDavClient _client;
    private readonly WebDavFolders _folders;
    private readonly WebDavWriter _writer;
    private readonly RootMaker _root;

    private WebDavStorage(WebDavAddress address, CloudOpenOptions options)
    {
        _address = address;
        _client = new WebDavClient(address, options);
        _folders = new WebDavFolders(_client);
        _writer = new WebDavWriter(_client, _folders, new NextcloudUploads(_client, address), address.CreatesOnce, options.Time);
        _root = new RootMaker(options.CreateRoot, MakeRootAsync);
        Capabilities = new CloudCapabilities
        {
            CreateOnce = address.CreatesOnce,
            RangeRead = true,
            ConsistentList = true,
            Move = true,
            Quota = address.HasQuota,
            FailureDomain = address.FailureDomain,
        };
    }

    public static CloudProvider Provider { get; } = new("webdav", "webdav://user@host/path", Open) { SignIn = SignIn };

    public static CloudProvider SecureProvider { get; } = new("webdavs", "webdavs://user@host/path", Open) { SignIn = SignIn };

    public CloudCapabilities Capabilities { get; }

    public string Address => _address.Address.Text;

    public async IAsyncEnumerable<CloudObject> ListAsync(
        string prefix, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await _root.EnsureAsync(cancellationToken).ConfigureAwait(false);
        // From the deepest folder that the prefix names.
        var folders = new Stack<string>();
        var top = prefix[..(prefix.LastIndexOf('/') + 1)];
        if (top.Length == 0 || (ObjectName.IsValid(top[..^1]) && await IsFolderAsync(top, cancellationToken).ConfigureAwait(false)))
            folders.Push(top);
        while (folders.TryPop(out var folder))
        {
            foreach (var each in await ReadFolderAsync(folder, cancellationToken).ConfigureAwait(false))
            {
                var name = folder + each.Name;
                if (!ObjectName.IsValid(name))
                    continue;
                if (each.IsFolder)
                {
                    if (name.StartsWith(prefix, StringComparison.Ordinal) || prefix.StartsWith($"{name}/", StringComparison.Ordinal))
                        folders.Push($"{name}/");
                }
                else if (name.StartsWith(prefix, StringComparison.Ordinal))
                {
                    yield return Describe(name, each);
                }
            }
        }
    }

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
        await _root.EnsureAsync(cancellationToken).ConfigureAwait(false);
        // Both at once: the look at a folder that is not known yet does not delay the object.
        var parent = _folders.HasParentAsync(name, cancellationToken).AsTask();
        var response = await GetAsync(parent, name, offset, length, cancellationToken).ConfigureAwait(false);
        if (RangedDownload.IsAnswer(response))
        {
            var body = await RangedDownload.OpenAsync(_client.Http, response, offset, WebDavClient.AskedFor(length), cancellationToken)
                .ConfigureAwait(false);
            return length == 0 ? new PartStream(body, 0, 0) : body;
        }
        using (response)
        {
            // Servers answer differently to the name of a folder.
            throw response.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Gone ||
                await StatAsync(name, cancellationToken).ConfigureAwait(false) is null
                ? WebDavWriter.Missing(name)
                : _client.Error(response);
        }
    }

    public async Task<CloudObject> WriteAsync(string name, CloudContent content, CancellationToken cancellationToken = default)
    {
        ObjectName.Check(name);
        await _root.EnsureAsync(cancellationToken).ConfigureAwait(false);
        await _writer.WriteAsync(name, content, cancellationToken).ConfigureAwait(false);
        return new CloudObject(name, content.Length);
    }

    public async Task<CloudObject?> StatAsync(string name, CancellationToken cancellationToken = default)
    {
        ObjectName.Check(name);
        await _root.EnsureAsync(cancellationToken).ConfigureAwait(false);
        var found = await _folders.HasParentAsync(name, cancellationToken).ConfigureAwait(false)
            ? await _client.DescribeAsync(name, false, cancellationToken).ConfigureAwait(false)
            : null;
        if (found is null)
        {
            // Absent is not unreachable: without the folder nothing is known about what was in it.
            await CheckRootAsync(cancellationToken).ConfigureAwait(false);
            return null;
        }
        return found is [{ IsFolder: false } file, ..] ? Describe(name, file) : null;
    }

    public async Task DeleteAsync(string name, CancellationToken cancellationToken = default)
    {
        // A DELETE of a folder would take everything in it along.
        if (await StatAsync(name, cancellationToken).ConfigureAwait(false) is null)
            return;
        using var response = await _client.DeleteAsync(name, cancellationToken).ConfigureAwait(false);
        if (!response.IsSuccessStatusCode && response.StatusCode is not (HttpStatusCode.NotFound or HttpStatusCode.Gone))
            throw _client.Error(response);
    }

    public async Task MoveAsync(string source, string target, CancellationToken cancellationToken = default)
    {
        ObjectName.Check(target);
        // A MOVE of a folder would take everything in it along.
        if (await StatAsync(source, cancellationToken).ConfigureAwait(false) is null)
            throw WebDavWriter.Missing(source);
        await _writer.MoveAsync(source, target, cancellationToken).ConfigureAwait(false);
    }

    public async Task<CloudQuota> GetQuotaAsync(CancellationToken cancellationToken = default)
    {
        await _root.EnsureAsync(cancellationToken).ConfigureAwait(false);
        var found = await _client.DescribeAsync("", false, cancellationToken, Multistatus.QuotaRequest).ConfigureAwait(false) ??
            throw _client.RootMissing();
        var (free, used) = (found.FirstOrDefault()?.FreeBytes, found.FirstOrDefault()?.UsedBytes);
        return new CloudQuota(free + used, used, free);
    }

    public ValueTask DisposeAsync()
    {
        _client.Dispose();
        _root.Dispose();
        return ValueTask.CompletedTask;
    }

    private static WebDavStorage Open(CloudAddress address, CloudOpenOptions options) => new(WebDavAddress.Parse(address), options);

    private static CloudSignInNeed SignIn(CloudAddress address) => address.User is null
        ? CloudSignInNeed.None
        : new CloudSignInNeed
        {
            Fields = [new CloudSecretField(CloudSecret.Password, $"password of {address.User} at {address.Host}")],
            Help = "Many services want a password made for this app alone; see their security settings.",
        };

    private CloudObject Describe(string name, DavResource found) => new(
        name,
        found.Length ?? throw new CloudException(CloudErrorKind.Corrupt, $"'{_address.Host}' does not tell the length of '{name}'."),
        found.Modified);

    private async Task<HttpResponseMessage> GetAsync(
        Task<bool> parent, string name, long offset, long? length, CancellationToken cancellationToken)
    {
        HttpResponseMessage response;
        try
        {
            response = await _client.GetAsync(name, offset, length, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            // Its own failure would say the same, and must not go unobserved.
            await ((Task)parent).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }
        try
        {
            return await parent.ConfigureAwait(false) ? response : throw WebDavWriter.Missing(name);
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    private async ValueTask<bool> IsFolderAsync(string folder, CancellationToken cancellationToken)
    {
        if (await _folders.HasParentAsync(folder, cancellationToken).ConfigureAwait(false))
            return true;
        await CheckRootAsync(cancellationToken).ConfigureAwait(false);
        return false;
    }

    private async Task<List<DavResource>> ReadFolderAsync(string folder, CancellationToken cancellationToken)
    {
        var found = await _client.DescribeAsync(folder, true, cancellationToken).ConfigureAwait(false);
        if (found is null)
        {
            // Removed meanwhile, or never there.
            await CheckRootAsync(cancellationToken).ConfigureAwait(false);
            return [];
        }
        // The folder describes itself too: by the shortest path, which begins all others (a proxy may have changed it).
        if (found.MinBy(each => each.Path.Length) is not { IsFolder: true, Path: var own })
            return [];
        found.RemoveAll(each => each.Path.LastIndexOf('/') != own.Length || !each.Path.StartsWith(own, StringComparison.Ordinal));
        return found;
    }

    private async Task CheckRootAsync(CancellationToken cancellationToken)
    {
        if (!await _client.IsRootFolderAsync(cancellationToken).ConfigureAwait(false))
            throw new CloudException(CloudErrorKind.NotFound, $"{_address.Root} is a file; the address must be that of a folder.");
    }

    private async Task MakeRootAsync(CancellationToken cancellationToken)
    {
        if (await _client.DescribeAsync("", false, cancellationToken).ConfigureAwait(false) is not null)
            return;
        var path = _address.Root.AbsolutePath;
        for (var slash = path.IndexOf('/', 1); slash >= 0; slash = path.IndexOf('/', slash + 1))
        {
            // What is there refuses, each server in its own words; what counts is the whole path.
            var folder = new Uri(_address.Root, path[..(slash + 1)]);
            using var response = await _client.MakeFolderAsync(folder, cancellationToken).ConfigureAwait(false);
        }
        await CheckRootAsync(cancellationToken).ConfigureAwait(false);
    }
}
