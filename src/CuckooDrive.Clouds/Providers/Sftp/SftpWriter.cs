using Renci.SshNet;
using Renci.SshNet.Common;

namespace CuckooDrive.Clouds.Providers.Sftp;

/// <summary>
/// How objects come into being: uploaded into a folder that lists never show, then renamed without leave to replace. Throws
/// what the library throws; thread safe.
/// </summary>
internal sealed class SftpWriter(SftpConnections connections, SftpTree tree, TimeProvider time)
{
    /// <summary>No object can have this name.</summary>
    private const string TemporaryFolder = ".cuckoo-upload";

    private static readonly TimeSpan CleaningTime = TimeSpan.FromSeconds(20);

    // Longer than any upload takes.
    private static readonly TimeSpan Abandoned = TimeSpan.FromDays(2);

    private int _cleaned;

    public Task WriteAsync(string name, CloudContent content, CancellationToken cancellationToken) => connections.UseAsync(
        async client =>
        {
            await WriteAsync(client, name, content, cancellationToken).ConfigureAwait(false);
            return true;
        },
        cancellationToken);

    private async Task WriteAsync(SftpClient client, string name, CloudContent content, CancellationToken cancellationToken)
    {
        var temporary = $"{TemporaryFolder}/{Guid.NewGuid():n}";
        await tree.EnsureParentsAsync(client, temporary, cancellationToken).ConfigureAwait(false);
        await RemoveAbandonedAsync(client, cancellationToken).ConfigureAwait(false);
        var renamed = false;
        try
        {
            await UploadAsync(client, tree.PathOf(temporary), content, cancellationToken).ConfigureAwait(false);
            await tree.EnsureParentsAsync(client, name, cancellationToken).ConfigureAwait(false);
            await RenameAsync(client, temporary, name, cancellationToken).ConfigureAwait(false);
            renamed = true;
        }
        catch (SftpException exception) when (SftpErrors.IsMissing(exception))
        {
            // Somebody removed a folder that was there; the next try makes it again.
            tree.Forget();
            await tree.CheckRootAsync(client, cancellationToken).ConfigureAwait(false);
            throw new CloudException(CloudErrorKind.Transient, $"A folder above '{name}' was removed meanwhile.", exception);
        }
        finally
        {
            if (!renamed)
                await RemoveAsync(client, tree.PathOf(temporary)).ConfigureAwait(false);
        }
    }

    public async Task RenameAsync(SftpClient client, string source, string target, CancellationToken cancellationToken)
    {
        try
        {
            await client.RenameFileAsync(tree.PathOf(source), tree.PathOf(target), cancellationToken).ConfigureAwait(false);
        }
        catch (SftpException exception) when (SftpErrors.IsUnexplained(exception))
        {
            // "Failure" is also the word for a name that is taken.
            if (await SftpTree.FindAsync(client, tree.PathOf(target), cancellationToken).ConfigureAwait(false) is not null)
                throw SftpErrors.Exists(target);
            throw;
        }
    }

    private static async Task UploadAsync(SftpClient client, string path, CloudContent content, CancellationToken cancellationToken)
    {
        await using var source = ContentReader.Open(content);
        try
        {
            await using var body = new ContentStream(source, content.Length, isLast: true);
            await client.UploadFileAsync(body, path, cancellationToken).ConfigureAwait(false);
            // An empty body may not have been read at all.
            await body.ReadExactlyAsync(Memory<byte>.Empty, cancellationToken).ConfigureAwait(false);
        }
        catch (SftpException exception) when (SftpErrors.IsUnexplained(exception))
        {
            if (await FreeBytesAsync(client, path, cancellationToken).ConfigureAwait(false) < content.Length)
                throw new CloudException(CloudErrorKind.QuotaExceeded, "The server's disk is full.", exception);
            throw;
        }
    }

    private static async Task<long> FreeBytesAsync(SftpClient client, string path, CancellationToken cancellationToken)
    {
        try
        {
            var space = await client.GetStatusAsync(path, cancellationToken).ConfigureAwait(false);
            return (long)(space.AvailableBlocks * space.BlockSize);
        }
        catch (Exception exception) when (exception is SshException or NotSupportedException)
        {
            return long.MaxValue;
        }
    }

    // An upload that failed stays failed whether or not its rest can be removed; what stays is removed another day.
    private async Task RemoveAsync(SftpClient client, string path)
    {
        using var limit = new CancellationTokenSource(CleaningTime, time);
        try
        {
            await client.DeleteFileAsync(path, limit.Token).ConfigureAwait(false);
        }
        catch (Exception exception) when (
            exception is SshException or IOException or ObjectDisposedException or InvalidOperationException or OperationCanceledException)
        {
            // The failure of the upload is what the caller must hear.
        }
    }

    // Once for each opened storage: what crashes left of uploads.
    private async Task RemoveAbandonedAsync(SftpClient client, CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _cleaned, 1) != 0)
            return;
        var old = time.GetUtcNow() - Abandoned;
        await foreach (var each in client.ListDirectoryAsync(tree.PathOf(TemporaryFolder), cancellationToken).ConfigureAwait(false))
        {
            if (each.IsRegularFile && each.LastWriteTimeUtc < old.UtcDateTime && Guid.TryParseExact(each.Name, "n", out _))
                await RemoveAsync(client, each.FullName).ConfigureAwait(false);
        }
    }
}
