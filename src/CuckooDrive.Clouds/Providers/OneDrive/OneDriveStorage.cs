using System.Text.Json.Nodes;
using CuckooDrive.Clouds.Http;
using CuckooDrive.Clouds.OAuth;
using Microsoft.Extensions.Logging;

namespace CuckooDrive.Clouds.Providers.OneDrive;

/// <summary>
/// <c>onedrive:/path</c>: objects as files below the app's own folder of a OneDrive account, by Microsoft Graph v1.0.
/// </summary>
/// <remarks>
/// <para>Options: <c>access=files</c> asks for all files of the account where the permission for the app's folder alone is not
/// granted (the objects stay in that folder); <c>tenant=ID</c> signs in to one organisation; <c>domain=NAME</c> sets the failure
/// domain.</para>
/// <para>A deleted object goes to the recycle bin. Folders are never removed: OneDrive would remove what another machine is just
/// writing into them.</para>
/// </remarks>
public sealed class OneDriveStorage : ICloudStorage
{
    /// <summary>Above this a session is used. Microsoft's documentation says 250 MB for one request, and said 4 MB for long.</summary>
    private const int LargestSimpleUpload = 4 << 20;

    // Their end is not documented beyond "a few minutes".
    private static readonly TimeSpan LinkLife = TimeSpan.FromMinutes(2);

    private readonly OneDriveClient _client;
    private readonly OneDriveFolders _folders;
    private readonly OneDriveUpload _upload;
    private readonly DownloadLinks _links;

    private OneDriveStorage(CloudAddress address, IReadOnlyList<string> root, CloudOpenOptions options)
    {
        Address = address.Text;
        _client = new OneDriveClient(new AuthorizedHttp(Endpoint(address), address.Text, options), root);
        _folders = new OneDriveFolders(_client, options.CreateRoot, options.Time);
        _upload = new OneDriveUpload(_client, options.Time, options.LoggerFactory.CreateLogger<OneDriveStorage>());
        _links = new DownloadLinks(_client.Plain, LinkLife);
        Capabilities = new CloudCapabilities
        {
            CreateOnce = true,
            RangeRead = true,
            ConsistentList = true,
            Move = true,
            Quota = true,
            Hash = CloudHashKind.QuickXor,
            ComparesHash = true,
            MaximumObjectSize = 250L << 30,
            ParallelWrites = 4,
            FailureDomain = address.Options.GetValueOrDefault("domain") ?? "onedrive",
        };
    }

    public static CloudProvider Provider { get; } = new("onedrive", "onedrive:/path", Open)
    {
        SignIn = static address => CloudSignInNeed.ForOAuth(
            Endpoint(address),
            "Register an application at https://entra.microsoft.com (App registrations) with the redirect address http://localhost " +
            "for mobile and desktop applications; docs/clouds/onedrive.md shows each step."),
    };

    public CloudCapabilities Capabilities { get; }

    public string Address { get; }

