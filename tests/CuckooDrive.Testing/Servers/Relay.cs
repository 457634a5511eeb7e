using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace CuckooDrive.Testing.Servers;

/// <summary>Passes connections on to a server on loopback, and can cut them all at once. Thread safe.</summary>
public sealed class Relay : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<TcpClient, bool> _clients = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly IPEndPoint _target;
    private readonly Task _accepting;

    /// <param name="target">Host and port.</param>
    public Relay(string target)
    {
        _target = IPEndPoint.Parse(target);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>Host and port.</summary>
    public string Host => _listener.LocalEndpoint.ToString()!;

    /// <summary>Cuts the connections that are open; new ones are passed on.</summary>
    public void Cut()
    {
        foreach (var client in _clients.Keys)
            client.Dispose();
    }

    public void Dispose()
    {
        _stop.Cancel();
        _listener.Stop();
        Cut();
        _accepting.GetAwaiter().GetResult();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var passing = new List<Task>();
        try
        {
            while (true)
                passing.Add(PassAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Stopped.
        }
        Cut();
        await Task.WhenAll(passing);
    }

    private async Task PassAsync(TcpClient client)
    {
        using var server = new TcpClient();
        _clients[client] = true;
        _clients[server] = true;
        try
        {
            await server.ConnectAsync(_target);
            var (near, far) = (client.GetStream(), server.GetStream());
            await Task.WhenAny(near.CopyToAsync(far, _stop.Token), far.CopyToAsync(near, _stop.Token));
        }
        catch (Exception exception) when (
            exception is OperationCanceledException or SocketException or IOException or ObjectDisposedException or InvalidOperationException)
        {
            // Cut.
        }
        client.Dispose();
        _clients.TryRemove(client, out _);
        _clients.TryRemove(server, out _);
    }
}
