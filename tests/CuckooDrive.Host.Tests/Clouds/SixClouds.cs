using CuckooDrive.Clouds;
using CuckooDrive.Testing.Emulators;
using CuckooDrive.Testing.Emulators.Dropbox;
using CuckooDrive.Testing.Emulators.GoogleDrive;
using CuckooDrive.Testing.Host;
using CuckooDrive.Testing.Servers;

namespace CuckooDrive.Host.Tests.Clouds;

/// <summary>
/// Six different clouds: radosgw, Azurite, lighttpd, OpenSSH, Dropbox and Google Drive. The program believes that the last two are
/// the real ones: it finds their emulators by HTTPS_PROXY and trusts them by SSL_CERT_FILE, as a user behind a company's proxy would.
/// Owns what the tests do not share. Not thread safe.
/// </summary>
internal sealed class SixClouds : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _name = $"six-{Guid.NewGuid():n}"[..16];
    private readonly GoogleDriveEmulator _google = new();
    private readonly TlsProxy _proxy;
    private readonly Relay _webDavLine;
    private TestServer? _webDav;

    public SixClouds()
    {
        _proxy = new TlsProxy(Dropbox, _google);
        File.WriteAllText(Path.Join(_folder.Path, "ca.pem"), _proxy.RootPem);
        _webDav = StartWebDav();
        _webDavLine = new Relay(HostOf(_webDav));
        SftpLine = new Relay(TestServers.Sftp["host"]);
        WriteKnownHosts();
        Options = new MountedDriveOptions
        {
            Addresses = [S3, Azure, WebDav, Sftp, DropboxFolder, GoogleFolder],
            Secrets = Secrets(),
            Environment = new Dictionary<string, string?>
            {
                ["HTTPS_PROXY"] = _proxy.Address.ToString(),
                ["NO_PROXY"] = null,
                ["SSL_CERT_FILE"] = Path.Join(_folder.Path, "ca.pem"),
            },
        };
    }

    /// <summary>For a drive over all six.</summary>
    public MountedDriveOptions Options { get; }

    public DropboxEmulator Dropbox { get; } = new();

    /// <summary>The line to OpenSSH.</summary>
    public Relay SftpLine { get; }

    private string S3 => $"s3://{_name}/drive?endpoint={TestServers.S3["endpoint"]}&domain=s3";

    private string Azure => $"azblob://{_name}/drive?domain=azure";

    private string WebDav => $"webdav://user@{_webDavLine.Host}/dav/{_name}?domain=webdav";

    private string Sftp =>
        $"sftp://{TestServers.Sftp["user"]}@{SftpLine.Host}{TestServers.Sftp["folder"]}/{_name}?domain=sftp&known-hosts={KnownHosts}";

    private string DropboxFolder => $"dropbox:/{_name}";

    private string GoogleFolder => $"gdrive:/{_name}";

    private string KnownHosts => Path.Join(_folder.Path, "known_hosts");

    /// <summary>Ends lighttpd in the middle of whatever it does. Its files stay.</summary>
    public void StopWebDav()
    {
        _webDav!.Stop();
        _webDav = null;
        _webDavLine.Cut();
    }

    /// <summary>The server is back, with its files.</summary>
    public void RestartWebDav()
    {
        _webDav = StartWebDav();
        _webDavLine.Redirect(HostOf(_webDav));
    }

    public void Dispose()
    {
        _webDav?.Stop();
        _webDavLine.Dispose();
        SftpLine.Dispose();
        _proxy.Dispose();
        Dropbox.Dispose();
        _google.Dispose();
        _folder.Dispose();
    }

    private TestServer StartWebDav() => TestServer.Start("webdav", _folder.Sub("webdav"));

    private static string HostOf(TestServer webDav) => webDav["address"].Split('@')[1];

    private void WriteKnownHosts()
    {
        var key = File.ReadAllText(Path.Join(TestServers.Sftp["folder"], "host_key.pub"));
        File.WriteAllText(KnownHosts, $"[127.0.0.1]:{SftpLine.Host.Split(':')[1]} {key}");
    }

    private string Secrets() => $"""
        [{S3}]
        {CloudSecret.AccessKey}={TestServers.S3["access-key"]}
        {CloudSecret.SecretKey}={TestServers.S3["secret-key"]}
        [{Azure}]
        {CloudSecret.ConnectionString}={AzureConnection()}
        [{WebDav}]
        {CloudSecret.Password}={_webDav!["password"]}
        [{Sftp}]
        {CloudSecret.PrivateKey}-file={Path.Join(TestServers.Sftp["folder"], "client_key")}
        [{DropboxFolder}]
        {Login(Dropbox)}
        [{GoogleFolder}]
        {Login(_google)}
        """;

    private static string AzureConnection() =>
        $"DefaultEndpointsProtocol=http;AccountName={TestServers.Azure["account"]};AccountKey={TestServers.Azure["key"]};BlobEndpoint={TestServers.Azure["endpoint"]};";

    private static string Login(CloudEmulator emulator)
    {
        var login = emulator.Login.SignIn();
        string[] names = [CloudSecret.ClientId, CloudSecret.ClientSecret, CloudSecret.RefreshToken];
        return string.Join('\n', names.Select(name => $"{name}={login[name]}"));
    }
}
