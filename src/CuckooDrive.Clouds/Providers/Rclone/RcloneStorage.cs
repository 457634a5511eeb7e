using System.Runtime.CompilerServices;
using System.Text.Json;
using CuckooDrive.Clouds.Http;

namespace CuckooDrive.Clouds.Providers.Rclone;

/// <summary>
/// <c>rclone:remote:path</c>: objects as files of a remote that the installed rclone knows, with rclone's own configuration and
/// logins. Options: <c>quota=true</c> where the remote tells its space, <c>domain=NAME</c> for the failure domain, which is the
/// remote's name otherwise. A new object is uploaded into a folder that lists never show and then moved; no remote is known to
/// create atomically.
/// </summary>
public sealed class RcloneStorage : ICloudStorage
{
    private const string TemporaryFolder = ".cuckoo-upload";

    private static readonly TimeSpan CleaningTime = TimeSpan.FromSeconds(20);

    private readonly string _remote;
    private readonly RcloneClient _client;
    private readonly RootMaker _root;
    private readonly TimeProvider _time;
    private bool? _hasFolders;

    private RcloneStorage(CloudAddress address, CloudOpenOptions options)
    {
        Address = address.Text;
        _remote = address.Path;
        _time = options.Time;
        _client = new RcloneClient(_remote, options);
        _root = new RootMaker(options.CreateRoot, token => _client.CallAsync("operations/mkdir", "", token));
        Capabilities = new CloudCapabilities
        {
            RangeRead = true,
            Move = true,
            Quota = address.Flag("quota") ?? false,
            FailureDomain = address.Options.GetValueOrDefault("domain") ?? $"rclone:{_remote[.._remote.IndexOf(':', 1)]}",
        };
    }

    public static CloudProvider Provider { get; } = new("rclone", "rclone:remote:path", Open);

    public CloudCapabilities Capabilities { get; }

    public string Address { get; }

