using System.Net;
using System.Net.Sockets;
using System.Text;

namespace CuckooDrive.Clouds.Tests.Servers;

/// <summary>An HTTP server on loopback that begins every answer, sends the first bytes of its body, and then nothing any more.</summary>
internal sealed class StallingServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly byte[] _answer;
    private readonly Task _accepting;

    /// <param name="status">The line that every answer begins with, as in "200 OK".</param>
    /// <param name="begin">Of the body, in ASCII.</param>
    public StallingServer(string status, string begin)
    {
        _answer = Encoding.ASCII.GetBytes(
            $"HTTP/1.1 {status}\r\nContent-Type: application/xml\r\nContent-Length: {begin.Length + 1000}\r\n\r\n{begin}");
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>Host and port.</summary>
    public string Host => _listener.LocalEndpoint.ToString()!;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var open = new List<Task>();
        try
        {
            while (true)
                open.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(open);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                var stream = client.GetStream();
                var buffer = new byte[64 << 10];
                if (await stream.ReadAsync(buffer, _stop.Token) == 0)
                    return;
                await stream.WriteAsync(_answer, _stop.Token);
                while (await stream.ReadAsync(buffer, _stop.Token) > 0)
                {
                }
            }
            catch (Exception exception) when (exception is OperationCanceledException or IOException)
            {
                // Over.
            }
        }
    }
}
