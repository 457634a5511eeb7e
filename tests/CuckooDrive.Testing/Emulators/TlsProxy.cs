using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace CuckooDrive.Testing.Emulators;

/// <summary>
/// An HTTP proxy on loopback that lets a real, unmodified client talk to emulators: it takes CONNECT for their hosts, ends TLS
/// with a certificate of <see cref="TestCertificates"/> and passes the bytes on. Every other host is refused; it never dials out.
/// </summary>
public sealed class TlsProxy : IDisposable
{
    private const int LongestHead = 16 << 10;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _closing = new();
    private readonly TestCertificates _certificates;
    private readonly Dictionary<string, Uri> _hosts;

    public TlsProxy(params ReadOnlySpan<CloudEmulator> emulators)
    {
        _hosts = [];
        foreach (var emulator in emulators)
        {
            foreach (var host in emulator.Hosts)
                _hosts.Add(host, emulator.Address);
        }
        _certificates = new TestCertificates(_hosts.Keys);
        _listener.Start();
        Address = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");
        _ = AcceptAsync();
    }

    /// <summary>For HTTPS_PROXY.</summary>
    public Uri Address { get; }

    /// <summary>The authority in PEM, for SSL_CERT_FILE and its like.</summary>
    public string RootPem => _certificates.Root.ExportCertificatePem();

    public void Dispose()
    {
        _closing.Cancel();
        _listener.Dispose();
        _certificates.Dispose();
        _closing.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = ServeAsync(await _listener.AcceptTcpClientAsync(_closing.Token).ConfigureAwait(false));
        }
        catch (Exception exception) when (exception is OperationCanceledException or ObjectDisposedException or SocketException)
        {
            // Disposed.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                var stream = client.GetStream();
                if (TargetOf(await ReadHeadAsync(stream).ConfigureAwait(false)) is not { } target)
                {
                    await stream.WriteAsync("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"u8.ToArray()).ConfigureAwait(false);
                    return;
                }
                await stream.WriteAsync("HTTP/1.1 200 OK\r\n\r\n"u8.ToArray(), _closing.Token).ConfigureAwait(false);
                await using var secured = new SslStream(stream);
                await secured.AuthenticateAsServerAsync(
                    new SslServerAuthenticationOptions
                    {
                        ServerCertificate = _certificates.Server,
                        ApplicationProtocols = [SslApplicationProtocol.Http11],
                    },
                    _closing.Token).ConfigureAwait(false);
                using var server = new TcpClient();
                await server.ConnectAsync(target.Host, target.Port, _closing.Token).ConfigureAwait(false);
                await Task.WhenAny(
                    secured.CopyToAsync(server.GetStream(), _closing.Token),
                    server.GetStream().CopyToAsync(secured, _closing.Token)).ConfigureAwait(false);
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                // A client that left, or did not trust the certificate, sees the broken connection.
            }
        }
    }

    private async Task<string> ReadHeadAsync(NetworkStream stream)
    {
        // Byte by byte, so that nothing of what follows is taken away.
        var head = new StringBuilder();
        var one = new byte[1];
        while (head.Length < LongestHead && !(head.Length >= 4 && head[^1] == '\n' && head[^3] == '\n'))
        {
            if (await stream.ReadAsync(one, _closing.Token).ConfigureAwait(false) == 0)
                break;
            head.Append((char)one[0]);
        }
        return head.ToString();
    }

    private Uri? TargetOf(string head) =>
        head.Split(' ') is ["CONNECT", var authority, ..] ? _hosts.GetValueOrDefault(authority.Split(':')[0]) : null;
}
