using System.Buffers.Text;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using CuckooDrive.Clouds.Http;

namespace CuckooDrive.Clouds.OAuth;

/// <summary>
/// Signs a user in with the system's browser: the authorisation code flow for native applications (RFC 8252) with PKCE and
/// state. Each method does one sign-in; nothing is stored. Thread safe.
/// </summary>
/// <param name="endpoint">Where.</param>
/// <param name="client">Holds <see cref="CloudSecret.ClientId"/> and, where the provider needs it, <see cref="CloudSecret.ClientSecret"/>.</param>
/// <param name="options">Give the HTTP handler, if any, and the time.</param>
public sealed class OAuthSignIn(OAuthEndpoint endpoint, CloudCredential client, CloudOpenOptions? options = null)
{
    private const int UnusedPort = 41_927;

    private readonly CloudOpenOptions _options = options ?? CloudOpenOptions.Default;

    /// <summary>
    /// Waits on a loopback port for the browser to come back, for as long as the caller does.
    /// </summary>
    /// <param name="openBrowser">Shows the page to the user, who may be on this machine only; should also print the address.</param>
    /// <returns>The client's credential with the tokens: to be stored.</returns>
    /// <exception cref="CloudException">
    /// with <see cref="CloudErrorKind.Unauthorized"/> when the user or the provider said no.
    /// </exception>
    public async Task<CloudCredential> WithBrowserAsync(
        Func<Uri, CancellationToken, Task> openBrowser, CancellationToken cancellationToken = default)
    {
        using var receiver = OpenReceiver();
        var attempt = new Attempt(endpoint, ClientId(), receiver.Address);
        await openBrowser(attempt.Page, cancellationToken).ConfigureAwait(false);
        var answer = await receiver.ReceiveAsync(attempt.IsAnswer, cancellationToken).ConfigureAwait(false);
        return await FinishAsync(attempt, answer, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// For a machine without a browser: the user opens the page anywhere and pastes what comes of it, the code that the provider
    /// shows or the address of the page that the browser could not open.
    /// </summary>
    /// <param name="ask">Shows the page's address and returns what the user pasted.</param>
    /// <returns>The client's credential with the tokens: to be stored.</returns>
    /// <exception cref="CloudException">
    /// with <see cref="CloudErrorKind.Unauthorized"/> when the user or the provider said no.
    /// </exception>
    public async Task<CloudCredential> WithPasteAsync(
        Func<Uri, CancellationToken, Task<string>> ask, CancellationToken cancellationToken = default)
    {
        // Nobody listens there: any port that the provider and the browser let pass will do.
        var port = endpoint.RedirectPort == 0 ? UnusedPort : endpoint.RedirectPort;
        var attempt = new Attempt(endpoint, ClientId(), endpoint.ShowsCode ? null : RedirectTo(port));
        var pasted = (await ask(attempt.Page, cancellationToken).ConfigureAwait(false)).Trim();
        var question = pasted.IndexOf('?', StringComparison.Ordinal);
        var answer = question >= 0
            ? QueryString.Parse(pasted[(question + 1)..])
            : new Dictionary<string, string> { ["code"] = pasted, ["state"] = attempt.State };
        return await FinishAsync(attempt, answer, cancellationToken).ConfigureAwait(false);
    }

    private string ClientId() => client[CloudSecret.ClientId] is { Length: > 0 } id
        ? id
        : throw new CloudException(CloudErrorKind.Unauthorized, $"Signing in to {endpoint.Service} needs the id of your own client.");

    private LoopbackReceiver OpenReceiver()
    {
        try
        {
            return new LoopbackReceiver(endpoint.RedirectPort, endpoint.Service, RedirectTo, _options.Time);
        }
        catch (SocketException exception)
        {
            throw new CloudException(
                CloudErrorKind.Other,
                $"Port {endpoint.RedirectPort}, to which {endpoint.Service} sends the browser back, is in use: " +
                "end the program that has it, or sign in by copying the code.",
                exception);
        }
    }

    private Uri RedirectTo(int port) => new($"http://{endpoint.RedirectHost}:{port}/");

    private async Task<CloudCredential> FinishAsync(
        Attempt attempt, IReadOnlyDictionary<string, string> answer, CancellationToken cancellationToken)
    {
        if (answer.TryGetValue("error", out var error))
        {
            throw new CloudException(CloudErrorKind.Unauthorized, error == "access_denied"
                ? $"{endpoint.Service} was not allowed to let us in; nothing was changed."
                : $"{endpoint.Service} refused the sign-in ({Printable(error)}); check the client id, its redirect address and its permissions.");
        }
        if (!attempt.IsAnswer(answer))
            throw new CloudException(CloudErrorKind.Unauthorized, "That is not the answer to this sign-in; please begin again.");
        if (!answer.TryGetValue("code", out var code) || code.Length == 0)
            throw new CloudException(CloudErrorKind.Unauthorized, "There is no code in it; please begin again.");

        using var http = new CloudHttp(endpoint.Service, _options);
        try
        {
            var tokens = await new TokenClient(endpoint, http)
                .ExchangeAsync(client, code, attempt.Redirect, attempt.Verifier, cancellationToken).ConfigureAwait(false);
            return tokens.AddTo(client, _options.Time.GetUtcNow());
        }
        catch (CloudException failure) when (failure.Kind == CloudErrorKind.Unauthorized)
        {
            throw new CloudException(
                CloudErrorKind.Unauthorized, $"The sign-in did not work: {failure.Message}. Please begin again.", failure);
        }
    }

    // What comes from the network must not reach a terminal as it is.
    private static string Printable(string text) =>
        new([.. text.Take(80).Select(each => char.IsAsciiLetterOrDigit(each) || each == '_' ? each : '?')]);

    /// <summary>One sign-in: what ties the answer to the question.</summary>
    private sealed class Attempt
    {
        public Attempt(OAuthEndpoint endpoint, string clientId, Uri? redirect)
        {
            Redirect = redirect;
            Verifier = endpoint.Pkce ? Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(48)) : null;
            var query = new List<KeyValuePair<string, string>>
            {
                new("response_type", "code"),
                new("client_id", clientId),
                new("state", State),
            };
            if (redirect is not null)
                query.Add(new("redirect_uri", redirect.OriginalString));
            if (endpoint.Scopes.Count > 0)
                query.Add(new("scope", string.Join(' ', endpoint.Scopes)));
            if (Verifier is not null)
            {
                query.Add(new("code_challenge", Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(Verifier)))));
                query.Add(new("code_challenge_method", "S256"));
            }
            query.AddRange(endpoint.AuthorizeParameters);
            Page = new UriBuilder(endpoint.Authorize) { Query = QueryString.Format(query) }.Uri;
        }

        public Uri Page { get; }

        public Uri? Redirect { get; }

        public string? Verifier { get; }

        public string State { get; } = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(24));

        public bool IsAnswer(IReadOnlyDictionary<string, string> answer) => answer.TryGetValue("state", out var state) &&
            CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(state), Encoding.UTF8.GetBytes(State));
    }
}
