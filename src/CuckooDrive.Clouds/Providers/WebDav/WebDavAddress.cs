using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace CuckooDrive.Clouds.Providers.WebDav;

/// <summary>What a <c>webdav(s)://user@host:port/path</c> address says. Immutable.</summary>
internal sealed record WebDavAddress(CloudAddress Address, Uri Root)
{
    private const string NextcloudFiles = "/remote.php/dav/files/";
    private const string CreateOnceOption = "create-once";
    private const string QuotaOption = "quota";
    private const string CaOption = "ca";
    private const string DomainOption = "domain";

    public string Host => Root.Host;

    public string? User => Address.User;

    public string FailureDomain => Address.Options.GetValueOrDefault(DomainOption) ?? Host.ToLowerInvariant();

    /// <summary>The user says that the server takes <c>If-None-Match: *</c> atomically and shows no half-written file.</summary>
    public bool CreatesOnce => Address.Flag(CreateOnceOption) ?? false;

    /// <summary>Nextcloud and ownCloud, whose addresses are known by this folder, always tell the quota.</summary>
    public bool HasQuota => Address.Flag(QuotaOption) ?? Root.AbsolutePath.Contains("/remote.php/", StringComparison.Ordinal);

    /// <summary>
    /// Where a Nextcloud (or ownCloud) lies, with a slash at its end, and whose files these are: known by the path
    /// <c>remote.php/dav/files/USER</c>. Null for all other addresses.
    /// </summary>
    public (Uri Server, string EscapedUser)? Nextcloud
    {
        get
        {
            var path = Root.AbsolutePath;
            var at = path.IndexOf(NextcloudFiles, StringComparison.Ordinal);
            if (at < 0)
                return null;
            var user = path[(at + NextcloudFiles.Length)..].Split('/')[0];
            return user.Length == 0 ? null : (new Uri(Root, path[..(at + 1)]), user);
        }
    }

    public static WebDavAddress Parse(CloudAddress address)
    {
        address.AllowOptions(CreateOnceOption, QuotaOption, CaOption, DomainOption);
        if (string.IsNullOrEmpty(address.Host))
        {
            throw CloudAddress.Invalid(
                $"'{address}' is not the address of a WebDAV folder; write it as {address.Scheme}://user@host/path.");
        }
        var scheme = address.Scheme == "webdavs" ? Uri.UriSchemeHttps : Uri.UriSchemeHttp;
        var path = string.Join('/', address.Path.Split('/', StringSplitOptions.RemoveEmptyEntries).Select(Uri.EscapeDataString));
        var port = address.Port is { } number ? $":{number}" : "";
        if (!Uri.TryCreate($"{scheme}://{address.Host}{port}/{path}{(path.Length == 0 ? "" : "/")}", UriKind.Absolute, out var root))
            throw CloudAddress.Invalid($"'{address.Host}' is not the name of a host.");
        var parsed = new WebDavAddress(address, root);
        // What is misspelt is told at once, not at the first call.
        _ = parsed.CreatesOnce;
        _ = parsed.HasQuota;
        return parsed;
    }

    /// <summary>The options with a handler that also trusts the certificate authority of the address, where it names one.</summary>
    public CloudOpenOptions Trusting(CloudOpenOptions options)
    {
        if (!Address.Options.TryGetValue(CaOption, out var path) || options.HttpHandler is not null)
            return options;
        var authorities = new X509Certificate2Collection();
        try
        {
            authorities.ImportFromPemFile(path);
        }
        catch (Exception exception) when (exception is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw CloudAddress.Invalid($"'{path}' cannot be read as a certificate in PEM form: {exception.Message}");
        }
        return options with
        {
            HttpHandler = () => new SocketsHttpHandler
            {
                AllowAutoRedirect = false,
                UseCookies = false,
                ConnectTimeout = TimeSpan.FromSeconds(20),
                PooledConnectionLifetime = TimeSpan.FromMinutes(10),
                SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = Policy(authorities) },
            },
        };
    }

    private static X509ChainPolicy Policy(X509Certificate2Collection authorities)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            // A private authority has no place to ask.
            RevocationMode = X509RevocationMode.NoCheck,
        };
        policy.CustomTrustStore.AddRange(authorities);
        return policy;
    }
}
