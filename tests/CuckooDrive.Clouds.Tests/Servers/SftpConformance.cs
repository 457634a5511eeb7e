using CuckooDrive.Testing.Clouds;
using CuckooDrive.Testing.Servers;

namespace CuckooDrive.Clouds.Tests.Servers;

/// <summary>OpenSSH.</summary>
public sealed class SftpConformance : CloudConformance
{
    protected override ICloudStorage Open() => Open("root");

    /// <summary>The key that the server shows.</summary>
    internal static string KnownHosts
    {
        get
        {
            var path = Path.Join(TestServers.Sftp["folder"], "known_hosts");
            var key = File.ReadAllText(Path.Join(TestServers.Sftp["folder"], "host_key.pub"));
            File.WriteAllText(path, $"[127.0.0.1]:{TestServers.Sftp["host"].Split(':')[1]} {key}");
            return path;
        }
    }

    internal static CloudCredential Key(string file = "client_key") =>
        CloudCredential.Empty.With(CloudSecret.PrivateKey, File.ReadAllText(Path.Join(TestServers.Sftp["folder"], file)));

    internal static ICloudStorage Open(
        string path, string? options = null, CloudCredential? credential = null, bool createRoot = false) => CloudRegistry.Default.Open(
        $"sftp://{TestServers.Sftp["user"]}@{TestServers.Sftp["host"]}{TestServers.Sftp["folder"]}/{path}?{options ?? $"known-hosts={KnownHosts}"}",
        new CloudOpenOptions { CreateRoot = createRoot, Credentials = new MemoryCredentialStore(credential ?? Key()) });
}
