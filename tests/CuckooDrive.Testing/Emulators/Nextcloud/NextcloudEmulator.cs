using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using CuckooDrive.Clouds;
using CuckooDrive.Testing.Clouds;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace CuckooDrive.Testing.Emulators.Nextcloud;

/// <summary>
/// Nextcloud's files as far as its documentation for clients describes them: status, capabilities, WebDAV with its own
/// properties, and uploads in chunks, version 1 and 2. One user, by password or by token.
/// </summary>
public sealed class NextcloudEmulator() : CloudEmulator(Host)
{
    public const string Host = "cloud.example";
    public const string User = "user";
    public const string Password = "secret";

    private readonly TemporaryFolder _folder = new();
    private NextcloudFiles? _files;
    private NextcloudUploads? _uploads;

    /// <summary>What the capabilities say of uploads in chunks; empty for none, as other servers of the family have it.</summary>
    public string Chunking { get; set; } = "1.0";

    /// <summary>How many uploads in chunks are begun and neither put together nor given up.</summary>
    public int OpenUploads => _uploads!.Open;

    /// <summary>The password, and a handler that brings the host's name here.</summary>
    public CloudOpenOptions PasswordOptions(string password = Password) =>
        Options(new MemoryCredentialStore(CloudCredential.Empty.With(CloudSecret.Password, password)));

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing)
            _folder.Dispose();
    }

    protected override void Map(WebApplication application)
    {
        _files = new NextcloudFiles(_folder, () => Quota);
        _uploads = new NextcloudUploads(_files, _folder);
        application.MapGet("/status.php", StatusAsync);
        application.MapGet("/ocs/{version}/cloud/capabilities", CapabilitiesAsync);
        application.MapGet("/ocs/{version}/cloud/user", UserAsync);
        application.Map($"{NextcloudFiles.Root}/{{**path}}", _files.ServeAsync);
        application.Map($"{NextcloudUploads.Root}/{{upload}}/{{chunk?}}", _uploads.ServeAsync);
    }

    protected override bool IsOpenToAll(HttpRequest request) =>
        request.Path == "/status.php" ||
        request.Headers.Authorization == "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{User}:{Password}"));

    protected override Task RefuseAsync(HttpContext context, TokenState state)
    {
        context.Response.Headers.WWWAuthenticate = "Basic realm=\"Nextcloud\"";
        return NextcloudXml.ErrorAsync(context, StatusCodes.Status401Unauthorized, "NotAuthenticated", "Cannot authenticate over ajax calls");
    }

    private static Task StatusAsync(HttpContext context) => JsonAsync(context, new JsonObject
    {
        ["installed"] = true,
        ["maintenance"] = false,
        ["needsDbUpgrade"] = false,
        ["version"] = "28.0.4.1",
        ["versionstring"] = "28.0.4",
        ["edition"] = "",
        ["productname"] = "Nextcloud",
        ["extendedSupport"] = false,
    });

    private Task CapabilitiesAsync(HttpContext context) => OcsAsync(context, new JsonObject
    {
        ["version"] = new JsonObject { ["major"] = 28, ["minor"] = 0, ["micro"] = 4, ["string"] = "28.0.4", ["edition"] = "" },
        ["capabilities"] = new JsonObject
        {
            ["core"] = new JsonObject { ["pollinterval"] = 60, ["webdav-root"] = "remote.php/webdav" },
            ["dav"] = new JsonObject { ["chunking"] = Chunking },
            ["files"] = new JsonObject { ["bigfilechunking"] = true },
        },
    });

    private Task UserAsync(HttpContext context) => OcsAsync(context, new JsonObject
    {
        ["id"] = User,
        ["display-name"] = User,
        ["quota"] = new JsonObject { ["total"] = Quota, ["used"] = _files!.Tree.Used },
    });

    private static Task OcsAsync(HttpContext context, JsonObject data)
    {
        if (context.Request.Headers["OCS-APIRequest"] != "true" || context.Request.Query["format"] != "json")
            return NextcloudXml.ErrorAsync(context, StatusCodes.Status412PreconditionFailed, "CSRF", "CSRF check failed");
        var code = context.Request.RouteValues["version"] as string == "v1.php" ? 100 : 200;
        return JsonAsync(context, new JsonObject
        {
            ["ocs"] = new JsonObject
            {
                ["meta"] = new JsonObject { ["status"] = "ok", ["statuscode"] = code, ["message"] = "OK" },
                ["data"] = data,
            },
        });
    }

    private static async Task JsonAsync(HttpContext context, JsonObject answer)
    {
        context.Response.ContentType = "application/json; charset=utf-8";
        await context.Response.WriteAsync(answer.ToJsonString(), context.RequestAborted);
    }
}
