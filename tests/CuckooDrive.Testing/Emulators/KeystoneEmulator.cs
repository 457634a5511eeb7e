using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace CuckooDrive.Testing.Emulators;

/// <summary>
/// Keystone's version 3 as far as clients of the object store need it, before a real Swift with TempAuth: who signs in here gets a
/// token that the real Swift made, and a catalogue in which one region's public object store is the real one. Thread safe.
/// </summary>
public sealed class KeystoneEmulator : CloudEmulator
{
    public const string User = "maria";
    public const string Password = "keystone secret";
    public const string UserDomain = "people";
    public const string Project = "drive";
    public const string ProjectDomain = "projects";
    public const string Region = "north";
    public const string OtherRegion = "south";
    public const string ApplicationId = "21dced0fd20347869b93710d2b98aae0";
    public const string ApplicationSecret = "application secret";

    private readonly HttpClient _client = new();
    private readonly Uri _auth;
    private readonly string _user;
    private readonly string _password;

    /// <param name="auth">Where the real Swift signs in by version 1.</param>
    /// <param name="user">Who is really signed in there.</param>
    /// <param name="password">His password.</param>
    public KeystoneEmulator(string auth, string user, string password) => (_auth, _user, _password) = (new Uri(auth), user, password);

    /// <summary>For the option <c>auth</c>, and for OS_AUTH_URL.</summary>
    public string AuthAddress => $"{Address.AbsoluteUri}v3";

    /// <summary>When the tokens are said to end.</summary>
    public DateTimeOffset Expires { get; set; } = DateTimeOffset.UtcNow.AddHours(1);

    /// <summary>Hands out tokens that Swift refuses, this many times.</summary>
    public int WorthlessTokens { get; set; }

    protected override void Map(WebApplication application) => application.MapPost("/v3/auth/tokens", SignInAsync);

    protected override bool IsOpenToAll(HttpRequest request) => true;

    protected override Task RefuseAsync(HttpContext context, TokenState state) => Task.CompletedTask;

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing)
            _client.Dispose();
    }

    private async Task SignInAsync(HttpContext context)
    {
        var body = await JsonNode.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted);
        if (body?["auth"] is not { } auth || !IsKnown(auth))
        {
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            await WriteAsync(context, new JsonObject
            {
                ["error"] = new JsonObject
                {
                    ["code"] = 401,
                    ["title"] = "Unauthorized",
                    ["message"] = "The request you have made requires authentication.",
                },
            });
            return;
        }
        using var request = new HttpRequestMessage(HttpMethod.Get, _auth);
        request.Headers.Add("X-Auth-User", _user);
        request.Headers.Add("X-Auth-Key", _password);
        using var response = await _client.SendAsync(request, context.RequestAborted);
        response.EnsureSuccessStatusCode();
        var isWorthless = WorthlessTokens > 0;
        if (isWorthless)
            WorthlessTokens--;
        context.Response.StatusCode = StatusCodes.Status201Created;
        context.Response.Headers["X-Subject-Token"] = isWorthless ? "AUTH_tkworthless" : response.Headers.GetValues("X-Auth-Token").Single();
        await WriteAsync(context, Token(response.Headers.GetValues("X-Storage-Url").Single()));
    }

    private static bool IsKnown(JsonNode auth)
    {
        var identity = auth["identity"];
        var methods = identity?["methods"]?.AsArray().Select(each => (string?)each).ToArray();
        if (methods is ["application_credential"])
        {
            var application = identity!["application_credential"];
            return (string?)application?["id"] == ApplicationId && (string?)application?["secret"] == ApplicationSecret && auth["scope"] is null;
        }
        var user = identity?["password"]?["user"];
        var project = auth["scope"]?["project"];
        return methods is ["password"] &&
            (string?)user?["name"] == User && (string?)user?["password"] == Password && (string?)user?["domain"]?["name"] == UserDomain &&
            (string?)project?["name"] == Project && (string?)project?["domain"]?["name"] == ProjectDomain;
    }

    private JsonObject Token(string storage) => new()
    {
        ["token"] = new JsonObject
        {
            ["methods"] = new JsonArray("password"),
            ["expires_at"] = Expires.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ", CultureInfo.InvariantCulture),
            ["issued_at"] = "2026-01-01T00:00:00.000000Z",
            ["user"] = new JsonObject { ["id"] = "u1", ["name"] = User },
            ["catalog"] = new JsonArray(
                Service("identity", Endpoint(Region, "public", AuthAddress)),
                Service(
                    "object-store",
                    Endpoint(OtherRegion, "public", "http://127.0.0.1:9/v1/AUTH_nowhere"),
                    Endpoint(Region, "admin", "http://127.0.0.1:9/v1"),
                    Endpoint(Region, "internal", "http://127.0.0.1:9/v1/AUTH_inside"),
                    Endpoint(Region, "public", storage))),
        },
    };

    private static JsonObject Service(string type, params JsonNode?[] endpoints) => new()
    {
        ["type"] = type,
        ["id"] = type,
        ["name"] = type,
        ["endpoints"] = new JsonArray(endpoints),
    };

    private static JsonObject Endpoint(string region, string kind, string url) => new()
    {
        ["id"] = $"{region}-{kind}",
        ["region"] = region,
        ["region_id"] = region,
        ["interface"] = kind,
        ["url"] = url,
    };

    private static Task WriteAsync(HttpContext context, JsonObject body)
    {
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(body.ToJsonString(), context.RequestAborted);
    }
}
