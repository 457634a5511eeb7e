using CuckooDrive.Clouds.Conformance;
using CuckooDrive.Testing.Clouds;
using CuckooDrive.Testing.Servers;

namespace CuckooDrive.Clouds.Tests.Servers;

/// <summary>Azurite.</summary>
public sealed class AzureConformance : CloudConformance
{
    // The emulator takes ever longer for each further blob; that lists go on page by page is tested by made-up answers.
    protected override bool Runs(ConformanceCheck check) => check.Name != "5,000 objects are listed";

    protected override ICloudStorage Open() => Open("azblob://cuckoo/some/prefix", createRoot: true);

    internal static ICloudStorage Open(string address, CloudCredential? credential = null, bool createRoot = false) => CloudRegistry.Default.Open(
        $"{address}?endpoint={TestServers.Azure["endpoint"]}",
        new CloudOpenOptions { CreateRoot = createRoot, Credentials = new MemoryCredentialStore(credential ?? Key()) });

    internal static CloudCredential Key(string? key = null) => CloudCredential.Empty
        .With(CloudSecret.AccessKey, TestServers.Azure["account"]).With(CloudSecret.SecretKey, key ?? TestServers.Azure["key"]);
}
