using System.Collections.Concurrent;
using Renci.SshNet;
using Renci.SshNet.Common;
using Renci.SshNet.Sftp;

namespace CuckooDrive.Clouds.Providers.Sftp;

/// <summary>
/// The folders below the root: made when the first object comes into them, never removed, and remembered. Throws what the
/// library throws; thread safe.
/// </summary>
internal sealed class SftpTree(SftpAddress address, SftpErrors errors)
{
    private readonly ConcurrentDictionary<string, bool> _known = new(StringComparer.Ordinal);

    public string PathOf(string name) => $"{address.Root}/{name}";

    /// <summary>A file of this path; null when there is none or something else.</summary>
    public static async Task<SftpFileAttributes?> FindAsync(SftpClient client, string path, CancellationToken cancellationToken)
    {
        try
        {
            return await client.GetAttributesAsync(path, cancellationToken).ConfigureAwait(false);
        }
        catch (SftpException exception) when (SftpErrors.IsMissing(exception))
        {
            return null;
        }
    }

    /// <summary>Fails when the root is no folder.</summary>
    public async Task CheckRootAsync(SftpClient client, CancellationToken cancellationToken)
    {
        var found = await FindAsync(client, address.Root, cancellationToken).ConfigureAwait(false) ?? throw errors.RootMissing();
        if (!found.IsDirectory)
            throw new CloudException(CloudErrorKind.NotFound, $"'{address.Root}' is a file; the address must be that of a folder.");
    }

    /// <summary>Makes the folders above an object, where they are not known to be there, but never the root.</summary>
    public async Task EnsureParentsAsync(SftpClient client, string name, CancellationToken cancellationToken)
    {
        var last = name.LastIndexOf('/');
        if (last < 0 || _known.ContainsKey(name[..last]))
            return;
        await CheckRootAsync(client, cancellationToken).ConfigureAwait(false);
        for (var slash = name.IndexOf('/', StringComparison.Ordinal); slash >= 0; slash = name.IndexOf('/', slash + 1))
        {
            var folder = name[..slash];
            if (_known.ContainsKey(folder))
                continue;
            await MakeAsync(client, PathOf(folder), name, cancellationToken).ConfigureAwait(false);
            _known[folder] = true;
        }
    }

    /// <summary>To be called when a folder is missing: somebody else removed it.</summary>
    public void Forget() => _known.Clear();

    /// <summary>Makes the root and what is missing above it.</summary>
    public async Task MakeRootAsync(SftpClient client, CancellationToken cancellationToken)
    {
        var root = address.Root;
        for (var slash = root.IndexOf('/', 1); slash >= 0; slash = root.IndexOf('/', slash + 1))
        {
            if (await FindAsync(client, root[..slash], cancellationToken).ConfigureAwait(false) is null)
                await MakeAsync(client, root[..slash], root, cancellationToken).ConfigureAwait(false);
        }
        if (await FindAsync(client, root, cancellationToken).ConfigureAwait(false) is null)
            await MakeAsync(client, root, root, cancellationToken).ConfigureAwait(false);
    }

    private static async Task MakeAsync(SftpClient client, string folder, string name, CancellationToken cancellationToken)
    {
        try
        {
            await client.CreateDirectoryAsync(folder, cancellationToken).ConfigureAwait(false);
        }
        catch (SftpException exception) when (SftpErrors.IsUnexplained(exception))
        {
            // "Failure" when it is there already.
            var found = await FindAsync(client, folder, cancellationToken).ConfigureAwait(false);
            if (found is null)
                throw;
            if (!found.IsDirectory)
            {
                throw new CloudException(
                    CloudErrorKind.InvalidName, $"'{name}' cannot be stored: a folder cannot hold both an object and objects below its name.");
            }
        }
    }
}