    public IAsyncEnumerable<CloudObject> ListAsync(string prefix, CancellationToken cancellationToken = default) =>
        OneDriveList.RunAsync(_client, _folders, prefix, cancellationToken);

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
            return await StatAsync(name, cancellationToken).ConfigureAwait(false) is null
                ? throw OneDriveErrors.Missing(name)
                : Stream.Null;
        }
        return await _links.OpenAsync(name, offset, length, FindAsync, cancellationToken).ConfigureAwait(false);

        async Task<Uri> FindAsync(CancellationToken token) =>
            await _client.FindLinkAsync(name, token).ConfigureAwait(false) ?? throw OneDriveErrors.Missing(name);
    }

    public async Task<CloudObject> WriteAsync(string name, CloudContent content, CancellationToken cancellationToken = default)
    {
        ObjectName.Check(name);
        cancellationToken.ThrowIfCancellationRequested();
        if (content.Length > Capabilities.MaximumObjectSize)
            throw new CloudException(CloudErrorKind.TooLarge, $"'{name}' is larger than OneDrive takes.");
        await _folders.EnsureRootAsync(cancellationToken).ConfigureAwait(false);

        var (item, hash) = content.Length <= LargestSimpleUpload
            ? await PutAsync(name, content, cancellationToken).ConfigureAwait(false)
            : await UploadAsync(name, content, cancellationToken).ConfigureAwait(false);
        _links.Forget(name);
        await VerifyAsync(item, name, content, hash, cancellationToken).ConfigureAwait(false);
        return item.Describe(name);
    }

    public async Task<CloudObject?> StatAsync(string name, CancellationToken cancellationToken = default) =>
        (await FindFileAsync(name, cancellationToken).ConfigureAwait(false))?.Describe(name);

    public async Task DeleteAsync(string name, CancellationToken cancellationToken = default)
    {
        // By id, once it is known to be a file: deleting a folder would delete all that is in it.
        var item = await FindFileAsync(name, cancellationToken).ConfigureAwait(false);
        _links.Forget(name);
        if (item is not null)
            await _client.DeleteAsync(item.Id, name, cancellationToken).ConfigureAwait(false);
    }

    public async Task MoveAsync(string source, string target, CancellationToken cancellationToken = default)
    {
        ObjectName.Check(target);
        var item = await FindFileAsync(source, cancellationToken).ConfigureAwait(false) ?? throw OneDriveErrors.Missing(source);
        var slash = target.LastIndexOf('/');
        var parent = await _folders.EnsureAsync(target[..Math.Max(slash, 0)], cancellationToken).ConfigureAwait(false);
        var body = new JsonObject
        {
            ["name"] = OneDriveNames.Encode(target[(slash + 1)..]),
            ["parentReference"] = new JsonObject { ["id"] = parent },
            ["@microsoft.graph.conflictBehavior"] = "fail",
        };
        await _client.SendAsync(HttpMethod.Patch, OneDriveClient.ItemAddress(item.Id), body, target, cancellationToken).ConfigureAwait(false);
        _links.Forget(source);
        _links.Forget(target);
    }

    public async Task<CloudQuota> GetQuotaAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            var quota = (await _client.GetDriveAsync(cancellationToken).ConfigureAwait(false)).Member("quota") ?? default;
            return new CloudQuota(quota.NumberOrNull("total"), quota.NumberOrNull("used"), quota.NumberOrNull("remaining"));
        }
        catch (CloudException failure) when (failure.Kind == CloudErrorKind.Forbidden)
        {
            // The permission for the app's folder need not tell about the drive around it, and the storage works all the same.
            return default;
        }
    }

    public ValueTask DisposeAsync() => _client.DisposeAsync();

    private static OneDriveStorage Open(CloudAddress address, CloudOpenOptions options)
    {
        address.AllowOptions("access", "tenant", "domain");
        if (address.Host is not null || !(address.Path.Length == 0 || address.Path[0] == '/'))
            throw CloudAddress.Invalid($"'{address}' is not a OneDrive address; write it as onedrive:/path.");
        return new OneDriveStorage(address, OneDriveNames.ParseRoot(address), options);
    }

    private static OAuthEndpoint Endpoint(CloudAddress address)
    {
        var tenant = address.Options.GetValueOrDefault("tenant") ?? "common";
        if (tenant.Length == 0 || !tenant.All(each => char.IsAsciiLetterOrDigit(each) || each is '-' or '.'))
            throw CloudAddress.Invalid($"'{tenant}' is not the id of an organisation; it is a GUID or a domain name.");
        var scope = address.Options.GetValueOrDefault("access") switch
        {
            null or "app" => "Files.ReadWrite.AppFolder",
            "files" => "Files.ReadWrite",
            var other => throw CloudAddress.Invalid($"The access '{other}' is not known; write access=app or access=files."),
        };
        return new OAuthEndpoint
        {
            Service = OneDriveClient.Service,
            Authorize = new Uri($"https://login.microsoftonline.com/{tenant}/oauth2/v2.0/authorize"),
            Token = new Uri($"https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token"),
            Scopes = [scope, "offline_access"],
            // For native applications Microsoft ignores the port of localhost, but not of 127.0.0.1.
            RedirectHost = "localhost",
        };
    }

    private async Task<(OneDriveItem Item, byte[] Hash)> PutAsync(
        string name, CloudContent content, CancellationToken cancellationToken)
    {
        await using var upload = new RestartableUpload(content, CloudHashKind.QuickXor);
        var item = await _client.PutAsync(name, upload.WholeAsync, cancellationToken).ConfigureAwait(false);
        return (item, upload.FinishHash());
    }

    private async Task<(OneDriveItem Item, byte[] Hash)> UploadAsync(
        string name, CloudContent content, CancellationToken cancellationToken)
    {
        await using var source = await UploadSource.OpenAsync(content, CloudHashKind.QuickXor, cancellationToken).ConfigureAwait(false);
        var item = await _upload.RunAsync(name, source, cancellationToken).ConfigureAwait(false);
        return (item, source.FinishHash()!);
    }

    /// <summary>The file of that name, or null when there is none.</summary>
    private async Task<OneDriveItem?> FindFileAsync(string name, CancellationToken cancellationToken)
    {
        ObjectName.Check(name);
        cancellationToken.ThrowIfCancellationRequested();
        var item = await _client.FindAsync(_client.Address(name), name, cancellationToken).ConfigureAwait(false);
        if (item is null)
            await _folders.RequireRootAsync(cancellationToken).ConfigureAwait(false);
        return item is { IsFile: true } ? item : null;
    }

    // Business accounts tell the QuickXorHash, personal ones may tell others; some tell none for a while.
    private async Task VerifyAsync(
        OneDriveItem item, string name, CloudContent content, byte[] quickXor, CancellationToken cancellationToken)
    {
        var isRight = item.Size == content.Length;
        if (isRight && item.QuickXor is { } reported)
            isRight = ContentHash.AreEqual(reported, quickXor);
        else if (isRight && (item.Sha256 ?? item.Sha1) is { } other)
        {
            var kind = item.Sha256 is null ? CloudHashKind.Sha1 : CloudHashKind.Sha256;
            isRight = ContentHash.AreEqual(other, (await ContentHash.ComputeAsync(kind, content, cancellationToken).ConfigureAwait(false))!);
        }
        if (isRight)
            return;
        await _client.DeleteAsync(item.Id, name, cancellationToken).ConfigureAwait(false);
        throw new CloudException(CloudErrorKind.Corrupt, $"OneDrive stored '{name}' with other bytes than were sent; it was removed again.");
    }
}
