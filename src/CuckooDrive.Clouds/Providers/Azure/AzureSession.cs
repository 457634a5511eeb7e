using Azure.Core.Pipeline;
using Azure.Storage;
using Azure.Storage.Blobs;
using CuckooDrive.Clouds.Http;

namespace CuckooDrive.Clouds.Providers.Azure;

/// <summary>The SDK's client with its own retries, log and telemetry switched off, made with the account's login. Thread safe.</summary>
internal sealed class AzureSession : IDisposable
{
    private readonly AzureAddress _address;
    private readonly ICredentialStore? _store;
    private readonly HttpClient _http;
    private volatile BlobContainerClient? _container;

    public AzureSession(AzureAddress address, CloudOpenOptions options)
    {
        _address = address;
        _store = options.Credentials;
        _http = new HttpClient(new NoExpectHandler(options.HttpHandler?.Invoke() ?? SystemHandler())) { Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>The container, with the login as it was first read.</summary>
    public ValueTask<BlobContainerClient> ContainerAsync(CancellationToken cancellationToken) =>
        _container is { } known ? ValueTask.FromResult(known) : LogInAsync(cancellationToken);

    /// <summary>The login was refused: read it again next time, for the user may have corrected it.</summary>
    public void Forget() => _container = null;

    public void Dispose() => _http.Dispose();

    private async ValueTask<BlobContainerClient> LogInAsync(CancellationToken cancellationToken)
    {
        var credential = _store is null ? null : await _store.ReadAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return _container = Make(credential);
        }
        catch (Exception exception) when (exception is FormatException or ArgumentException or UriFormatException)
        {
            throw new CloudException(
                CloudErrorKind.Unauthorized,
                $"The connection string or key of the container '{_address.Container}' is not complete; copy it anew from the account's access keys.",
                // The library's words may repeat a part of the secret.
                null);
        }
    }

    private BlobContainerClient Make(CloudCredential? credential)
    {
        var options = Options();
        if (credential?[CloudSecret.ConnectionString]?.Trim() is { Length: > 0 } text)
        {
            // A signed address of the container or of the account, or a connection string.
            if (!text.StartsWith("http", StringComparison.OrdinalIgnoreCase))
                return new BlobContainerClient(text, _address.Container, options);
            var signed = new BlobUriBuilder(new Uri(text)) { BlobContainerName = _address.Container };
            return new BlobContainerClient(signed.ToUri(), options);
        }
        if (credential?[CloudSecret.AccessKey]?.Trim() is { Length: > 0 } account && credential[CloudSecret.SecretKey]?.Trim() is { Length: > 0 } key)
        {
            var endpoint = _address.Endpoint?.AbsoluteUri.TrimEnd('/') ?? $"https://{account}.blob.core.windows.net";
            return new BlobContainerClient(
                new Uri($"{endpoint}/{_address.Container}"), new StorageSharedKeyCredential(account, key), options);
        }
        throw new CloudException(
            CloudErrorKind.Unauthorized, $"The key of the container '{_address.Container}' is missing; sign in to this cloud first.");
    }

    private BlobClientOptions Options()
    {
        var options = new BlobClientOptions { Transport = new HttpClientTransport(_http) };
        options.Retry.MaxRetries = 0;
        // The timeout decorator knows how long a transfer may take.
        options.Retry.NetworkTimeout = TimeSpan.FromDays(1);
        options.Diagnostics.IsLoggingEnabled = false;
        options.Diagnostics.IsTelemetryEnabled = false;
        options.Diagnostics.IsDistributedTracingEnabled = false;
        return options;
    }

    private static SocketsHttpHandler SystemHandler() => new()
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        ConnectTimeout = TimeSpan.FromSeconds(20),
        PooledConnectionLifetime = TimeSpan.FromMinutes(10),
    };
}
