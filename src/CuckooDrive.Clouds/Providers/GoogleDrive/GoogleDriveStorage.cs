using System.Collections.Concurrent;
using CuckooDrive.Clouds.Http;
using CuckooDrive.Clouds.OAuth;

namespace CuckooDrive.Clouds.Providers.GoogleDrive;

/// <summary>
/// <c>gdrive:/path</c>: a folder of a Google Drive, in which the app sees only what it made itself; <c>?domain=NAME</c> names what is
/// lost together. The user brings an OAuth
/// client of their own (docs/clouds/google-drive.md).
/// </summary>
/// <remarks>
/// Google Drive knows ids and lets names occur twice, so there is no atomic creation: after a write everything of that name is looked
/// at, and all clients choose the same one.
/// </remarks>
public sealed class GoogleDriveStorage : ICloudStorage
{
    /// <summary>What one request may carry together with the description of the file.</summary>
    private const int SmallObject = 5_000_000;

    /// <summary>The parts of larger ones; a multiple of 256 KiB.</summary>
    private const int PartSize = 16 << 20;

    /// <summary>For what must be done after an upload, once nobody's patience counts.</summary>
    private static readonly TimeSpan SettlingTime = TimeSpan.FromMinutes(1);

    private readonly GoogleDriveApi _api;
    private readonly GoogleDriveFolders _folders;
    private readonly GoogleDriveFiles _files;

    /// <summary>Names of writes that failed and may have taken effect all the same.</summary>
    private readonly ConcurrentDictionary<string, bool> _doubtful = new(StringComparer.Ordinal);

    private GoogleDriveStorage(CloudAddress address, string[] root, CloudOpenOptions options)
    {
        Address = address.Text;
        Capabilities = Abilities with { FailureDomain = address.Options.GetValueOrDefault("domain", Abilities.FailureDomain) };
        _api = new GoogleDriveApi(new AuthorizedHttp(Endpoint, Address, options));
        _folders = new GoogleDriveFolders(_api, root, options.CreateRoot);
        _files = new GoogleDriveFiles(_api, _folders);
    }

    public static OAuthEndpoint Endpoint { get; } = new()
    {
        Service = "Google Drive",
        Authorize = new Uri("https://accounts.google.com/o/oauth2/v2/auth"),
        Token = new Uri("https://oauth2.googleapis.com/token"),
        Scopes = ["https://www.googleapis.com/auth/drive.file"],
        // Without the question Google gives a refresh token the first time only.
        AuthorizeParameters = new Dictionary<string, string> { ["access_type"] = "offline", ["prompt"] = "consent" },
        NeedsClientSecret = true,
    };

    public static CloudProvider Provider { get; } = new("gdrive", "gdrive:/path", Open)
    {
        SignIn = static _ => CloudSignInNeed.ForOAuth(
            Endpoint,
            "Create an OAuth client of your own at https://console.cloud.google.com/auth/clients (type: desktop app) in a project with the " +
            "Google Drive API turned on. See docs/clouds/google-drive.md."),
    };

    public CloudCapabilities Capabilities { get; }

    private static CloudCapabilities Abilities { get; } = new()
    {
        RangeRead = true,
        Quota = true,
        Hash = CloudHashKind.Md5,
        ComparesHash = true,
        MaximumObjectSize = 5L << 40,
        ParallelWrites = 8,
        FailureDomain = "google",
    };

    public string Address { get; }

