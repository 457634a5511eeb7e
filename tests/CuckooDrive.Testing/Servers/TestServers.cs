namespace CuckooDrive.Testing.Servers;

/// <summary>
/// The servers that tests share: each is started when first asked for and stopped after the last test of the assembly. An
/// assembly that uses them has the line <c>[assembly: AssemblyFixture(typeof(TestServers))]</c>. Thread safe.
/// </summary>
public sealed class TestServers : IDisposable
{
    private static readonly Lazy<TestServer> WebDavServer = Once("webdav");
    private static readonly Lazy<TestServer> ApacheServer = Once("webdav-apache");
    private static readonly Lazy<TestServer> NginxServer = Once("webdav-nginx");
    private static readonly Lazy<TestServer> RcloneWebDavServer = Once("webdav-rclone");
    private static readonly Lazy<TestServer> SftpServer = Once("sftp");
    private static readonly Lazy<TestServer> OtherSftpServer = Once("other-sftp");
    private static readonly Lazy<TestServer> S3Server = Once("s3");
    private static readonly Lazy<TestServer> SwiftServer = Once("swift");
    private static readonly Lazy<TestServer> AzureServer =
        Once("azure", Path.Join(TestServer.Repository, "artifacts", "test-tools", "azurite"));

    /// <summary>lighttpd.</summary>
    public static TestServer WebDav => WebDavServer.Value;

    /// <summary>Apache, as a WebDAV server.</summary>
    public static TestServer Apache => ApacheServer.Value;

    /// <summary>nginx, as a WebDAV server.</summary>
    public static TestServer Nginx => NginxServer.Value;

    /// <summary>rclone, as a WebDAV server.</summary>
    public static TestServer RcloneWebDav => RcloneWebDavServer.Value;

    /// <summary>OpenSSH.</summary>
    public static TestServer Sftp => SftpServer.Value;

    /// <summary>rclone's SFTP server: one that is not OpenSSH, with passwords, read-only.</summary>
    public static TestServer OtherSftp => OtherSftpServer.Value;

    /// <summary>Ceph's radosgw.</summary>
    public static TestServer S3 => S3Server.Value;

    /// <summary>OpenStack Swift with TempAuth.</summary>
    public static TestServer Swift => SwiftServer.Value;

    /// <summary>Azurite.</summary>
    public static TestServer Azure => AzureServer.Value;

    public void Dispose()
    {
        foreach (var server in new[]
            { WebDavServer, ApacheServer, NginxServer, RcloneWebDavServer, SftpServer, OtherSftpServer, S3Server, SwiftServer, AzureServer })
        {
            if (server.IsValueCreated)
                server.Value.Stop();
        }
    }

    // A failed start is remembered too: a hundred tests that wait for the same missing server would take for ever.
    private static Lazy<TestServer> Once(string name, params string[] arguments) => new(() => TestServer.Start(name, arguments));
}
