using CuckooDrive.Testing.Clouds;
using CuckooDrive.Testing.Servers;

[assembly: Xunit.AssemblyFixture(typeof(TestServers))]

namespace CuckooDrive.Clouds.Tests.Servers;

/// <summary>lighttpd, as any server: uploads are moved into place.</summary>
public class WebDavConformance : CloudConformance
{
    protected override ICloudStorage Open() => Open("/dav");

    internal static ICloudStorage Open(string path, string? password = null, bool createRoot = false) =>
        Open(TestServers.WebDav, path, password, createRoot);

    internal static ICloudStorage Open(TestServer server, string path, string? password = null, bool createRoot = false) =>
        CloudRegistry.Default.Open(server["address"] + path, new CloudOpenOptions
        {
            CreateRoot = createRoot,
            Credentials = new MemoryCredentialStore(CloudCredential.Empty.With(CloudSecret.Password, password ?? server["password"])),
        });
}

/// <summary>lighttpd by conditional PUT, which it honours.</summary>
public sealed class WebDavCreateOnceConformance : WebDavConformance
{
    protected override bool RunsHeavyChecks => false;

    protected override ICloudStorage Open() => Open("/dav?create-once=true");
}
