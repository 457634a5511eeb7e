using CuckooDrive.Clouds.Conformance;
using CuckooDrive.Testing.Clouds;
using CuckooDrive.Testing.Servers;

namespace CuckooDrive.Clouds.Tests.Servers;

/// <summary>OpenStack Swift, with a login of TempAuth.</summary>
public sealed class SwiftConformance : CloudConformance
{
    // Swift takes minutes for them on a small machine; here a page of a list has four objects, so that any list has many pages.
    protected override bool Runs(ConformanceCheck check) => check.Name != "5,000 objects are listed";

    protected override ICloudStorage Open() => Open("cuckoo/some prefix");

    internal static ICloudStorage Open(string path, string options = "", string? password = null, bool createRoot = true) =>
        CloudRegistry.Default.Open($"swift://{path}?auth={TestServers.Swift["auth"]}&user={TestServers.Swift["user"]}{options}", new CloudOpenOptions
        {
            CreateRoot = createRoot,
            Credentials = new MemoryCredentialStore(
                CloudCredential.Empty.With(CloudSecret.Password, password ?? TestServers.Swift["password"])),
        });
}
