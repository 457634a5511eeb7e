using CuckooDrive.Clouds.Http;
using CuckooDrive.Clouds.OAuth;
using CuckooDrive.Testing.Clouds;
using CuckooDrive.Testing.Emulators;

namespace CuckooDrive.Clouds.Tests.OAuth;

public sealed class AccessTokenTests : IDisposable
{
    private readonly PlainEmulator _emulator = new();

    public void Dispose() => _emulator.Dispose();

    [Fact]
    public async Task AWorkingTokenIsUsedWithoutRenewal()
    {
        await using var http = Open(_emulator.Options());
        Assert.Equal("hello", await HelloAsync(http));
        Assert.Equal(0, _emulator.Login.Refreshes);
    }

    [Fact]
    public async Task ATokenThatIsAboutToEndIsRenewedBeforehand()
    {
        var time = new ManualTime();
        var store = new MemoryCredentialStore(_emulator.Login.SignIn());
        await using var http = Open(_emulator.Options(store, time));
        time.Advance(TimeSpan.FromHours(4) - TimeSpan.FromSeconds(30));
        Assert.Equal("hello", await HelloAsync(http));
        Assert.Equal(1, _emulator.Login.Refreshes);
        Assert.Equal(1, _emulator.Log.Count("/hello"));
    }

