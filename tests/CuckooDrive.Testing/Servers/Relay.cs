using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace CuckooDrive.Testing.Servers;

/// <summary>
/// Passes connections on to a server on loopback, as fast as it can or as a line of some <see cref="Shape"/> would, and can cut
/// them all at once. Thread safe.
/// </summary>
public sealed class Relay : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<TcpClient, bool> _clients = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly RelayDirection _up = new();
    private readonly RelayDirection _down = new();
    private readonly Task _accepting;
    private volatile IPEndPoint _target;
    private volatile LineShape? _shape;

    /// <param name="target">Host and port.</param>
    /// <param name="shape">Null for a line without delay and limit.</param>
    public Relay(string target, LineShape? shape = null)
    {
        _target = IPEndPoint.Parse(target);
        _shape = shape;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>Host and port.</summary>
    public string Host => _listener.LocalEndpoint.ToString()!;

    /// <summary>The line; a change holds for what is sent from then on.</summary>
    public LineShape? Shape
    {
        get => _shape;
        set => _shape = value;
    }

    /// <summary>Where new connections go from now on: host and port.</summary>
    public void Redirect(string target) => _target = IPEndPoint.Parse(target);

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
        _up.Dispose();
        _down.Dispose();
    }

    private async Task AcceptAsync()
    {
        var passing = new List<Task>();
        try
        {
            while (true)
            {
                passing.Add(PassAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
                passing.RemoveAll(static each => each.IsCompleted);
            }
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
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        Task[] pumps = [];
        try
        {
            // The client believes that it is connected; over a real line it would know after a round trip.
            if (_shape is { } shape)
                await Task.Delay(shape.RoundTrip, _stop.Token);
            await server.ConnectAsync(_target);
            client.NoDelay = server.NoDelay = true;
            var (near, far) = (client.GetStream(), server.GetStream());
            pumps = [_up.PumpAsync(near, far, () => _shape, ended.Token), _down.PumpAsync(far, near, () => _shape, ended.Token)];
            await Task.WhenAny(pumps);
        }
        catch (Exception exception) when (
            exception is OperationCanceledException or SocketException or IOException or ObjectDisposedException or InvalidOperationException)
        {
            // Cut.
        }
        client.Dispose();
        server.Dispose();
        await ended.CancelAsync();
        foreach (var pump in pumps)
            await pump.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _clients.TryRemove(client, out _);
        _clients.TryRemove(server, out _);
    }
}
