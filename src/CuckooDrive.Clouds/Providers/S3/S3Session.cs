using System.Net;
using Amazon;
using Amazon.Runtime;
using Amazon.S3;
using CuckooDrive.Clouds.Http;

namespace CuckooDrive.Clouds.Providers.S3;

/// <summary>The SDK's client with its own retries, log, caches and configuration files switched off. Thread safe.</summary>
internal sealed class S3Session : IDisposable
{
    private readonly HttpClient _http;
    private readonly StoredKeys _keys;

    public S3Session(S3Address address, CloudOpenOptions options)
    {
        _http = new HttpClient(new NoExpectHandler(options.HttpHandler?.Invoke() ?? SystemHandler())) { Timeout = Timeout.InfiniteTimeSpan };
        _keys = new StoredKeys(address, options.Credentials);
        var config = new AmazonS3Config
        {
            MaxErrorRetry = 0,
            BufferSize = 128 << 10,
            MaxStaleConnectionRetries = 0,
            ThrottleRetries = false,
            DisableClockSkewCorrection = true,
            IgnoreConfiguredEndpointUrls = true,
            ForcePathStyle = address.PathStyle,
            // Other servers know neither the newer checksums nor the trailers that carry them.
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
            HttpClientFactory = new OneHttpClient(_http),
        };
        if (address.Endpoint is null)
        {
            config.RegionEndpoint = RegionEndpoint.GetBySystemName(address.Region);
        }
        else
        {
            config.ServiceURL = address.Endpoint.AbsoluteUri;
            config.AuthenticationRegion = address.Region;
        }
        Client = new AmazonS3Client(_keys, config);
    }

    public AmazonS3Client Client { get; }

    /// <summary>The keys were refused: read them again next time, for the user may have corrected them.</summary>
    public void ForgetKeys() => _keys.Forget();

    public void Dispose()
    {
        Client.Dispose();
        _http.Dispose();
    }

    private static SocketsHttpHandler SystemHandler() => new()
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None,
        ConnectTimeout = TimeSpan.FromSeconds(20),
        PooledConnectionLifetime = TimeSpan.FromMinutes(10),
    };

    private sealed class OneHttpClient(HttpClient client) : HttpClientFactory
    {
        public override HttpClient CreateHttpClient(IClientConfig clientConfig) => client;

        public override bool UseSDKHttpClientCaching(IClientConfig clientConfig) => false;

        public override bool DisposeHttpClientsAfterUse(IClientConfig clientConfig) => false;
    }

    private sealed class StoredKeys(S3Address address, ICredentialStore? store) : AWSCredentials
    {
        private volatile ImmutableCredentials? _keys;

        public void Forget() => _keys = null;

        public override ImmutableCredentials GetCredentials() => GetCredentialsAsync().GetAwaiter().GetResult();

        public override async Task<ImmutableCredentials> GetCredentialsAsync()
        {
            if (_keys is { } known)
                return known;
            var credential = store is null ? null : await store.ReadAsync().ConfigureAwait(false);
            if (credential?[CloudSecret.AccessKey] is not { } id || credential[CloudSecret.SecretKey] is not { } secret)
            {
                throw new CloudException(
                    CloudErrorKind.Unauthorized, $"The access key of the bucket '{address.Bucket}' is missing; sign in to this cloud first.");
            }
            return _keys = new ImmutableCredentials(id.Trim(), secret.Trim(), null);
        }
    }
}
