using CuckooDrive.Testing.Clouds;
using CuckooDrive.Testing.Servers;

namespace CuckooDrive.Clouds.Tests.Servers;

/// <summary>Ceph's radosgw; 200 MB in parts, all else by single conditional requests.</summary>
public sealed class S3Conformance : CloudConformance
{
    protected override ICloudStorage Open() => Open("cuckoo/some/prefix", "&hash=md5&multipart=100");

    internal static ICloudStorage Open(
        string path, string options = "", string? accessKey = null, string? secretKey = null, bool createRoot = true) =>
        CloudRegistry.Default.Open($"s3://{path}?endpoint={TestServers.S3["endpoint"]}{options}", new CloudOpenOptions
        {
            CreateRoot = createRoot,
            Credentials = new MemoryCredentialStore(CloudCredential.Empty
                .With(CloudSecret.AccessKey, accessKey ?? TestServers.S3["access-key"])
                .With(CloudSecret.SecretKey, secretKey ?? TestServers.S3["secret-key"])),
        });
}
