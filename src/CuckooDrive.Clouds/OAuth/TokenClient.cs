using System.Net.Http.Headers;
using System.Text.Json;
using CuckooDrive.Clouds.Http;

namespace CuckooDrive.Clouds.OAuth;

/// <summary>Speaks to a provider's token end point. Thread safe.</summary>
internal sealed class TokenClient(OAuthEndpoint endpoint, CloudHttp http)
{
    /// <summary>Exchanges what a sign-in ended with. A code that is refused is <see cref="CloudErrorKind.Unauthorized"/>.</summary>
    public async Task<OAuthTokens> ExchangeAsync(
        CloudCredential client, string code, Uri? redirect, string? verifier, CancellationToken cancellationToken)
    {
        var form = Form(client, "authorization_code");
        form["code"] = code;
        if (redirect is not null)
            form["redirect_uri"] = redirect.OriginalString;
        if (verifier is not null)
            form["code_verifier"] = verifier;
        return await PostAsync(form, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Gets a new access token. A login that has ended or was revoked is <see cref="CloudErrorKind.Unauthorized"/>. At some
    /// providers the old refresh token is worth nothing from then on: the answer must not be lost.
    /// </summary>
    public async Task<OAuthTokens> RefreshAsync(CloudCredential credential, string refreshToken, CancellationToken cancellationToken)
    {
        var form = Form(credential, "refresh_token");
        form["refresh_token"] = refreshToken;
        return await PostAsync(form, cancellationToken).ConfigureAwait(false);
    }

    private static Dictionary<string, string> Form(CloudCredential client, string grant)
    {
        var form = new Dictionary<string, string> { ["grant_type"] = grant };
        if (client[CloudSecret.ClientId] is { } id)
            form["client_id"] = id;
        if (client[CloudSecret.ClientSecret] is { Length: > 0 } secret)
            form["client_secret"] = secret;
        return form;
    }

    private async Task<OAuthTokens> PostAsync(Dictionary<string, string> form, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, endpoint.Token) { Content = new FormUrlEncodedContent(form) };
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        using var response = await http.SendAsync(request, cancellationToken).ConfigureAwait(false);
        if (!response.IsSuccessStatusCode)
            throw ErrorOf(response, await http.ReadErrorAsync(response, cancellationToken).ConfigureAwait(false));

        var answer = await http.ReadJsonAsync(response, cancellationToken).ConfigureAwait(false);
        if (answer.TextOrNull("access_token") is not { Length: > 0 } accessToken)
            throw new CloudException(CloudErrorKind.Corrupt, $"{endpoint.Service} sent no access token.");
        var lifetime = answer.NumberOrNull("expires_in") is { } seconds and > 0 ? TimeSpan.FromSeconds(seconds) : (TimeSpan?)null;
        return new OAuthTokens(accessToken, lifetime, answer.TextOrNull("refresh_token"));
    }

    private CloudException ErrorOf(HttpResponseMessage response, JsonElement answer)
    {
        // The description may quote what was sent, so it is not shown; the codes are fixed words (RFC 6749, section 5.2).
        var service = endpoint.Service;
        return answer.TextOrNull("error") switch
        {
            "invalid_grant" => new CloudException(CloudErrorKind.Unauthorized, $"the {service} login has expired or was revoked"),
            "invalid_client" or "unauthorized_client" => new CloudException(
                CloudErrorKind.Unauthorized, $"{service} does not know the client id or refuses its secret"),
            "temporarily_unavailable" => new CloudException(CloudErrorKind.Transient, $"{service} cannot sign in anybody at present."),
            _ => http.StatusError(response),
        };
    }
}
