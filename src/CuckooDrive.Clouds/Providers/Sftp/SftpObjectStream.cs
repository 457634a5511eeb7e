using Renci.SshNet.Sftp;

namespace CuckooDrive.Clouds.Providers.Sftp;

/// <summary>A part of an open file, with its connection; errors are those of the contract. Not thread safe.</summary>
internal sealed class SftpObjectStream(SftpFileStream file, SftpConnections.Lease lease, long? length, SftpErrors errors) : ReadOnlyStream
{
    private long _left = length ?? long.MaxValue;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        buffer = buffer[..(int)Math.Min(buffer.Length, _left)];
        if (buffer.Length == 0)
            return 0;
        try
        {
            var read = await file.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
            _left -= read;
            return read;
        }
        catch (Exception exception)
        {
            throw errors.Translate(exception, cancellationToken);
        }
    }

    public override async ValueTask DisposeAsync()
    {
        // Closing waits for the server, which may have fallen silent. What was read was read, whether or not it hears of the end.
        await lease.EndAsync(Task.Run(() => file.DisposeAsync().AsTask())).ConfigureAwait(false);
        lease.Dispose();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            DisposeAsync().AsTask().GetAwaiter().GetResult();
        base.Dispose(disposing);
    }
}
