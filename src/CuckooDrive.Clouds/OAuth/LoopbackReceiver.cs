using System.Net;
using System.Net.Sockets;
using System.Text;
using CuckooDrive.Clouds.Http;

namespace CuckooDrive.Clouds.OAuth;

/// <summary>
/// A web server for one visitor: the browser that comes back from a sign-in. Listens on loopback only. Anybody on the machine can
/// knock, so it takes small requests only and goes on waiting after those that are not the answer.
/// </summary>
internal sealed class LoopbackReceiver : IDisposable
{
    private const int LongestRequest = 16 << 10;

    private static readonly TimeSpan VisitorTimeout = TimeSpan.FromSeconds(10);

    private readonly TcpListener _listener;
    private readonly string _service;
    private readonly TimeProvider _time;

    /// <exception cref="SocketException">The port is in use.</exception>
    public LoopbackReceiver(int port, string service, Func<int, Uri> address, TimeProvider time)
    {
        _time = time;
        _service = service;
        _listener = new TcpListener(IPAddress.Loopback, port);
        _listener.Start();
        Address = address(((IPEndPoint)_listener.LocalEndpoint).Port);
    }

    /// <summary>Where the browser is to come back to.</summary>
    public Uri Address { get; }

    /// <summary>Waits for a visitor whose query is the answer, and tells the user to close the page.</summary>
    public async Task<IReadOnlyDictionary<string, string>> ReceiveAsync(
        Func<IReadOnlyDictionary<string, string>, bool> isAnswer, CancellationToken cancellationToken)
    {
        var found = new TaskCompletionSource<IReadOnlyDictionary<string, string>>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var visits = AcceptAsync(isAnswer, found, ending.Token);
        try
        {
            return await found.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            await ending.CancelAsync().ConfigureAwait(false);
            await visits.ConfigureAwait(false);
        }
    }

    private async Task AcceptAsync(
        Func<IReadOnlyDictionary<string, string>, bool> isAnswer,
        TaskCompletionSource<IReadOnlyDictionary<string, string>> found,
        CancellationToken cancellationToken)
    {
        // All at once: browsers open connections beforehand on which they say nothing.
        List<Task> visits = [];
        try
        {
            while (true)
            {
                var visitor = await _listener.AcceptTcpClientAsync(cancellationToken).ConfigureAwait(false);
                visits.RemoveAll(visit => visit.IsCompleted);
                visits.Add(ServeAsync(visitor, isAnswer, found, cancellationToken));
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(visits).ConfigureAwait(false);
        }
        catch (SocketException exception)
        {
            found.TrySetException(new CloudException(CloudErrorKind.Other, $"The browser cannot be waited for: {exception.Message}", exception));
        }
    }

    private async Task ServeAsync(
        TcpClient visitor,
        Func<IReadOnlyDictionary<string, string>, bool> isAnswer,
        TaskCompletionSource<IReadOnlyDictionary<string, string>> found,
        CancellationToken cancellationToken)
    {
        using (visitor)
        {
            using var patience = new CancellationTokenSource(VisitorTimeout, _time);
            using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
            try
            {
                await using var stream = visitor.GetStream();
                var query = QueryOf(await ReadRequestLineAsync(stream, timeout.Token).ConfigureAwait(false));
                var isFound = isAnswer(query) && (query.ContainsKey("code") || query.ContainsKey("error"));
                await AnswerAsync(stream, isFound, query, timeout.Token).ConfigureAwait(false);
                if (isFound)
                    found.TrySetResult(query);
            }
            catch (Exception exception) when (exception is IOException or OperationCanceledException or InvalidOperationException)
            {
                // A visitor who left, or said nothing.
            }
        }
    }

    public void Dispose() => _listener.Dispose();

    private static async Task<string> ReadRequestLineAsync(NetworkStream stream, CancellationToken cancellationToken)
    {
        // To the end of the headers: closing with unread bytes would reset the connection under the answer.
        var buffer = new byte[LongestRequest];
        var filled = 0;
        while (filled < buffer.Length && buffer.AsSpan(0, filled).IndexOf("\r\n\r\n"u8) < 0)
        {
            var read = await stream.ReadAsync(buffer.AsMemory(filled), cancellationToken).ConfigureAwait(false);
            if (read == 0)
                break;
            filled += read;
        }
        var end = buffer.AsSpan(0, filled).IndexOf("\r\n"u8);
        return end < 0 ? "" : Encoding.ASCII.GetString(buffer, 0, end);
    }

    private static Dictionary<string, string> QueryOf(string requestLine)
    {
        var parts = requestLine.Split(' ');
        return parts is ["GET", var target, _] && target.StartsWith("/?", StringComparison.Ordinal) ? QueryString.Parse(target[2..]) : [];
    }

    private async Task AnswerAsync(
        NetworkStream stream, bool found, Dictionary<string, string> query, CancellationToken cancellationToken)
    {
        var text = !found ? "This is not the page that you are looking for."
            : query.ContainsKey("code") ? $"CuckooDrive has the answer of {_service}. You can close this page."
            : $"{_service} did not let CuckooDrive in. You can close this page.";
        var page = $"<!doctype html><meta charset=utf-8><title>CuckooDrive</title><p>{text}</p>";
        var head = $"HTTP/1.1 {(found ? "200 OK" : "404 Not Found")}\r\nContent-Type: text/html; charset=utf-8\r\n" +
            $"Content-Length: {Encoding.UTF8.GetByteCount(page)}\r\nCache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nConnection: close\r\n\r\n";
        await stream.WriteAsync(Encoding.UTF8.GetBytes(head + page), cancellationToken).ConfigureAwait(false);
    }
}
