using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using CuckooDrive.Clouds.OAuth;

namespace CuckooDrive.Clouds.Http;

/// <summary>
/// Sends requests with an access token; one that the provider refuses is renewed once and the request made anew. Thread safe;
/// owns the HTTP client.
/// </summary>
internal sealed class AuthorizedHttp : IAsyncDisposable
{
    private readonly AccessTokenSource _tokens;

    public AuthorizedHttp(OAuthEndpoint endpoint, string address, CloudOpenOptions options)
    {
        Http = new CloudHttp(endpoint.Service, options);
        _tokens = new AccessTokenSource(endpoint, address, options, Http);
    }

    /// <summary>The same client without tokens: for addresses that carry their own permission.</summary>
    public CloudHttp Http { get; }

    /// <summary>Finds in the body of a 401 what renewing the token would not mend, as the error to throw; null for none.</summary>
    public Func<JsonElement, CloudException?>? Refusal { get; init; }

    /// <summary>
    /// Sends what <paramref name="request"/> makes; it is called a second time after a refused token, so content must be opened
    /// in it. Any answer but 401 is returned, and the caller disposes it.
    /// </summary>
    public async Task<HttpResponseMessage> SendAsync(
        Func<CancellationToken, ValueTask<HttpRequestMessage>> request, CancellationToken cancellationToken)
    {
        var token = await _tokens.GetAsync(cancellationToken).ConfigureAwait(false);
        for (var again = false; ; again = true)
        {
            using var message = await request(cancellationToken).ConfigureAwait(false);
            message.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token.Value);
            var response = await Http.SendAsync(message, cancellationToken).ConfigureAwait(false);
            if (response.StatusCode != HttpStatusCode.Unauthorized)
                return response;
            using (response)
            {
                var answer = await Http.ReadErrorAsync(response, cancellationToken).ConfigureAwait(false);
                if (Refusal?.Invoke(answer) is { } refusal)
                    throw refusal;
            }
            if (again)
                throw _tokens.SignInAgain("it refuses even a new access token");
            token = await _tokens.RefuseAsync(token, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The same for requests that are made at once.</summary>
    public Task<HttpResponseMessage> SendAsync(Func<HttpRequestMessage> request, CancellationToken cancellationToken) =>
        SendAsync(_ => ValueTask.FromResult(request()), cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _tokens.DisposeAsync().ConfigureAwait(false);
        Http.Dispose();
    }
}
