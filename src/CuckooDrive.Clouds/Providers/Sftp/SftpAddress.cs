using System.Globalization;

namespace CuckooDrive.Clouds.Providers.Sftp;

/// <summary>What an <c>sftp://user@host:port/path</c> address says. Immutable.</summary>
/// <param name="Address">As the user wrote it.</param>
/// <param name="User">Who logs in.</param>
/// <param name="Host">The server's name or number.</param>
/// <param name="Root">The folder's path, without a slash at its end; relative to the user's home where it began with <c>/~/</c>.</param>
internal sealed record SftpAddress(CloudAddress Address, string User, string Host, string Root)
{
    private const string KnownHostsOption = "known-hosts";
    private const string HostKeyOption = "host-key";
    private const string KeyOption = "key";
    private const string ConnectionsOption = "connections";
    private const string CreateOnceOption = "create-once";
    private const string QuotaOption = "quota";
    private const string DomainOption = "domain";
    private const int DefaultConnections = 4;

    public int Port => Address.Port ?? 22;

    /// <summary>A file of known hosts instead of the user's and the system's, or null.</summary>
    public string? KnownHosts => Address.Options.GetValueOrDefault(KnownHostsOption);

    /// <summary>The fingerprint of the only host key that is right, as <c>SHA256:...</c>, or null.</summary>
    public string? HostKey => Address.Options.GetValueOrDefault(HostKeyOption);

    /// <summary>A private key file instead of the user's usual ones, or null.</summary>
    public string? KeyFile => Address.Options.GetValueOrDefault(KeyOption);

    public int Connections => !Address.Options.TryGetValue(ConnectionsOption, out var text)
        ? DefaultConnections
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is > 0 and <= 64
            ? number
            : throw CloudAddress.Invalid($"'{text}' is no number of connections; write connections=1 to connections=64.");

    /// <summary>What the user says about the server; null where he says nothing, and only OpenSSH is known to create atomically.</summary>
    public bool? CreatesOnce => Address.Flag(CreateOnceOption);

    public bool HasQuota => Address.Flag(QuotaOption) ?? true;

    public string FailureDomain => Address.Options.GetValueOrDefault(DomainOption) ?? Host.ToLowerInvariant();

    public static SftpAddress Parse(CloudAddress address)
    {
        address.AllowOptions(
            KnownHostsOption, HostKeyOption, KeyOption, ConnectionsOption, CreateOnceOption, QuotaOption, DomainOption);
        if (string.IsNullOrEmpty(address.Host) || string.IsNullOrEmpty(address.User) || address.Path.Trim('/').Length == 0)
        {
            throw CloudAddress.Invalid(
                $"'{address}' is not the address of a folder at an SFTP server; write it as sftp://user@host/path (or /~/path for a folder in the home).");
        }
        var root = "/" + string.Join('/', address.Path.Split('/', StringSplitOptions.RemoveEmptyEntries));
        root = root == "/~" ? "." : root.StartsWith("/~/", StringComparison.Ordinal) ? root[3..] : root;
        var parsed = new SftpAddress(address, address.User, address.Host.Trim('[', ']'), root);
        if (parsed.HostKey is { } print && !print.StartsWith("SHA256:", StringComparison.Ordinal))
            throw CloudAddress.Invalid($"'{print}' is no fingerprint of a host key; write host-key=SHA256:... as ssh-keygen -l prints it.");
        // What is misspelt is told at once, not at the first call.
        _ = (parsed.Connections, parsed.CreatesOnce, parsed.HasQuota);
        return parsed;
    }
}
