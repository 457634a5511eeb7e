using System.Runtime.CompilerServices;
using Renci.SshNet;
using Renci.SshNet.Common;

namespace CuckooDrive.Clouds.Providers.Sftp;

/// <summary>
/// <c>sftp://user@host:port/path</c>: objects as files in a folder of an SSH server (<c>/~/path</c>: in the user's home). Logs in
/// with <see cref="CloudSecret.PrivateKey"/> or <see cref="CloudSecret.Password"/>, else with the SSH agent or the user's usual
/// keys. The host key must be in known_hosts or given by <c>host-key=SHA256:...</c>. Further options: <c>known-hosts=FILE</c>,
/// <c>key=FILE</c>, <c>connections=N</c>, <c>create-once</c>, <c>quota</c>, <c>domain</c>.
/// </summary>
public sealed class SftpStorage : ICloudStorage
{
    private readonly SftpAddress _address;
    private readonly SftpConnections _connections;
    private readonly SftpErrors _errors;
    private readonly SftpTree _tree;
    private readonly SftpWriter _writer;
    private readonly RootMaker _root;

    private SftpStorage(SftpAddress address, CloudOpenOptions options)
    {
        _address = address;
        _connections = new SftpConnections(address, options);
        _errors = new SftpErrors(address);
        _tree = new SftpTree(address, _errors);
        _writer = new SftpWriter(_connections, _tree, options.Time);
        _root = new RootMaker(options.CreateRoot, MakeRootAsync);
        Capabilities = new CloudCapabilities
        {
            CreateOnce = address.CreatesOnce ?? true,
            RangeRead = true,
            ConsistentList = true,
            Move = true,
            Quota = address.HasQuota,
            FailureDomain = address.FailureDomain,
        };
    }

    public static CloudProvider Provider { get; } = new("sftp", "sftp://user@host/path", Open)
    {
        SignIn = address => new CloudSignInNeed
        {
            Fields =
            [
                new CloudSecretField(CloudSecret.PrivateKey, "private key file") { IsOptional = true, IsFile = true, IsHidden = false },
                new CloudSecretField(CloudSecret.PrivateKeyPassphrase, "passphrase of the private key") { IsOptional = true },
                new CloudSecretField(CloudSecret.Password, $"password of {address.User} at {address.Host}") { IsOptional = true },
            ],
            Help = "Leave all empty to log in as ssh does, with the SSH agent or the keys in ~/.ssh.",
        },
    };

    public CloudCapabilities Capabilities { get; }

