using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace CuckooDrive.Testing.Servers;

/// <summary>
/// An HTTPS server on loopback with a certificate that nobody trusts. To who talks to it all the same it gives one answer. It
/// counts requests that it could read: none may come from a client that refuses the certificate.
/// </summary>
public sealed class UntrustedServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly X509Certificate2 _certificate = MakeCertificate();
    private readonly CancellationTokenSource _stop = new();
    private readonly byte[] _answer;
    private readonly Task _accepting;
    private int _requests;

    /// <param name="status">The line that every answer begins with, as in "200 OK".</param>
    public UntrustedServer(string status = "200 OK", string body = "")
    {
        _answer = Encoding.UTF8.GetBytes(
            $"HTTP/1.1 {status}\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\nConnection: close\r\n\r\n{body}");
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>Host and port.</summary>
    public string Host => _listener.LocalEndpoint.ToString()!;

    public int Requests => Volatile.Read(ref _requests);

    /// <summary>The certificate in PEM form.</summary>
    public string Certificate => _certificate.ExportCertificatePem();

    public void Dispose()
    {
        _stop.Cancel();
        _listener.Stop();
        _accepting.GetAwaiter().GetResult();
        _certificate.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                using var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                await using var stream = new SslStream(client.GetStream());
                await stream.AuthenticateAsServerAsync(
                    new SslServerAuthenticationOptions { ServerCertificate = _certificate }, _stop.Token);
                var reader = new StreamReader(stream);
                var line = await reader.ReadLineAsync(_stop.Token);
                if (string.IsNullOrEmpty(line))
                    continue;
                Interlocked.Increment(ref _requests);
                while (!string.IsNullOrEmpty(line))
                    line = await reader.ReadLineAsync(_stop.Token);
                await stream.WriteAsync(_answer, _stop.Token);
            }
            catch (Exception exception) when (
                exception is IOException or System.Security.Authentication.AuthenticationException or SocketException or OperationCanceledException)
            {
                // The client went away, as it should.
            }
        }
    }

    private static X509Certificate2 MakeCertificate()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var now = DateTimeOffset.UtcNow;
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        // Windows needs a key that it has imported.
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
    }
}
