namespace CuckooDrive.Host.Credentials;

/// <summary>
/// The desktop's keyring on Linux (GNOME Keyring, KWallet, KeePassXC) through the Secret Service, by libsecret's secret-tool.
/// The key passes through pipes, never through arguments.
/// </summary>
internal sealed class SecretServiceKeyStore(string id) : IVaultKeyStore
{
    private const string Program = "secret-tool";

    public byte Number => 2;

    public string Description => "the desktop's keyring";

    /// <summary>Without a session bus there is no keyring, and asking for one would try to start it.</summary>
    private static bool IsReachable =>
        Environment.GetEnvironmentVariable("DBUS_SESSION_BUS_ADDRESS") is { } bus
            ? bus.Length > 0 && !bus.StartsWith("disabled", StringComparison.Ordinal)
            : Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR") is { Length: > 0 } runtime && File.Exists(Path.Combine(runtime, "bus"));

    private string[] Attributes => ["application", "cuckoo", "accounts", id];

    public bool TrySave(ReadOnlySpan<byte> key) => IsReachable &&
        SecretTool.TryRun(Program, Convert.ToBase64String(key), out _, ["store", "--label=CuckooDrive logins", .. Attributes]);

    public byte[]? TryLoad() => IsReachable && SecretTool.TryRun(Program, "", out var output, ["lookup", .. Attributes])
        ? SecretTool.ParseKey(output)
        : null;
}

/// <summary>The login keychain of macOS, by its security program. Commands go through its input: arguments can be seen by others.</summary>
internal sealed class KeychainKeyStore(string id) : IVaultKeyStore
{
    private const string Program = "security";

    public byte Number => 3;

    public string Description => "the login keychain";

    private string Service => $"CuckooDrive logins {id}";

    public bool TrySave(ReadOnlySpan<byte> key) => SecretTool.TryRun(
        Program, $"add-generic-password -U -a cuckoo -s \"{Service}\" -w {Convert.ToBase64String(key)}\n", out _, "-i");

    public byte[]? TryLoad() =>
        SecretTool.TryRun(Program, "", out var output, "find-generic-password", "-a", "cuckoo", "-s", Service, "-w")
            ? SecretTool.ParseKey(output)
            : null;
}