    public async IAsyncEnumerable<CloudObject> ListAsync(
        string prefix, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await _root.EnsureAsync(cancellationToken).ConfigureAwait(false);
        // From the deepest folder that the prefix names.
        var folders = new Stack<string>();
        var top = prefix[..(prefix.LastIndexOf('/') + 1)];
        if (top.Length == 0 || ObjectName.IsValid(top[..^1]))
            folders.Push(top);
        while (folders.TryPop(out var folder))
        {
            foreach (var each in await ReadFolderAsync(folder.TrimEnd('/'), cancellationToken).ConfigureAwait(false))
            {
                var name = folder + each.TextOrNull("Name");
                if (!ObjectName.IsValid(name))
                    continue;
                if (!each.IsTrue("IsDir") && name.StartsWith(prefix, StringComparison.Ordinal))
                    yield return Describe(name, each);
                else if (each.IsTrue("IsDir") &&
                    (name.StartsWith(prefix, StringComparison.Ordinal) || prefix.StartsWith($"{name}/", StringComparison.Ordinal)))
                    folders.Push($"{name}/");
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
        return await _client.OpenAsync(name, offset, length, cancellationToken).ConfigureAwait(false);
    }

    public async Task<CloudObject> WriteAsync(string name, CloudContent content, CancellationToken cancellationToken = default)
    {
        await RequireFreeAsync(name, cancellationToken).ConfigureAwait(false);
        var file = Guid.NewGuid().ToString("n");
        var temporary = $"{TemporaryFolder}/{file}";
        var moved = false;
        try
        {
            await using var source = await UploadSource.OpenAsync(content, CloudHashKind.None, cancellationToken).ConfigureAwait(false);
            using var body = source.Take(content.Length);
            await _client.UploadAsync(TemporaryFolder, file, body, cancellationToken).ConfigureAwait(false);
            var stored = await FindAsync(temporary, cancellationToken).ConfigureAwait(false);
            if (stored?.NumberOrNull("Size") != content.Length)
                throw new CloudException(CloudErrorKind.Transient, $"'{_remote}' did not keep all of '{name}'.");
            await RequireFreeAsync(name, cancellationToken).ConfigureAwait(false);
            await _client.MoveAsync(temporary, name, cancellationToken).ConfigureAwait(false);
            moved = true;
            return new CloudObject(name, content.Length);
        }
        finally
        {
            if (!moved)
                await RemoveAsync(temporary).ConfigureAwait(false);
        }
    }

    public async Task<CloudObject?> StatAsync(string name, CancellationToken cancellationToken = default)
    {
        ObjectName.Check(name);
        await _root.EnsureAsync(cancellationToken).ConfigureAwait(false);
        var found = await FindAsync(name, cancellationToken).ConfigureAwait(false);
        if (found is null)
            await CheckRootAsync(cancellationToken).ConfigureAwait(false);
        return found is { } file ? Describe(name, file) : null;
    }

    public async Task DeleteAsync(string name, CancellationToken cancellationToken = default)
    {
        if (await StatAsync(name, cancellationToken).ConfigureAwait(false) is null)
            return;
        try
        {
            await _client.CallAsync("operations/deletefile", name, cancellationToken).ConfigureAwait(false);
        }
        catch (CloudException failure) when (failure.Kind == CloudErrorKind.NotFound)
        {
            // Gone is what was asked for.
        }
    }

    public async Task MoveAsync(string source, string target, CancellationToken cancellationToken = default)
    {
        if (await StatAsync(source, cancellationToken).ConfigureAwait(false) is null)
            throw RcloneErrors.Missing(source);
        await RequireFreeAsync(target, cancellationToken).ConfigureAwait(false);
        await _client.MoveAsync(source, target, cancellationToken).ConfigureAwait(false);
    }

    public async Task<CloudQuota> GetQuotaAsync(CancellationToken cancellationToken = default)
    {
        await _root.EnsureAsync(cancellationToken).ConfigureAwait(false);
        if (!Capabilities.Quota)
            return default;
        var space = await _client.CallAsync("operations/about", "", cancellationToken).ConfigureAwait(false);
        return new CloudQuota(space.NumberOrNull("total"), space.NumberOrNull("used"), space.NumberOrNull("free"));
    }

    public ValueTask DisposeAsync()
    {
        _client.Dispose();
        _root.Dispose();
        return ValueTask.CompletedTask;
    }

    private static RcloneStorage Open(CloudAddress address, CloudOpenOptions options)
    {
        address.AllowOptions("quota", "domain");
        if (address.Host is not null || address.Path.IndexOf(':', Math.Min(1, address.Path.Length)) < 0 || address.Path[0] == '-')
            throw CloudAddress.Invalid($"'{address}' is not the address of an rclone remote; write it as rclone:remote:path.");
        return new RcloneStorage(address, options);
    }

    private CloudObject Describe(string name, JsonElement found) => new(
        name,
        found.NumberOrNull("Size") is >= 0 and var size
            ? size
            : throw new CloudException(CloudErrorKind.Corrupt, $"'{_remote}' does not tell the length of '{name}'."),
        found.TimeOrNull("ModTime"));

    private async Task<JsonElement?> FindAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await _client.CallAsync("operations/stat", path, cancellationToken).ConfigureAwait(false);
            return answer.Member("item") is { ValueKind: JsonValueKind.Object } item && !item.IsTrue("IsDir") ? item : null;
        }
        catch (CloudException failure) when (failure.Kind == CloudErrorKind.NotFound)
        {
            return null;
        }
    }

    private async Task RequireFreeAsync(string name, CancellationToken cancellationToken)
    {
        if (await StatAsync(name, cancellationToken).ConfigureAwait(false) is not null)
            throw RcloneErrors.Exists(name);
    }

    private async Task<List<JsonElement>> ReadFolderAsync(string folder, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await _client.CallAsync("operations/list", folder, cancellationToken).ConfigureAwait(false);
            return [.. answer.Items("list")];
        }
        catch (CloudException failure) when (failure.Kind == CloudErrorKind.NotFound)
        {
            // Removed meanwhile, never there, or no folder.
            await CheckRootAsync(cancellationToken).ConfigureAwait(false);
            return [];
        }
    }

    // Absent is not unreachable. But where folders are only parts of names, an empty one is not there.
    private async Task CheckRootAsync(CancellationToken cancellationToken)
    {
        _hasFolders ??= (await _client.FeaturesAsync(cancellationToken).ConfigureAwait(false)).IsTrue("CanHaveEmptyDirectories");
        if (_hasFolders == false)
            return;
        try
        {
            await _client.CallAsync("operations/list", "", cancellationToken).ConfigureAwait(false);
        }
        catch (CloudException failure) when (failure.Kind == CloudErrorKind.NotFound)
        {
            throw RcloneErrors.RootMissing(_remote);
        }
    }

    // An upload that failed stays failed whether or not its rest can be removed.
    private async Task RemoveAsync(string temporary)
    {
        using var limit = new CancellationTokenSource(CleaningTime, _time);
        try
        {
            await _client.CallAsync("operations/deletefile", temporary, limit.Token).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is CloudException or OperationCanceledException)
        {
            // The failure of the upload is what the caller must hear.
        }
    }
}