    public IAsyncEnumerable<CloudObject> ListAsync(string prefix, CancellationToken cancellationToken = default) =>
        GoogleDriveList.ListAsync(_api, _folders, prefix, cancellationToken);

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
        var response = await DownloadAsync(name, offset, destination.Length, cancellationToken).ConfigureAwait(false);
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
        var response = await DownloadAsync(name, offset, length, cancellationToken).ConfigureAwait(false);
        return await RangedDownload.OpenAsync(_api.Http, response, offset, length, cancellationToken).ConfigureAwait(false);
    }

    public async Task<CloudObject> WriteAsync(string name, CloudContent content, CancellationToken cancellationToken = default)
    {
        ObjectName.Check(name);
        cancellationToken.ThrowIfCancellationRequested();
        if (content.Length > Capabilities.MaximumObjectSize)
            throw new CloudException(CloudErrorKind.TooLarge, $"'{name}' is larger than Google Drive takes.");
        // Another try must not leave one more file of the name each time that an answer is lost.
        if (_doubtful.ContainsKey(name) && await _files.FindAsync(name, cancellationToken).ConfigureAwait(false) is not null)
            throw new CloudException(CloudErrorKind.AlreadyExists, $"'{name}' exists already.");
        _doubtful[name] = true;
        try
        {
            var stored = await StoreAsync(name, content, cancellationToken).ConfigureAwait(false);
            _doubtful.TryRemove(name, out _);
            return stored;
        }
        catch (CloudException failure) when (!failure.IsRetryable)
        {
            _doubtful.TryRemove(name, out _);
            throw;
        }
    }

    private async Task<CloudObject> StoreAsync(string name, CloudContent content, CancellationToken cancellationToken)
    {
        await using var upload = new RestartableUpload(content, CloudHashKind.Md5);
        await upload.BeginAsync(cancellationToken).ConfigureAwait(false);
        var (folder, leaf) = GoogleDriveFolders.Split(name);
        GoogleDriveFile stored;
        try
        {
            var parent = await _folders.MakeAsync(folder, cancellationToken).ConfigureAwait(false);
            stored = await UploadAsync(leaf, parent, upload, content.Length, name, cancellationToken).ConfigureAwait(false);
        }
        catch (CloudException failure) when (failure.Kind == CloudErrorKind.NotFound && _folders.IsRemembered(folder))
        {
            // Somebody removed the folder. Another try makes it again, or finds out that the root is gone.
            _folders.Forget(folder);
            throw new CloudException(CloudErrorKind.Transient, $"The folder of '{name}' in Google Drive was removed meanwhile.", failure);
        }
        await SettleAsync(stored, upload.FinishHash(), content.Length, name).ConfigureAwait(false);
        return stored.As(name)!;
    }

    public async Task<CloudObject?> StatAsync(string name, CancellationToken cancellationToken = default)
    {
        ObjectName.Check(name);
        cancellationToken.ThrowIfCancellationRequested();
        return (await _files.DescribeAsync(name, cancellationToken).ConfigureAwait(false))?.As(name);
    }

    public async Task DeleteAsync(string name, CancellationToken cancellationToken = default)
    {
        ObjectName.Check(name);
        cancellationToken.ThrowIfCancellationRequested();
        // The object last: of several with the name it is the one that is seen until the end.
        foreach (var file in Enumerable.Reverse(await _files.AllAsync(name, cancellationToken).ConfigureAwait(false)))
            await _api.DeleteAsync(file.Id, name, cancellationToken).ConfigureAwait(false);
        _files.Forget(name);
    }

    public Task MoveAsync(string source, string target, CancellationToken cancellationToken = default) =>
        throw new CloudException(CloudErrorKind.Unsupported, "Google Drive cannot rename an object without the danger that two get one name.");

    public async Task<CloudQuota> GetQuotaAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var quota = (await _api.AboutAsync(cancellationToken).ConfigureAwait(false)).Member("storageQuota") ?? default;
        // Without a limit the account has none.
        var (total, used) = (quota.NumberOrNull("limit"), quota.NumberOrNull("usage"));
        return new CloudQuota(total, used, total is { } all && used is { } some ? Math.Max(0, all - some) : null);
    }

    public async ValueTask DisposeAsync()
    {
        _folders.Dispose();
        await _api.DisposeAsync().ConfigureAwait(false);
    }

    private static GoogleDriveStorage Open(CloudAddress address, CloudOpenOptions options)
    {
        address.AllowOptions("domain");
        var root = address.Path.Trim('/');
        string[] names = root.Length == 0 ? [] : root.Split('/');
        if (address.Host is not null || (address.Path.Length > 0 && address.Path[0] != '/') || names.Any(name => name is "" or "." or ".."))
            throw CloudAddress.Invalid($"'{address}' is not a folder of Google Drive; write it as gdrive:/path, or gdrive:/ for all of it.");
        return new GoogleDriveStorage(address, names, options);
    }

    private async Task<GoogleDriveFile> UploadAsync(
        string leaf, string parent, RestartableUpload upload, long length, string name, CancellationToken cancellationToken)
    {
        if (length <= SmallObject)
            return await _api.UploadAsync(leaf, parent, upload.WholeAsync, name, cancellationToken).ConfigureAwait(false);

        var session = await _api.BeginUploadAsync(leaf, parent, length, name, cancellationToken).ConfigureAwait(false);
        for (long offset = 0; offset < length; offset += PartSize)
        {
            var count = Math.Min(PartSize, length - offset);
            var part = offset == 0 ? token => upload.FirstAsync(count, token) : upload.NextAsync(offset, count);
            var done = await _api.ContinueUploadAsync(session, offset, count, length, part, name, cancellationToken).ConfigureAwait(false);
            if (done is not null)
                return done;
        }
        throw new CloudException(CloudErrorKind.Corrupt, $"Google Drive has all of '{name}' and wants more.");
    }

    /// <summary>
    /// Finds out whether what was stored is the object of its name and has the right content; otherwise removes it. Not
    /// cancellable: half done it would leave two. But it has an end: who has given up on the write waits for this one.
    /// </summary>
    private async Task SettleAsync(GoogleDriveFile stored, byte[] hash, long length, string name)
    {
        using var limit = new CancellationTokenSource(SettlingTime, _api.Http.Time);
        try
        {
            await SettleInTimeAsync(stored, hash, length, name, limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException exception)
        {
            // The next try, or whoever looks, finds what is there by now.
            throw new CloudException(
                CloudErrorKind.Transient, $"'{name}' was sent to Google Drive, which did not tell in time whether it has it.", exception);
        }
    }

    private async Task SettleInTimeAsync(GoogleDriveFile stored, byte[] hash, long length, string name, CancellationToken limit)
    {
        CloudException? trouble = null;
        if (stored.Size != length || (stored.Md5 is { } said && !ContentHash.AreEqual(said, hash)))
            trouble = new CloudException(CloudErrorKind.Corrupt, $"'{name}' was damaged on its way to Google Drive.");
        else if ((await _files.AllAsync(name, limit).ConfigureAwait(false)).FirstOrDefault() is { } first && first.Id != stored.Id)
            trouble = new CloudException(CloudErrorKind.AlreadyExists, $"'{name}' exists already.");
        if (trouble is null)
        {
            _files.Remember(name, stored.Id);
            return;
        }
        await _api.DeleteAsync(stored.Id, name, limit).ConfigureAwait(false);
        throw trouble;
    }

    private async Task<HttpResponseMessage> DownloadAsync(string name, long offset, long? length, CancellationToken cancellationToken)
    {
        while (true)
        {
            var (id, isRemembered) = await _files.IdAsync(name, cancellationToken).ConfigureAwait(false);
            var response = id is null
                ? null
                : await _api.DownloadAsync(id, offset, length, name, cancellationToken).ConfigureAwait(false);
            if (response is not null)
                return response;
            // The id may be that of an object that was removed, and written again by somebody else.
            _files.Forget(name);
            if (!isRemembered)
                throw new CloudException(CloudErrorKind.NotFound, $"There is no '{name}' in Google Drive.");
        }
    }

    private async Task RequireAsync(string name, CancellationToken cancellationToken)
    {
        if (await StatAsync(name, cancellationToken).ConfigureAwait(false) is null)
            throw new CloudException(CloudErrorKind.NotFound, $"There is no '{name}' in Google Drive.");
    }
}
