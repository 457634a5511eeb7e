using System.Net;
using CuckooDrive.Clouds.OAuth;
using CuckooDrive.Testing.Emulators;

namespace CuckooDrive.Clouds.Tests.OAuth;

public sealed class SignInTests : IDisposable
{
    private readonly PlainEmulator _emulator = new();
    private readonly HttpClient _browser = new(new SocketsHttpHandler { AllowAutoRedirect = false });

    public void Dispose()
    {
        _browser.Dispose();
        _emulator.Dispose();
    }

    private static CloudCredential Client { get; } = CloudCredential.Empty.With(CloudSecret.ClientId, LoginEmulator.ClientId);

    [Fact]
    public async Task TheBrowserComesBackWithALogin()
    {
        var page = "";
        var login = await SignIn(_emulator.Endpoint).WithBrowserAsync(async (address, cancel) =>
        {
            page = address.AbsoluteUri;
            _ = VisitAsync(address);
            await Task.CompletedTask;
        });
        Assert.Contains("code_challenge_method=S256", page, StringComparison.Ordinal);
        Assert.Contains("scope=files.read%20files.write", page, StringComparison.Ordinal);
        Assert.Contains("token_access_type=offline", page, StringComparison.Ordinal);
        Assert.Contains("redirect_uri=http%3A%2F%2F127.0.0.1%3A", page, StringComparison.Ordinal);
        Assert.Equal(LoginEmulator.ClientId, login[CloudSecret.ClientId]);
        Assert.NotNull(login[CloudSecret.RefreshToken]);
        Assert.NotNull(login[CloudSecret.AccessTokenExpires]);
        Assert.Equal(TokenState.Valid, _emulator.Login.Check($"Bearer {login[CloudSecret.AccessToken]}"));
    }

    [Fact]
    public async Task OthersWhoKnockAreSentAwayAndTheBrowserIsWaitedFor()
    {
        using var silent = new System.Net.Sockets.TcpClient();
        var login = await SignIn(_emulator.Endpoint).WithBrowserAsync(async (address, cancel) =>
        {
            var query = Microsoft.AspNetCore.WebUtilities.QueryHelpers.ParseQuery(address.Query);
            var home = new Uri(query["redirect_uri"]!);
            using (var gone = new System.Net.Sockets.TcpClient())
                await gone.ConnectAsync(home.Host, home.Port, cancel);
            await silent.ConnectAsync(home.Host, home.Port, cancel);
            _ = Task.Run(
                async () =>
                {
                    foreach (var wrong in new[] { "favicon.ico", "?code=forged", "?code=forged&state=forged", $"?state={query["state"]}" })
                    {
                        using var answer = await _browser.GetAsync(new Uri(home, wrong));
                        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
                    }
                    await VisitAsync(address);
                },
                cancel);
        });
        Assert.NotNull(login[CloudSecret.AccessToken]);
    }

    [Fact]
    public async Task AUserWhoSaysNoIsBelieved()
    {
        _emulator.Login.IsDenying = true;
        var failure = await Assert.ThrowsAsync<CloudException>(() => SignIn(_emulator.Endpoint).WithBrowserAsync((address, token) =>
        {
            _ = VisitAsync(address);
            return Task.CompletedTask;
        }));
        Assert.Equal(CloudErrorKind.Unauthorized, failure.Kind);
    }

    [Fact]
    public async Task ASignInCanBeGivenUp()
    {
        using var cancel = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => SignIn(_emulator.Endpoint).WithBrowserAsync((page, token) => cancel.CancelAsync(), cancel.Token));
    }

    [Fact]
    public async Task AFixedPortThatIsInUseIsNamed()
    {
        using var other = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port;
        var failure = await Assert.ThrowsAsync<CloudException>(
            () => SignIn(_emulator.Endpoint with { RedirectPort = port }).WithBrowserAsync((_, _) => Task.CompletedTask));
        Assert.Contains($"Port {port}", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ACodeThatIsShownCanBePasted()
    {
        var login = await SignIn(_emulator.Endpoint with { ShowsCode = true }).WithPasteAsync(async (page, cancel) =>
        {
            Assert.DoesNotContain("redirect_uri", page.Query, StringComparison.Ordinal);
            return $"  {await _browser.GetStringAsync(Here(page), cancel)}\n";
        });
        Assert.NotNull(login[CloudSecret.RefreshToken]);
    }

    [Fact]
    public async Task TheAddressOfThePageThatDidNotOpenCanBePasted()
    {
        var login = await SignIn(_emulator.Endpoint).WithPasteAsync(async (page, cancel) =>
        {
            using var answer = await _browser.GetAsync(Here(page), cancel);
            return answer.Headers.Location!.OriginalString;
        });
        Assert.NotNull(login[CloudSecret.RefreshToken]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("nonsense")]
    [InlineData("http://127.0.0.1/?code=forged&state=forged")]
    [InlineData("http://127.0.0.1/?error=access_denied")]
    public async Task WhatIsNoAnswerIsRefused(string pasted)
    {
        var failure = await Assert.ThrowsAsync<CloudException>(
            () => SignIn(_emulator.Endpoint).WithPasteAsync((_, _) => Task.FromResult(pasted)));
        Assert.Equal(CloudErrorKind.Unauthorized, failure.Kind);
    }

    [Fact]
    public async Task AWrongClientIsNamedAsTheReason()
    {
        _emulator.Login.NeedsSecret = true;
        var failure = await Assert.ThrowsAsync<CloudException>(() => SignIn(_emulator.Endpoint).WithPasteAsync(async (page, cancel) =>
        {
            using var answer = await _browser.GetAsync(Here(page), cancel);
            return answer.Headers.Location!.OriginalString;
        }));
        Assert.Contains("client id", failure.Message, StringComparison.Ordinal);
    }

    private OAuthSignIn SignIn(OAuthEndpoint endpoint) => new(endpoint, Client, _emulator.Options());

    private Uri Here(Uri page) => new(_emulator.Address, page.PathAndQuery);

    private async Task VisitAsync(Uri page)
    {
        using var answer = await _browser.GetAsync(Here(page));
        using var home = await _browser.GetAsync(answer.Headers.Location);
        Assert.Equal(HttpStatusCode.OK, home.StatusCode);
    }
}