    public string Address => _address.Address.Text;

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
            foreach (var (name, found) in await ReadFolderAsync(folder, cancellationToken).ConfigureAwait(false))
            {
                if (found is { } file && name.StartsWith(prefix, StringComparison.Ordinal))
                    yield return file;
                else if (found is null &&
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
        SftpConnections.Lease? lease = null;
        try
        {
            lease = await _connections.RentAsync(cancellationToken).ConfigureAwait(false);
            var file = await lease.RunAsync(
                client => client.OpenAsync(_tree.PathOf(name), FileMode.Open, FileAccess.Read, cancellationToken), cancellationToken)
                .ConfigureAwait(false);
            if (offset > 0)
                file.Seek(offset, SeekOrigin.Begin);
            return new SftpObjectStream(file, lease, length, _errors);
        }
        catch (Exception exception)
        {
            lease?.Dispose();
            if (SftpErrors.IsMissing(exception) || (SftpErrors.IsUnexplained(exception) &&
                await StatAsync(name, cancellationToken).ConfigureAwait(false) is null))
                throw SftpErrors.Missing(name);
            throw _errors.Translate(exception, cancellationToken);
        }
    }

    public async Task<CloudObject> WriteAsync(string name, CloudContent content, CancellationToken cancellationToken = default)
    {
        ObjectName.Check(name);
        await _root.EnsureAsync(cancellationToken).ConfigureAwait(false);
        // Where renaming may replace, this look is all there is.
        if (!Capabilities.CreateOnce && await StatAsync(name, cancellationToken).ConfigureAwait(false) is not null)
            throw SftpErrors.Exists(name);
        try
        {
            await _writer.WriteAsync(name, content, cancellationToken).ConfigureAwait(false);
            return new CloudObject(name, content.Length);
        }
        catch (Exception exception)
        {
            throw _errors.Translate(exception, cancellationToken);
        }
    }

    public async Task<CloudObject?> StatAsync(string name, CancellationToken cancellationToken = default)
    {
        ObjectName.Check(name);
        return await CallAsync(
            async client =>
            {
                var found = await SftpTree.FindAsync(client, _tree.PathOf(name), cancellationToken).ConfigureAwait(false);
                // Absent is not unreachable: without the folder nothing is known about what was in it.
                if (found is null)
                    await _tree.CheckRootAsync(client, cancellationToken).ConfigureAwait(false);
                return found is { IsRegularFile: true } ? new CloudObject(name, found.Size, Time(found.LastWriteTimeUtc)) : null;
            },
            cancellationToken).ConfigureAwait(false);
    }

    public async Task DeleteAsync(string name, CancellationToken cancellationToken = default)
    {
        ObjectName.Check(name);
        await CallAsync(
            async client =>
            {
                var path = _tree.PathOf(name);
                try
                {
                    await client.DeleteFileAsync(path, cancellationToken).ConfigureAwait(false);
                }
                catch (SftpException exception) when (SftpErrors.IsMissing(exception))
                {
                    await _tree.CheckRootAsync(client, cancellationToken).ConfigureAwait(false);
                }
                catch (SftpException)
                {
                    // The name of a folder is that of no object; servers refuse it in various words.
                    if (await SftpTree.FindAsync(client, path, cancellationToken).ConfigureAwait(false) is { IsRegularFile: true })
                        throw;
                }
                return true;
            },
            cancellationToken).ConfigureAwait(false);
    }

    public async Task MoveAsync(string source, string target, CancellationToken cancellationToken = default)
    {
        ObjectName.Check(target);
        // A folder would take everything in it along.
        if (await StatAsync(source, cancellationToken).ConfigureAwait(false) is null)
            throw SftpErrors.Missing(source);
        if (!Capabilities.CreateOnce && await StatAsync(target, cancellationToken).ConfigureAwait(false) is not null)
            throw SftpErrors.Exists(target);
        await CallAsync(
            async client =>
            {
                await _tree.EnsureParentsAsync(client, target, cancellationToken).ConfigureAwait(false);
                await _writer.RenameAsync(client, source, target, cancellationToken).ConfigureAwait(false);
                return true;
            },
            cancellationToken).ConfigureAwait(false);
    }

    public Task<CloudQuota> GetQuotaAsync(CancellationToken cancellationToken = default) => CallAsync(
        async client =>
        {
            await _tree.CheckRootAsync(client, cancellationToken).ConfigureAwait(false);
            if (!_address.HasQuota)
                return default;
            var space = await client.GetStatusAsync(_address.Root, cancellationToken).ConfigureAwait(false);
            var total = (long)(space.TotalBlocks * space.BlockSize);
            return new CloudQuota(total, total - (long)(space.FreeBlocks * space.BlockSize), (long)(space.AvailableBlocks * space.BlockSize));
        },
        cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _connections.DisposeAsync().ConfigureAwait(false);
        _root.Dispose();
    }

    private static SftpStorage Open(CloudAddress address, CloudOpenOptions options) => new(SftpAddress.Parse(address), options);

    private static DateTimeOffset Time(DateTime utc) => new(DateTime.SpecifyKind(utc, DateTimeKind.Utc));

    /// <summary>What is in a folder: objects, and null for folders.</summary>
    private Task<List<(string Name, CloudObject? File)>> ReadFolderAsync(string folder, CancellationToken cancellationToken) => CallAsync(
        async client =>
        {
            var found = new List<(string, CloudObject?)>();
            try
            {
                await foreach (var each in client.ListDirectoryAsync(_tree.PathOf(folder), cancellationToken).ConfigureAwait(false))
                {
                    var name = folder + each.Name;
                    if ((each.IsDirectory || each.IsRegularFile) && ObjectName.IsValid(name))
                        found.Add((name, each.IsDirectory ? null : new CloudObject(name, each.Length, Time(each.LastWriteTimeUtc))));
                }
            }
            catch (SftpException exception) when (SftpErrors.IsMissing(exception) || SftpErrors.IsUnexplained(exception))
            {
                // Removed meanwhile, never there, or no folder.
                await _tree.CheckRootAsync(client, cancellationToken).ConfigureAwait(false);
                if (await SftpTree.FindAsync(client, _tree.PathOf(folder).TrimEnd('/'), cancellationToken).ConfigureAwait(false) is { IsDirectory: true })
                    throw;
            }
            return found;
        },
        cancellationToken);

    private async Task MakeRootAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _connections.UseAsync(
                async client =>
                {
                    await _tree.MakeRootAsync(client, cancellationToken).ConfigureAwait(false);
                    return true;
                },
                cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            throw _errors.Translate(exception, cancellationToken);
        }
    }

    private async Task<T> CallAsync<T>(Func<SftpClient, Task<T>> call, CancellationToken cancellationToken)
    {
        await _root.EnsureAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await _connections.UseAsync(call, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            throw _errors.Translate(exception, cancellationToken);
        }
    }
}
