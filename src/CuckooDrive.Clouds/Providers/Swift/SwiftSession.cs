using CuckooDrive.Clouds.Http;

namespace CuckooDrive.Clouds.Providers.Swift;

/// <summary>
/// The login of one storage: made at the first call, and again before it ends or when it was refused, by one request however many
/// callers wait. Thread safe; does not own the HTTP client.
/// </summary>
internal sealed class SwiftSession(SwiftAddress address, CloudOpenOptions options, CloudHttp http) : IAsyncDisposable
{
    /// <summary>A refused password is not tried again sooner: some services lock an account after a few wrong ones.</summary>
    private static readonly TimeSpan RefusalHolds = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan LogInTimeout = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _closing = new();
    private Task<SwiftLogin>? _login;
    private (string Secret, DateTimeOffset Until)? _refused;

    /// <summary>A login that is good as far as is known here, and another one than what the service has refused.</summary>
    /// <exception cref="CloudException">with <see cref="CloudErrorKind.Unauthorized"/> when the secret is missing or wrong.</exception>
    public Task<SwiftLogin> GetAsync(SwiftLogin? refused, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_gate)
        {
            // Not the caller's cancellation: others wait for the same answer.
            if (_login is not { IsCompleted: false } && !IsGood(_login, refused))
                _login = Task.Run(LogInAsync, _closing.Token);
            return _login!.WaitAsync(cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync().ConfigureAwait(false);
        Task? login;
        lock (_gate)
            login = _login;
        // Its failure is its callers'.
        if (login is not null)
            await login.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _closing.Dispose();
    }

    private bool IsGood(Task<SwiftLogin>? login, SwiftLogin? refused) =>
        login is { IsCompletedSuccessfully: true } && !ReferenceEquals(login.Result, refused) && login.Result.IsFresh(options.Time.GetUtcNow());

    private async Task<SwiftLogin> LogInAsync()
    {
        using var timeout = new CancellationTokenSource(LogInTimeout, options.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, _closing.Token);
        try
        {
            var credential = options.Credentials is { } store ? await store.ReadAsync(either.Token).ConfigureAwait(false) : null;
            var secret = credential?[address.SecretName] ?? throw new CloudException(
                CloudErrorKind.Unauthorized, $"The secret of {address.Who} at {address.Service} is missing; sign in to this cloud first.");
            if (_refused is { } refused && refused.Secret == secret && options.Time.GetUtcNow() < refused.Until)
                throw Refused();
            return await AskAsync(secret, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException exception)
        {
            throw new CloudException(CloudErrorKind.Transient, $"{address.Service} did not let us in in time.", exception);
        }
    }

    private async Task<SwiftLogin> AskAsync(string secret, CancellationToken cancellationToken)
    {
        using var request = address.IsKeystone ? Keystone.Request(address, secret) : SwiftV1.Request(address, secret);
        using var response = await http.SendAsync(request, cancellationToken).ConfigureAwait(false);
        if (response.IsSuccessStatusCode)
        {
            _refused = null;
            return address.IsKeystone
                ? await Keystone.ReadAsync(http, address, response, cancellationToken).ConfigureAwait(false)
                : SwiftV1.Read(http, address, response);
        }
        switch ((int)response.StatusCode)
        {
            case 401 or 403:
                _refused = (secret, options.Time.GetUtcNow() + RefusalHolds);
                throw Refused();
            case >= 300 and < 400 or 400 or 404 or 405:
                throw new CloudException(
                    CloudErrorKind.Other,
                    $"{address.Auth} is no place to sign in (status {(int)response.StatusCode}); check the option 'auth' of the address.");
            default:
                throw http.StatusError(response);
        }
    }

    private CloudException Refused() => new(
        CloudErrorKind.Unauthorized,
        $"{address.Service} does not let {address.Who} in; check the secret{(address.IsKeystone ? ", the project and the domains" : "")}.");
}
