using Renci.SshNet;
using Renci.SshNet.Common;

namespace CuckooDrive.Clouds.Providers.Sftp;

/// <summary>
/// Up to a given number of connections to one server, each shared by calls that run at once; a further one is opened when all
/// are busy, and one that broke is replaced. Thread safe.
/// </summary>
internal sealed class SftpConnections(SftpAddress address, CloudOpenOptions options) : IAsyncDisposable
{
    private static readonly TimeSpan ConnectTime = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(30);

    /// <summary>For what still must be done after a call was given up: longer than an upload takes to clean up.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Lock _gate = new();
    private readonly List<Slot> _slots = [];
    private readonly SemaphoreSlim _opening = new(1);
    private bool _isDisposed;

    /// <summary>Runs a call on the connection with the fewest calls.</summary>
    public async Task<T> UseAsync<T>(Func<SftpClient, Task<T>> call, CancellationToken cancellationToken)
    {
        using var lease = await RentAsync(cancellationToken).ConfigureAwait(false);
        return await lease.RunAsync(call, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>A connection for longer; the caller disposes the lease.</summary>
    public async Task<Lease> RentAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (TryRent(mayBeBusy: false) is { } idle)
            return idle;
        if (!_opening.Wait(0, CancellationToken.None))
        {
            // Somebody opens one already; meanwhile a busy one serves better than waiting.
            if (TryRent(mayBeBusy: true) is { } busy)
                return busy;
            await _opening.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        try
        {
            if (TryRent(mayBeBusy: false) is { } returned)
                return returned;
            if (IsFull && TryRent(mayBeBusy: true) is { } busy)
                return busy;
            return Add(await ConnectAsync(cancellationToken).ConfigureAwait(false));
        }
        finally
        {
            _opening.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        List<Slot> slots;
        lock (_gate)
        {
            _isDisposed = true;
            slots = [.. _slots];
            _slots.Clear();
        }
        try
        {
            await Task.Run(() => slots.ForEach(static slot => slot.Client.Dispose())).WaitAsync(Patience, Time).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // The line takes nothing any more, not even a farewell.
        }
        _opening.Dispose();
    }

    private TimeProvider Time => options.Time;

    private bool IsFull
    {
        get
        {
            lock (_gate)
                return _slots.Count >= address.Connections;
        }
    }

    private Lease? TryRent(bool mayBeBusy)
    {
        List<Slot> broken;
        Slot? best;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            broken = _slots.FindAll(static slot => !slot.Client.IsConnected && slot.Calls == 0);
            _slots.RemoveAll(static slot => !slot.Client.IsConnected);
            best = _slots.MinBy(static slot => slot.Calls);
            if (best is not null && (mayBeBusy || best.Calls == 0))
                best.Calls++;
            else
                best = null;
        }
        foreach (var slot in broken)
            slot.Client.Dispose();
        return best is null ? null : new Lease(this, best);
    }

    private Lease Add(SftpClient client)
    {
        var slot = new Slot(client) { Calls = 1 };
        lock (_gate)
        {
            if (!_isDisposed)
            {
                _slots.Add(slot);
                return new Lease(this, slot);
            }
        }
        client.Dispose();
        throw new ObjectDisposedException(nameof(SftpConnections));
    }

    private void Return(Slot slot)
    {
        bool isLeft;
        lock (_gate)
            isLeft = --slot.Calls == 0 && !_slots.Contains(slot);
        if (isLeft)
            _ = Task.Run(slot.Client.Dispose);
    }

    /// <summary>Nobody is to use it any more, and who waits for an answer on it gets none.</summary>
    private void Abandon(Slot slot)
    {
        lock (_gate)
            _slots.Remove(slot);
        _ = Task.Run(slot.Client.Dispose);
    }

    private async Task<SftpClient> ConnectAsync(CancellationToken cancellationToken)
    {
        var methods = await SftpLogin.MethodsAsync(address, options.Credentials, cancellationToken).ConfigureAwait(false);
        var known = new KnownHosts(address.KnownHosts is { } file ? [file] : KnownHosts.UsualFiles, address.Host, address.Port);
        var connection = new ConnectionInfo(address.Host, address.Port, address.User, methods) { Timeout = ConnectTime };
        AskForKnownKeys(connection, known);
        var client = new SftpClient(connection) { KeepAliveInterval = KeepAlive };
        CloudException? refusal = null;
        client.HostKeyReceived += (_, arguments) =>
        {
            refusal = Judge(known, arguments);
            arguments.CanTrust = refusal is null;
        };
        try
        {
            await client.ConnectAsync(cancellationToken).ConfigureAwait(false);
            CheckServer(connection.ServerVersion ?? "");
            return client;
        }
        catch (Exception exception)
        {
            client.Dispose();
            if (refusal is not null)
                throw new CloudException(refusal.Kind, refusal.Message, exception);
            throw;
        }
    }

    // A server with several keys would otherwise show one that is not the known one.
    private void AskForKnownKeys(ConnectionInfo connection, KnownHosts known)
    {
        if (address.HostKey is not null || known.KeyTypes is not { Count: > 0 } types)
            return;
        foreach (var name in connection.HostKeyAlgorithms.Keys.ToList())
        {
            if (!types.Contains(name.StartsWith("rsa-sha2-", StringComparison.Ordinal) ? "ssh-rsa" : name))
                connection.HostKeyAlgorithms.Remove(name);
        }
    }

    private CloudException? Judge(KnownHosts known, HostKeyEventArgs key)
    {
        var print = $"SHA256:{key.FingerPrintSHA256}";
        if (address.HostKey is { } wanted)
        {
            return wanted.TrimEnd('=') == print.TrimEnd('=') ? null : new CloudException(
                CloudErrorKind.Other, $"'{address.Host}' shows the host key {print} and not that of the address; somebody may be in between, so nothing was sent.");
        }
        return known.Judge(key.HostKey) switch
        {
            HostKeyVerdict.Trusted => null,
            HostKeyVerdict.Changed => new CloudException(
                CloudErrorKind.Other, $"The host key of '{address.Host}' is not the one in known_hosts ({print}); somebody may be in between, so nothing was sent."),
            HostKeyVerdict.Revoked => new CloudException(
                CloudErrorKind.Other, $"The host key of '{address.Host}' is revoked in known_hosts ({print}); nothing was sent."),
            _ => new CloudException(
                CloudErrorKind.Other,
                $"The host key of '{address.Host}' is not known ({print}); compare it with the server's, then connect once by ssh or add host-key={print} to the address."),
        };
    }

    // OpenSSH renames by making a hard link, which never replaces; of others nobody knows.
    private void CheckServer(string version)
    {
        if (address.CreatesOnce is null && !version.Contains("OpenSSH", StringComparison.Ordinal))
        {
            throw new CloudException(
                CloudErrorKind.Other,
                $"'{address.Host}' runs '{version}' and not OpenSSH; add create-once=false to the address, or create-once=true if its rename never replaces a file.");
        }
    }

    internal sealed class Slot(SftpClient client)
    {
        public SftpClient Client => client;

        public int Calls { get; set; }
    }

    /// <summary>The right to use a connection, until it is disposed.</summary>
    public sealed class Lease(SftpConnections owner, Slot slot) : IDisposable
    {
        private Slot? _slot = slot;

        public SftpClient Client => _slot!.Client;

        /// <summary>
        /// Runs a call of the library. That blocks while the line takes nothing, and waits for the server's answer to the closing of a file also
        /// after a cancellation: whoever has given up waits for it a while and not for ever, and the connection is given up with it.
        /// </summary>
        public async Task<T> RunAsync<T>(Func<SftpClient, Task<T>> call, CancellationToken cancellationToken)
        {
            var client = Client;
            var running = Task.Run(() => call(client), CancellationToken.None);
            try
            {
                return await running.WaitAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!running.IsCompleted)
            {
                await EndAsync(running).ConfigureAwait(false);
                if (!running.IsCompleted)
                    throw;
            }
            return await running.ConfigureAwait(false);
        }

        /// <summary>Waits a while for the end of what nobody wants any more; the connection is given up if it does not come. Never fails.</summary>
        public async Task EndAsync(Task running)
        {
            await running.WaitAsync(Patience, owner.Time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (running.IsCompleted)
                return;
            owner.Abandon(_slot!);
            // Its failure is nobody's any more.
            _ = running.ContinueWith(static ended => ended.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        }

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _slot, null) is { } rented)
                owner.Return(rented);
        }
    }
}
