namespace CuckooDrive.Clouds.OAuth;

/// <summary>Where and how one provider signs users in (RFC 6749 with PKCE, RFC 7636). Immutable; holds no secret.</summary>
public sealed record OAuthEndpoint
{
    /// <summary>The provider's name for messages: "Dropbox".</summary>
    public required string Service { get; init; }

    /// <summary>The page that the browser opens.</summary>
    public required Uri Authorize { get; init; }

    /// <summary>Where codes and refresh tokens are exchanged for access tokens.</summary>
    public required Uri Token { get; init; }

    /// <summary>What is asked for; sent separated by blanks, left out when empty.</summary>
    public IReadOnlyList<string> Scopes { get; init; } = [];

    /// <summary>Further parameters of the page, such as the one that asks for a refresh token.</summary>
    public IReadOnlyDictionary<string, string> AuthorizeParameters { get; init; } = new Dictionary<string, string>();

    /// <summary>Whether the provider takes a PKCE challenge.</summary>
    public bool Pkce { get; init; } = true;

    /// <summary>Whether tokens are only given for a client secret; without it PKCE alone is enough.</summary>
    public bool NeedsClientSecret { get; init; }

    /// <summary>The host of the loopback address to come back to, as the provider wants it: 127.0.0.1 or localhost.</summary>
    public string RedirectHost { get; init; } = "127.0.0.1";

    /// <summary>
    /// The port to come back to, for providers that compare the whole registered address; 0 lets the system choose one,
    /// which is right where a provider ignores the port, as RFC 8252 asks.
    /// </summary>
    public int RedirectPort { get; init; }

    /// <summary>
    /// For machines without a browser: whether the provider shows the code to copy when it is given no address to come back to.
    /// Elsewhere the user copies the address of the page that could not be opened, which has the code in it.
    /// </summary>
    public bool ShowsCode { get; init; }
}
