using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using CuckooDrive.Clouds;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace CuckooDrive.Testing.Emulators;

/// <summary>What is known of an access token.</summary>
public enum TokenState
{
    Valid,
    Expired,
    Unknown,
}

/// <summary>
/// The authorisation server of an emulator: one client, one user who says yes to everything, codes with PKCE, and tokens that
/// expire, are revoked, or are renewed only once. Thread safe.
/// </summary>
public sealed class LoginEmulator
{
    public const string ClientId = "test-client";
    public const string ClientSecret = "test-secret";

    private readonly Lock _gate = new();
    private readonly Dictionary<string, TokenState> _access = [];
    private readonly HashSet<string> _refresh = [];
    private readonly Dictionary<string, (string? Redirect, string? Challenge)> _codes = [];

    /// <summary>Whether a refresh token works once only, and each answer has a new one.</summary>
    public bool IsRotating { get; set; }

    /// <summary>Whether the client must show its secret.</summary>
    public bool NeedsSecret { get; set; }

    /// <summary>Whether the user says no.</summary>
    public bool IsDenying { get; set; }

    /// <summary>How long access tokens are said to live. Only <see cref="Expire"/> ends them.</summary>
    public TimeSpan Lifetime { get; set; } = TimeSpan.FromHours(4);

    /// <summary>How many access tokens were given for refresh tokens.</summary>
    public int Refreshes { get; private set; }

    /// <summary>A login that works, as signing in would have stored it.</summary>
    public CloudCredential SignIn()
    {
        lock (_gate)
        {
            var expires = DateTimeOffset.UtcNow + Lifetime;
            return new CloudCredential(new Dictionary<string, string>
            {
                [CloudSecret.ClientId] = ClientId,
                [CloudSecret.ClientSecret] = ClientSecret,
                [CloudSecret.AccessToken] = NewAccessToken(),
                [CloudSecret.AccessTokenExpires] = expires.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture),
                [CloudSecret.RefreshToken] = NewRefreshToken(),
            });
        }
    }

    /// <summary>Ends all access tokens of today; they can be renewed.</summary>
    public void Expire()
    {
        lock (_gate)
        {
            foreach (var token in _access.Keys)
                _access[token] = TokenState.Expired;
        }
    }

    /// <summary>Ends all tokens for good, as a user does who removes the app.</summary>
    public void Revoke()
    {
        lock (_gate)
        {
            _access.Clear();
            _refresh.Clear();
        }
    }

    public TokenState Check(string? authorization)
    {
        lock (_gate)
        {
            return authorization?.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) == true &&
                _access.TryGetValue(authorization["Bearer ".Length..], out var state) ? state : TokenState.Unknown;
        }
    }

    /// <summary>Adds the page and the token end point.</summary>
    public void Map(WebApplication application, string authorizePath, string tokenPath)
    {
        application.MapGet(authorizePath, AuthorizeAsync);
        application.MapPost(tokenPath, TokenAsync);
    }

    private async Task AuthorizeAsync(HttpContext context)
    {
        var query = context.Request.Query;
        string? redirect = query["redirect_uri"], state = query["state"], challenge = query["code_challenge"];
        if (query["client_id"] != ClientId || query["response_type"] != "code" ||
            (challenge is not null && query["code_challenge_method"] != "S256"))
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }
        string code;
        lock (_gate)
            _codes[code = Random()] = (redirect, challenge);
        if (redirect is null)
        {
            await context.Response.WriteAsync(code, context.RequestAborted);
            return;
        }
        var answer = IsDenying ? ("error", "access_denied") : ("code", code);
        context.Response.Redirect(QueryHelpers.AddQueryString(
            redirect, new Dictionary<string, string?> { [answer.Item1] = answer.Item2, ["state"] = state }));
    }

    private async Task TokenAsync(HttpContext context)
    {
        var form = await context.Request.ReadFormAsync(context.RequestAborted);
        JsonObject answer;
        lock (_gate)
            answer = Exchange(name => form[name]);
        context.Response.StatusCode = answer.ContainsKey("error") ? StatusCodes.Status400BadRequest : StatusCodes.Status200OK;
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(answer.ToJsonString(), context.RequestAborted);
    }

    private JsonObject Exchange(Func<string, string?> form)
    {
        var secret = form("client_secret");
        if (form("client_id") != ClientId || (secret is null ? NeedsSecret : secret != ClientSecret))
            return Error("invalid_client");
        switch (form("grant_type"))
        {
            case "authorization_code":
                return ExchangeCode(form, secret is not null);
            case "refresh_token" when form("refresh_token") is { } token && _refresh.Contains(token):
                if (IsRotating)
                    _refresh.Remove(token);
                Refreshes++;
                return Tokens(IsRotating);
            case "refresh_token":
                return Error("invalid_grant");
            default:
                return Error("unsupported_grant_type");
        }
    }

    private JsonObject ExchangeCode(Func<string, string?> form, bool hasSecret)
    {
        // A code works once, for the address that it was given to and for whoever knows the verifier.
        if (form("code") is not { } code || !_codes.Remove(code, out var made) || made.Redirect != form("redirect_uri"))
            return Error("invalid_grant");
        var verifier = form("code_verifier");
        var proved = made.Challenge is null
            ? hasSecret
            : verifier is { Length: >= 43 and <= 128 } &&
              Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(verifier))) == made.Challenge;
        return proved ? Tokens(withRefreshToken: true) : Error("invalid_grant");
    }

    private JsonObject Tokens(bool withRefreshToken)
    {
        var answer = new JsonObject
        {
            ["access_token"] = NewAccessToken(),
            ["token_type"] = "bearer",
            ["expires_in"] = (long)Lifetime.TotalSeconds,
        };
        if (withRefreshToken)
            answer["refresh_token"] = NewRefreshToken();
        return answer;
    }

    private static JsonObject Error(string code) => new() { ["error"] = code, ["error_description"] = "for developers" };

    private string NewAccessToken()
    {
        var token = Random();
        _access[token] = TokenState.Valid;
        return token;
    }

    private string NewRefreshToken()
    {
        var token = Random();
        _refresh.Add(token);
        return token;
    }

    private static string Random() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
}
