using CuckooDrive.Clouds.OAuth;
using CuckooDrive.Testing.Emulators;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace CuckooDrive.Clouds.Tests.OAuth;

/// <summary>A service that can do nothing but sign in and say hello.</summary>
public sealed class PlainEmulator() : CloudEmulator("plain.example")
{
    public OAuthEndpoint Endpoint { get; } = new()
    {
        Service = "Plain",
        Authorize = new Uri("https://plain.example/authorize"),
        Token = new Uri("https://plain.example/token"),
        Scopes = ["files.read", "files.write"],
        AuthorizeParameters = new Dictionary<string, string> { ["token_access_type"] = "offline" },
    };

    protected override void Map(WebApplication application)
    {
        Login.Map(application, "/authorize", "/token");
        application.MapGet("/hello", () => "hello");
    }

    protected override bool IsOpenToAll(HttpRequest request) => request.Path != "/hello";

    protected override Task RefuseAsync(HttpContext context, TokenState state)
    {
        context.Response.StatusCode = StatusCodes.Status401Unauthorized;
        return Task.CompletedTask;
    }
}
