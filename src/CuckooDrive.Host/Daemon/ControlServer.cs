using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using CuckooDrive.Host.CommandLine;
using CuckooDrive.Host.Linux;
using CuckooDrive.Host.State;
using Microsoft.Extensions.Logging;

namespace CuckooDrive.Host.Daemon;

/// <summary>Answers the requests of this user's other cuckoo commands, each on a connection of its own.</summary>
internal sealed class ControlServer(DriveFolders folders, IControlHandler handler, ILogger<ControlServer> logger) : IAsyncDisposable
{
    private const int LongestRequest = 4 << 20;
    private const int SocketLevel = 1;
    private const int PeerCredentials = 17;
    private static readonly TimeSpan AcceptPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan AnswerPatience = TimeSpan.FromSeconds(5);
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _connections = [];
    private Socket? _listener;
    private Task _accepting = Task.CompletedTask;
    private int _withdrawn;

    /// <summary>Listens; only this user can connect. The caller holds the drive, so an old socket file has no owner.</summary>
    public void Start()
    {
        File.Delete(folders.ControlSocket);
        _listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        using (var address = new ControlAddress(folders))
            _listener.Bind(address.EndPoint);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(folders.ControlSocket, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        _listener.Listen(16);
        _accepting = AcceptAsync(_listener);
    }

    /// <summary>Stops listening and waits for the answers under way, but not for long for clients that do not take them.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        Withdraw();
        _listener?.Dispose();
        await _accepting;
        Task[] open;
        lock (_connections)
            open = [.. _connections];
        await Task.WhenAll(open);
        _stop.Dispose();
    }

    /// <summary>
    /// No new connections; those that there are stay. While the socket lies there the drive counts as mounted, and later it would be the
    /// next process's that is removed: so once, and before the listener goes.
    /// </summary>
    private void Withdraw()
    {
        if (Interlocked.Exchange(ref _withdrawn, 1) != 0)
            return;
        try
        {
            File.Delete(folders.ControlSocket);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // The drive is closed all the same, which its client must hear.
            logger.LogWarning(failure, "The control socket could not be removed; the next mount removes it.");
        }
    }