    [Fact]
    public async Task ARefusedTokenIsRenewedOnceForAllWhoWait()
    {
        _emulator.Login.IsRotating = true;
        var store = new MemoryCredentialStore(_emulator.Login.SignIn());
        await using var http = Open(_emulator.Options(store));
        for (var round = 1; round <= 3; round++)
        {
            _emulator.Login.Expire();
            var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(() => HelloAsync(http))));
            Assert.All(answers, answer => Assert.Equal("hello", answer));
            Assert.Equal(round, _emulator.Login.Refreshes);
        }
    }

    [Fact]
    public async Task ARenewedTokenIsStoredBeforeItIsUsed()
    {
        _emulator.Login.IsRotating = true;
        var store = new StubbornStore(_emulator.Login.SignIn()) { IsBroken = true };
        _emulator.Login.Expire();
        await using var http = Open(_emulator.Options(store));

        var failure = await Assert.ThrowsAsync<CloudException>(() => HelloAsync(http));
        Assert.Equal(CloudErrorKind.Transient, failure.Kind);
        Assert.Equal(1, _emulator.Log.Count("/hello"));

        // The refresh token is spent; the answer to it was kept.
        store.IsBroken = false;
        Assert.Equal("hello", await HelloAsync(http));
        Assert.Equal(1, _emulator.Login.Refreshes);
        await using var other = Open(_emulator.Options(store));
        _emulator.Login.Expire();
        Assert.Equal("hello", await HelloAsync(other));
    }

    [Fact]
    public async Task ACallerWhoGivesUpDoesNotLoseTheRenewedToken()
    {
        _emulator.Login.IsRotating = true;
        var credential = _emulator.Login.SignIn();
        var store = new StubbornStore(credential.With(CloudSecret.AccessToken, null));
        var written = store.Hold();
        using var cancel = new CancellationTokenSource();
        var http = Open(_emulator.Options(store));
        var call = HelloAsync(http, cancel.Token);
        await written;
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);

        var closing = http.DisposeAsync();
        Assert.False(closing.IsCompleted);
        store.Release();
        await closing;
        var now = await store.ReadAsync();
        Assert.NotEqual(credential[CloudSecret.RefreshToken], now![CloudSecret.RefreshToken]);
    }

    [Fact]
    public async Task WhatAnotherProcessRenewedIsTakenFromTheStore()
    {
        _emulator.Login.IsRotating = true;
        var store = new MemoryCredentialStore(_emulator.Login.SignIn());
        await using var one = Open(_emulator.Options(store));
        await using var two = Open(_emulator.Options(store));
        Assert.Equal("hello", await HelloAsync(two));
        _emulator.Login.Expire();
        Assert.Equal("hello", await HelloAsync(one));
        Assert.Equal("hello", await HelloAsync(two));
        Assert.Equal(1, _emulator.Login.Refreshes);
    }

    [Fact]
    public async Task ARevokedLoginSaysWhatToDoAndIsNotAskedForAgainAtOnce()
    {
        var time = new ManualTime();
        var store = new MemoryCredentialStore(_emulator.Login.SignIn());
        await using var http = Open(_emulator.Options(store, time));
        _emulator.Login.Revoke();
        for (var round = 0; round < 3; round++)
        {
            var failure = await Assert.ThrowsAsync<CloudException>(() => HelloAsync(http));
            Assert.Equal(CloudErrorKind.Unauthorized, failure.Kind);
            Assert.Contains("expired or was revoked", failure.Message, StringComparison.Ordinal);
            Assert.Contains("Sign in again", failure.Message, StringComparison.Ordinal);
        }
        Assert.Equal(1, _emulator.Log.Count("/token"));

        time.Advance(TimeSpan.FromMinutes(2));
        await Assert.ThrowsAsync<CloudException>(() => HelloAsync(http));
        Assert.Equal(2, _emulator.Log.Count("/token"));

        await store.WriteAsync(_emulator.Login.SignIn());
        Assert.Equal("hello", await HelloAsync(http));
    }

    [Fact]
    public async Task WithoutALoginTheUserIsToldToSignIn()
    {
        foreach (var store in new ICredentialStore?[] { null, new MemoryCredentialStore(), new MemoryCredentialStore(CloudCredential.Empty) })
        {
            await using var http = Open(_emulator.Options() with { Credentials = store });
            var failure = await Assert.ThrowsAsync<CloudException>(() => HelloAsync(http));
            Assert.Equal(CloudErrorKind.Unauthorized, failure.Kind);
            Assert.Contains("Sign in again", failure.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task TroubleAtTheTokenEndPointIsNotARevokedLogin()
    {
        _emulator.Login.Expire();
        await using var http = Open(_emulator.Options(new MemoryCredentialStore(_emulator.Login.SignIn().With(CloudSecret.AccessToken, null))));
        _emulator.Faults.Add(new EmulatorFault { Path = "/token", Status = 503 });
        _emulator.Faults.Add(new EmulatorFault { Path = "/token", Status = 429, RetryAfter = 7 });
        _emulator.Faults.Add(new EmulatorFault { Path = "/token", Reset = EmulatorReset.BeforeEffect });
        Assert.Equal(CloudErrorKind.Transient, (await Assert.ThrowsAsync<CloudException>(() => HelloAsync(http))).Kind);
        var limited = await Assert.ThrowsAsync<CloudException>(() => HelloAsync(http));
        Assert.Equal((CloudErrorKind.RateLimited, TimeSpan.FromSeconds(7)), (limited.Kind, limited.RetryAfter));
        Assert.Equal(CloudErrorKind.Transient, (await Assert.ThrowsAsync<CloudException>(() => HelloAsync(http))).Kind);
        Assert.Equal("hello", await HelloAsync(http));
    }

    [Fact]
    public async Task AWrongCertificateIsRefusedAndNotRetried()
    {
        using var proxy = new TlsProxy(_emulator);
        using var http = new CloudHttp("Plain", new CloudOpenOptions
        {
            HttpHandler = () => new SocketsHttpHandler { Proxy = new System.Net.WebProxy(proxy.Address), UseProxy = true },
        });
        using var request = new HttpRequestMessage(HttpMethod.Get, "https://plain.example/hello");
        var failure = await Assert.ThrowsAsync<CloudException>(() => http.SendAsync(request, default));
        Assert.Equal(CloudErrorKind.Other, failure.Kind);
        Assert.False(failure.IsRetryable);
        Assert.Equal(0, _emulator.Log.Count("/hello"));
    }

    [Fact]
    public void TokensShowNothingOfThemselves()
    {
        Assert.Equal("***", new AccessToken("secret", null).ToString());
        Assert.Equal("***", new OAuthTokens("secret", null, "secret").ToString());
    }

    private AuthorizedHttp Open(CloudOpenOptions options) => new(_emulator.Endpoint, "plain:", options);

    private static async Task<string> HelloAsync(AuthorizedHttp http, CancellationToken cancel = default)
    {
        using var response = await http.SendAsync(
            () => new HttpRequestMessage(HttpMethod.Get, "https://plain.example/hello"), cancel);
        return await response.Content.ReadAsStringAsync(cancel);
    }

    /// <summary>A store that can fail, or wait, when it is written.</summary>
    private sealed class StubbornStore(CloudCredential credential) : ICredentialStore
    {
        private readonly MemoryCredentialStore _inner = new(credential);
        private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private TaskCompletionSource? _held;

        public bool IsBroken { get; set; }

        /// <summary>Makes writes wait; the task ends when one does.</summary>
        public Task Hold()
        {
            _held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _reached.Task;
        }

        public void Release() => _held!.SetResult();

        public ValueTask<CloudCredential?> ReadAsync(CancellationToken cancellationToken = default) => _inner.ReadAsync(cancellationToken);

        public async ValueTask WriteAsync(CloudCredential credential, CancellationToken cancellationToken = default)
        {
            if (IsBroken)
                throw new IOException("No space left on device");
            _reached.TrySetResult();
            if (_held is { } held)
                await held.Task;
            await _inner.WriteAsync(credential, cancellationToken);
        }
    }
}
