using CuckooDrive.Clouds.Http;

namespace CuckooDrive.Clouds.OAuth;

/// <summary>
/// The access token of one account: read from the credential store, renewed before it ends or when it was refused, by one
/// request however many callers wait. A renewed token is stored before anybody gets it, since a refresh token that works only once
/// has been spent by then. Thread safe; does not own the HTTP client.
/// </summary>
internal sealed class AccessTokenSource(
    OAuthEndpoint endpoint, string address, CloudOpenOptions options, CloudHttp http) : IAsyncDisposable
{
    /// <summary>A token is renewed this long before it ends, so that none ends on its way.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(1);

    /// <summary>A login that was refused is not tried again sooner, unless the user has signed in meanwhile.</summary>
    private static readonly TimeSpan RefusalHolds = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan RefreshTimeout = TimeSpan.FromMinutes(2);

    private readonly TokenClient _client = new(endpoint, http);
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _closing = new();
    private AccessToken? _token;
    private Task<AccessToken>? _renewal;
    private CloudCredential? _unstored;
    private string? _deadRefreshToken;
    private DateTimeOffset _deadUntil;

    /// <summary>A token that is good as far as is known here.</summary>
    /// <exception cref="CloudException">with <see cref="CloudErrorKind.Unauthorized"/> when there is no login, or it has ended.</exception>
    public ValueTask<AccessToken> GetAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_gate)
        {
            if (_token is { } token && IsFresh(token))
                return ValueTask.FromResult(token);
            return new ValueTask<AccessToken>(RenewLocked(null).WaitAsync(cancellationToken));
        }
    }

    /// <summary>Says that the provider refused a token, and gets another one.</summary>
    public Task<AccessToken> RefuseAsync(AccessToken refused, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            // Others may have found out first.
            if (_token is { } token && token.Value != refused.Value && IsFresh(token))
                return Task.FromResult(token);
            _token = null;
            return RenewLocked(refused).WaitAsync(cancellationToken);
        }
    }

    /// <summary>What a user can do about a login that does not work.</summary>
    public CloudException SignInAgain(string reason, Exception? cause = null) => new(
        CloudErrorKind.Unauthorized,
        $"{endpoint.Service} does not let us in for '{address}': {reason}. Sign in again.",
        cause);

    /// <summary>Waits for a renewal that is under way: its answer must be stored.</summary>
    public async ValueTask DisposeAsync()
    {
        Task? renewal;
        lock (_gate)
            renewal = _renewal;
        // Its failure is its callers'.
        if (renewal is not null)
            await renewal.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _closing.CancelAsync().ConfigureAwait(false);
        _closing.Dispose();
    }

    private bool IsFresh(AccessToken token) => token.Expires is not { } expires || options.Time.GetUtcNow() < expires - Margin;

    private Task<AccessToken> RenewLocked(AccessToken? refused)
    {
        // Not the caller's cancellation: others wait for the same answer, and it must be stored when it comes.
        if (_renewal is null || _renewal.IsCompleted)
            _renewal = Task.Run(() => RenewAsync(refused), _closing.Token);
        return _renewal;
    }

    private async Task<AccessToken> RenewAsync(AccessToken? refused)
    {
        using var timeout = new CancellationTokenSource(RefreshTimeout, options.Time);
        try
        {
            var token = await FindAsync(refused, timeout.Token).ConfigureAwait(false);
            lock (_gate)
                _token = token;
            return token;
        }
        catch (OperationCanceledException exception)
        {
            throw new CloudException(CloudErrorKind.Transient, $"{endpoint.Service} did not renew the login in time.", exception);
        }
    }

    private async Task<AccessToken> FindAsync(AccessToken? refused, CancellationToken cancellationToken)
    {
        if (_unstored is { } unstored)
            return await StoreAsync(unstored, cancellationToken).ConfigureAwait(false);

        var credential = await ReadAsync(cancellationToken).ConfigureAwait(false);
        for (var again = false; ; again = true)
        {
            // Another process with the same store may have renewed it.
            if (AccessToken.Of(credential) is { } stored && stored.Value != refused?.Value && IsFresh(stored))
                return stored;
            if (credential[CloudSecret.RefreshToken] is not { Length: > 0 } refreshToken)
                throw SignInAgain("there is no login that lasts");
            if (refreshToken == _deadRefreshToken && options.Time.GetUtcNow() < _deadUntil)
                throw SignInAgain($"the {endpoint.Service} login has expired or was revoked");
            try
            {
                var tokens = await _client.RefreshAsync(credential, refreshToken, cancellationToken).ConfigureAwait(false);
                return await StoreAsync(tokens.AddTo(credential, options.Time.GetUtcNow()), cancellationToken).ConfigureAwait(false);
            }
            catch (CloudException failure) when (failure.Kind == CloudErrorKind.Unauthorized)
            {
                // Or is renewing it at this moment, and our refresh token was spent by it.
                credential = await ReadAsync(cancellationToken).ConfigureAwait(false);
                if (!again && credential[CloudSecret.RefreshToken] != refreshToken)
                    continue;
                _deadRefreshToken = refreshToken;
                _deadUntil = options.Time.GetUtcNow() + RefusalHolds;
                throw SignInAgain(failure.Message, failure);
            }
        }
    }

    private async Task<CloudCredential> ReadAsync(CancellationToken cancellationToken)
    {
        var credential = options.Credentials is { } store
            ? await store.ReadAsync(cancellationToken).ConfigureAwait(false)
            : null;
        return credential ?? throw SignInAgain("nobody has signed in yet");
    }

    // What could not be stored is kept and not used: after a crash it would be lost, and the login with it.
    private async Task<AccessToken> StoreAsync(CloudCredential credential, CancellationToken cancellationToken)
    {
        _unstored = credential;
        try
        {
            await options.Credentials!.WriteAsync(credential, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            throw new CloudException(
                CloudErrorKind.Transient, $"The renewed {endpoint.Service} login could not be stored: {exception.Message}", exception);
        }
        _unstored = null;
        return AccessToken.Of(credential)!;
    }
}
