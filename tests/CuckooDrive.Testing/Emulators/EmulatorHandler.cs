namespace CuckooDrive.Testing.Emulators;

/// <summary>Sends requests for a provider's hosts to its emulator, with the host that they were meant for; refuses all others.</summary>
public sealed class EmulatorHandler(CloudEmulator emulator) : DelegatingHandler(
    new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false })
{
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var meant = request.RequestUri!;
        if (!emulator.Hosts.Contains(meant.Host) || meant.Scheme != Uri.UriSchemeHttps)
            throw new InvalidOperationException($"A request for {meant.GetLeftPart(UriPartial.Authority)} would leave this machine.");
        request.Headers.Host = meant.Host;
        request.RequestUri = new Uri(emulator.Address, meant.PathAndQuery);
        return base.SendAsync(request, cancellationToken);
    }
}
