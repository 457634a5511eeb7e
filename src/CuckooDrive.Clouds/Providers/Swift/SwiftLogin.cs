using CuckooDrive.Clouds.OAuth;

namespace CuckooDrive.Clouds.Providers.Swift;

/// <summary>What signing in gives: a token, and where the account's containers are. Immutable; shows no token.</summary>
/// <param name="Token">For the header of each request.</param>
/// <param name="Storage">The account's address, without a slash at its end.</param>
internal sealed record SwiftLogin(AccessToken Token, Uri Storage)
{
    /// <summary>A token ends on its way no sooner than this.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(1);

    public bool IsFresh(DateTimeOffset now) => Token.Expires is not { } expires || now < expires - Margin;

    /// <exception cref="CloudException">when the address is none, or would carry the token where anybody can read it.</exception>
    public static SwiftLogin Create(SwiftAddress address, AccessToken token, string? storage)
    {
        if (!Uri.TryCreate(storage?.TrimEnd('/'), UriKind.Absolute, out var uri) || uri.Scheme is not ("https" or "http"))
            throw new CloudException(CloudErrorKind.Corrupt, $"{address.Service} does not tell where the containers are.");
        return address.Auth.Scheme == Uri.UriSchemeHttps && uri.Scheme != Uri.UriSchemeHttps
            ? throw new CloudException(
                CloudErrorKind.Other,
                $"{address.Service} sends us to {uri}, where data and login would go over the network in the clear; nothing was sent there.")
            : new SwiftLogin(token, uri);
    }
}
