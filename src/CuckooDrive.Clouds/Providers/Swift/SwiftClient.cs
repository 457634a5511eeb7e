using System.Net;
using CuckooDrive.Clouds.Http;

namespace CuckooDrive.Clouds.Providers.Swift;

/// <summary>The requests of the object store below one container, with their login and errors. Thread safe.</summary>
internal sealed class SwiftClient : IAsyncDisposable
{
    private readonly SwiftAddress _address;
    private readonly SwiftSession _session;

    public SwiftClient(SwiftAddress address, CloudOpenOptions options)
    {
        _address = address;
        Http = new CloudHttp(address.Service, options);
        _session = new SwiftSession(address, options, Http);
    }

    public CloudHttp Http { get; }

    /// <summary>The path of the account.</summary>
    public static string Account => "";

    /// <summary>The path of the container.</summary>
    public string Container => $"/{Uri.EscapeDataString(_address.Container)}";

    /// <summary>The path of an object.</summary>
    public string Object(string name) =>
        $"{Container}/{string.Join('/', (_address.Prefix + name).Split('/').Select(Uri.EscapeDataString))}";

    /// <summary>Any answer but 401; the caller disposes it.</summary>
    public Task<HttpResponseMessage> SendAsync(
        HttpMethod method, string path, CancellationToken cancellationToken, Action<HttpRequestMessage>? prepare = null) => SendAsync(
            method,
            path,
            (request, _) =>
            {
                prepare?.Invoke(request);
                return ValueTask.CompletedTask;
            },
            cancellationToken);

    /// <summary>The same for requests with content, which is opened anew when a token was refused.</summary>
    public async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, string path, Func<HttpRequestMessage, CancellationToken, ValueTask> prepare, CancellationToken cancellationToken)
    {
        var login = await _session.GetAsync(null, cancellationToken).ConfigureAwait(false);
        for (var again = false; ; again = true)
        {
            using var request = new HttpRequestMessage(method, login.Storage.AbsoluteUri + path);
            request.Headers.TryAddWithoutValidation("X-Auth-Token", login.Token.Value);
            await prepare(request, cancellationToken).ConfigureAwait(false);
            var response = await Http.SendAsync(request, cancellationToken).ConfigureAwait(false);
            if (response.StatusCode != HttpStatusCode.Unauthorized)
                return response;
            response.Dispose();
            if (again)
            {
                throw new CloudException(
                    CloudErrorKind.Unauthorized,
                    $"{_address.Service} refuses even a new token of {_address.Who}; check that it may use the container '{_address.Container}'.");
            }
            login = await _session.GetAsync(login, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Fails when there is no container: without it nothing is known about what was in it.</summary>
    public async Task CheckContainerAsync(CancellationToken cancellationToken)
    {
        using var response = await SendAsync(HttpMethod.Head, Container, cancellationToken).ConfigureAwait(false);
        if (!response.IsSuccessStatusCode)
            throw response.StatusCode == HttpStatusCode.NotFound ? ContainerMissing() : await ErrorAsync(response, cancellationToken).ConfigureAwait(false);
    }

    public async Task MakeContainerAsync(CancellationToken cancellationToken)
    {
        using (var found = await SendAsync(HttpMethod.Head, Container, cancellationToken).ConfigureAwait(false))
        {
            if (found.IsSuccessStatusCode)
                return;
            if (found.StatusCode != HttpStatusCode.NotFound)
                throw await ErrorAsync(found, cancellationToken).ConfigureAwait(false);
        }
        using var made = await SendAsync(HttpMethod.Put, Container, cancellationToken).ConfigureAwait(false);
        if (!made.IsSuccessStatusCode)
            throw await ErrorAsync(made, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The error that an answer means, whatever was asked.</summary>
    public async Task<CloudException> ErrorAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        switch ((int)response.StatusCode)
        {
            case 403:
                return new CloudException(
                    CloudErrorKind.Forbidden,
                    $"{_address.Service} does not let {_address.Who} do this in the container '{_address.Container}'; check its roles and the container's access list.");
            // An older change than what is there already, by the clocks of the servers.
            case 409 or 499:
                return new CloudException(CloudErrorKind.Transient, $"{_address.Service} was interrupted (status {(int)response.StatusCode}).");
            case 413 when await TellsOfQuotaAsync(response, cancellationToken).ConfigureAwait(false):
                return new CloudException(
                    CloudErrorKind.QuotaExceeded, $"The container '{_address.Container}' or its account at {_address.Service} is full.");
            case 422:
                return new CloudException(CloudErrorKind.Corrupt, $"{_address.Service} received other bytes than were sent.");
            // Swift's own status for too many requests.
            case 498:
                return new CloudException(CloudErrorKind.RateLimited, $"{_address.Service} asks for fewer requests.")
                {
                    RetryAfter = Http.RetryAfter(response),
                };
            default:
                return Http.StatusError(response);
        }
    }

    public CloudException ContainerMissing() => new(
        CloudErrorKind.NotFound,
        $"There is no container '{_address.Container}' in the account of {_address.Who} at {_address.Service}; create it or correct the address.");

    public static CloudException Missing(string name) => new(CloudErrorKind.NotFound, $"There is no object named '{name}'.");

    public async ValueTask DisposeAsync()
    {
        await _session.DisposeAsync().ConfigureAwait(false);
        Http.Dispose();
    }

    // A full account and an object that is too large have one status; only the words differ.
    private async Task<bool> TellsOfQuotaAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var words = new byte[1000];
        await using var body = await Http.OpenBodyAsync(response, null, cancellationToken).ConfigureAwait(false);
        var length = await body.ReadFullyAsync(words, cancellationToken).ConfigureAwait(false);
        return System.Text.Encoding.ASCII.GetString(words, 0, length).Contains("quota", StringComparison.OrdinalIgnoreCase);
    }
}
