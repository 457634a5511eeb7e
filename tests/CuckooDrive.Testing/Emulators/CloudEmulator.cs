using System.Net;
using CuckooDrive.Clouds;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CuckooDrive.Testing.Emulators;

/// <summary>
/// A provider's service in this process, on loopback and a port that the system chose: what it stores, its logins and its
/// troubles. Real clients reach it through <see cref="TlsProxy"/>, our own by <see cref="Options"/>. Thread safe.
/// </summary>
public abstract class CloudEmulator : IDisposable
{
    private readonly WebApplication _application;

    /// <param name="hosts">The host names of the provider that this answers for.</param>
    protected CloudEmulator(params string[] hosts)
    {
        Hosts = hosts;
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Logging.ClearProviders();
        builder.Services.AddRouting();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http1);
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.AllowSynchronousIO = false;
        });
        _application = builder.Build();
        _application.Use(ServeAsync);
        _application.UseRouting();
#pragma warning disable CA2214 // Routes are made once, and those of the derived class need only its field initializers.
        Map(_application);
#pragma warning restore CA2214
        _application.StartAsync().GetAwaiter().GetResult();
        Address = new Uri(_application.Urls.Single());
    }

    /// <summary>Where it listens.</summary>
    public Uri Address { get; }

    public IReadOnlyList<string> Hosts { get; }

    /// <summary>The tokens of its one account.</summary>
    public LoginEmulator Login { get; } = new();

    /// <summary>What goes wrong.</summary>
    public EmulatorFaults Faults { get; } = new();

    /// <summary>Space of the account in bytes. May be changed at any time.</summary>
    public long Quota { get; set; } = 1L << 40;

    /// <summary>How many requests came, by method and path: for tests that count them.</summary>
    public EmulatorLog Log { get; } = new();

    /// <summary>A login, and a handler that brings the provider's host names here.</summary>
    public CloudOpenOptions Options(ICredentialStore? credentials = null, TimeProvider? time = null) => new()
    {
        Credentials = credentials ?? new MemoryCredentialStore(Login.SignIn()),
        HttpHandler = () => new EmulatorHandler(this),
        Time = time ?? TimeProvider.System,
    };

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
        if (!disposing)
            return;
        using var soon = new CancellationTokenSource(TimeSpan.Zero);
        _application.StopAsync(soon.Token).GetAwaiter().GetResult();
        ((IDisposable)_application).Dispose();
    }

    /// <summary>Adds the routes. Runs in the constructor, before that of the derived class.</summary>
    protected abstract void Map(WebApplication application);

    /// <summary>Whether a request needs no access token: signing in, and addresses that carry their own permission.</summary>
    protected abstract bool IsOpenToAll(HttpRequest request);

    /// <summary>Answers a request whose token is missing, expired or revoked.</summary>
    protected abstract Task RefuseAsync(HttpContext context, TokenState state);

    /// <summary>The address under which the client reached this, with the provider's own host.</summary>
    protected static string OriginOf(HttpRequest request) =>
        request.Host.Host is "127.0.0.1" or "localhost" ? $"http://{request.Host}" : $"https://{request.Host}";

    private async Task ServeAsync(HttpContext context, RequestDelegate next)
    {
        Log.Add(context.Request);
        await Faults.ServeAsync(context, AuthorizedAsync);

        async Task AuthorizedAsync(HttpContext inner)
        {
            var state = IsOpenToAll(inner.Request) ? TokenState.Valid : Login.Check(inner.Request.Headers.Authorization);
            if (state == TokenState.Valid)
            {
                await next(inner);
                return;
            }
            await inner.Request.Body.CopyToAsync(Stream.Null, inner.RequestAborted);
            await RefuseAsync(inner, state);
        }
    }
}