    private async Task AcceptAsync(Socket listener)
    {
        while (!_stop.IsCancellationRequested)
        {
            Socket connection;
            try
            {
                connection = await listener.AcceptAsync(_stop.Token);
            }
            catch (Exception failure) when (failure is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException failure)
            {
                logger.LogWarning(failure, "A control connection could not be accepted.");
                // It is still there: without a descriptor for it the next try fails at once.
                await Task.Delay(AcceptPause, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                continue;
            }
            lock (_connections)
            {
                _connections.RemoveAll(task => task.IsCompleted);
                _connections.Add(Task.Run(() => ServeAsync(connection)));
            }
        }
    }

    private async Task ServeAsync(Socket connection)
    {
        try
        {
            if (!IsAllowed(connection))
            {
                logger.LogWarning("Another user tried to control this drive and was refused.");
                return;
            }
            await using var stream = new NetworkStream(connection, ownsSocket: false);
            using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
            var line = await ReadLineAsync(stream, cancellation.Token);
            if (line is null)
                return;
            var watching = CancelWhenClosedAsync(stream, cancellation);
            var reply = await AnswerAsync(line, stream, cancellation.Token);
            // Who reads that the drive is closed may mount it again at once.
            if (reply.AfterSent is not null)
                Withdraw();
            await WriteLastAsync(stream, reply.Response);
            reply.AfterSent?.Invoke();
            connection.Shutdown(SocketShutdown.Both);
            await watching;
        }
        catch (Exception failure) when (failure is IOException or SocketException or OperationCanceledException)
        {
            logger.LogDebug(failure, "A control connection ended early.");
        }
        finally
        {
            connection.Dispose();
        }
    }

    private async Task<ControlReply> AnswerAsync(string line, Stream stream, CancellationToken cancellation)
    {
        try
        {
            var request = JsonSerializer.Deserialize(line, ControlJson.Default.ControlRequest)
                ?? throw new UserException("The request is empty.");
            var sending = new Lock();
            void Report(ControlProgress progress)
            {
                // Told again and again, by timers too: to a client that takes nothing each would block one more thread.
                if (!sending.TryEnter())
                    return;
                try
                {
                    WriteAsync(stream, new ControlResponse { Progress = progress }, cancellation).GetAwaiter().GetResult();
                }
                catch (Exception failure) when (failure is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
                {
                    // Progress is a courtesy, told from a timer's thread, where a failure would end the process and with it
                    // the mount. A client that went away is noticed by the reader of this connection.
                    logger.LogDebug(failure, "Progress could not be told.");
                }
                finally
                {
                    sending.Exit();
                }
            }
            return await handler.HandleAsync(request, new InlineProgress<ControlProgress>(Report), cancellation);
        }
        catch (JsonException failure)
        {
            return ControlReply.Failed($"The request is not understood: {failure.Message}");
        }
        catch (Exception failure) when (failure is not OperationCanceledException || !cancellation.IsCancellationRequested)
        {
            logger.LogWarning(failure, "A control request failed.");
            return ControlReply.Failed(ErrorSentence.For(failure).Sentence);
        }
    }

    /// <summary>A client that hangs up no longer waits for its answer.</summary>
    private static async Task CancelWhenClosedAsync(Stream stream, CancellationTokenSource cancellation)
    {
        try
        {
            var rest = new byte[1];
            while (await stream.ReadAsync(rest, cancellation.Token) > 0)
            {
            }
            await cancellation.CancelAsync();
        }
        catch (Exception failure) when (failure is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The connection is over; its other half reports why.
        }
    }

    private static async Task<string?> ReadLineAsync(Stream stream, CancellationToken cancellation)
    {
        var line = new MemoryStream();
        var buffer = new byte[4096];
        while (line.Length < LongestRequest)
        {
            var read = await stream.ReadAsync(buffer, cancellation);
            if (read == 0)
                return null;
            var end = buffer.AsSpan(0, read).IndexOf((byte)'\n');
            line.Write(buffer, 0, end < 0 ? read : end);
            if (end >= 0)
                return Encoding.UTF8.GetString(line.GetBuffer(), 0, (int)line.Length);
        }
        return null;
    }

    /// <summary>
    /// Also after the end has begun: an unmount is told how it went. But then a client that was suspended, as with Ctrl-Z, and takes
    /// nothing must not hold it up.
    /// </summary>
    private async Task WriteLastAsync(Stream stream, ControlResponse response)
    {
        using var cutOff = new CancellationTokenSource();
        await using var end = _stop.Token.Register(() => cutOff.CancelAfter(AnswerPatience));
        await WriteAsync(stream, response, cutOff.Token);
    }

    private static async Task WriteAsync(Stream stream, ControlResponse response, CancellationToken cancellation)
    {
        var bytes = JsonSerializer.SerializeToUtf8Bytes(response, ControlJson.Default.ControlResponse);
        await stream.WriteAsync((byte[])[.. bytes, (byte)'\n'], cancellation);
    }

    /// <summary>The folder's mode keeps others out already; this also holds when somebody widened it.</summary>
    private static bool IsAllowed(Socket connection)
    {
        if (!OperatingSystem.IsLinux())
            return true;
        Span<byte> credentials = stackalloc byte[12];
        connection.GetRawSocketOption(SocketLevel, PeerCredentials, credentials);
        var user = MemoryMarshal.Cast<byte, uint>(credentials)[1];
        return user == 0 || user == NativeMethods.GetEffectiveUserId();
    }
}

/// <summary>Carries out control requests.</summary>
internal interface IControlHandler
{
    /// <summary>A failure is thrown, and reaches the client as one sentence.</summary>
    Task<ControlReply> HandleAsync(ControlRequest request, IProgress<ControlProgress> progress, CancellationToken cancellation);
}

/// <param name="Response">The last line to send.</param>
/// <param name="AfterSent">What to do once the client has it.</param>
internal sealed record ControlReply(ControlResponse Response, Action? AfterSent = null)
{
    public static ControlReply Failed(string sentence) => new(new ControlResponse { Ok = false, Error = sentence });
}

/// <summary>Reports on the caller's thread, in order, unlike <see cref="Progress{T}"/>.</summary>
internal sealed class InlineProgress<T>(Action<T> report) : IProgress<T>
{
    public void Report(T value) => report(value);
}
