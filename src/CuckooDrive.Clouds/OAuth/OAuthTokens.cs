using System.Globalization;

namespace CuckooDrive.Clouds.OAuth;

/// <summary>An access token. Shows nothing of itself in <see cref="ToString"/>.</summary>
public sealed class AccessToken(string value, DateTimeOffset? expires)
{
    /// <summary>The secret: only for the header of a request.</summary>
    public string Value => value;

    /// <summary>When it ends, where the provider said so.</summary>
    public DateTimeOffset? Expires => expires;

    public override string ToString() => "***";

    internal static AccessToken? Of(CloudCredential credential) =>
        credential[CloudSecret.AccessToken] is { Length: > 0 } value
            ? new AccessToken(value, ExpiryOf(credential[CloudSecret.AccessTokenExpires]))
            : null;

    // An expiry that makes no sense is none: the provider will refuse the token when it has ended.
    private static DateTimeOffset? ExpiryOf(string? text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) &&
        seconds <= DateTimeOffset.MaxValue.ToUnixTimeSeconds()
            ? DateTimeOffset.FromUnixTimeSeconds(seconds)
            : null;
}

/// <summary>What a token end point answers. Shows nothing of itself in <see cref="ToString"/>.</summary>
internal sealed class OAuthTokens(string accessToken, TimeSpan? lifetime, string? refreshToken)
{
    public override string ToString() => "***";

    /// <summary>The credential with these tokens in place of the old ones. A refresh token that was not renewed stays.</summary>
    public CloudCredential AddTo(CloudCredential credential, DateTimeOffset now)
    {
        var expires = lifetime is { } life ? (now + life).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture) : null;
        var renewed = credential.With(CloudSecret.AccessToken, accessToken).With(CloudSecret.AccessTokenExpires, expires);
        return refreshToken is null ? renewed : renewed.With(CloudSecret.RefreshToken, refreshToken);
    }
}
