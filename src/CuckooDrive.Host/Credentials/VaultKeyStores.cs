using System.Security.Cryptography;
using System.Text;
using CuckooDrive.Host.State;

namespace CuckooDrive.Host.Credentials;

/// <summary>A place for the key that seals the vault.</summary>
internal interface IVaultKeyStore
{
    /// <summary>Stands in the vault's file: never change one.</summary>
    byte Number { get; }

    /// <summary>For people: where the key lies.</summary>
    string Description { get; }

    /// <summary>Keeps the key; false where that is not possible.</summary>
    bool TrySave(ReadOnlySpan<byte> key);

    /// <summary>The key, or null where it is not to be had.</summary>
    byte[]? TryLoad();
}

/// <summary>The places that this system has, the best first.</summary>
internal static class VaultKeyStores
{
    public static IReadOnlyList<IVaultKeyStore> For(CuckooPaths paths)
    {
        // One key for each state folder: another CUCKOO_HOME must not replace it.
        var id = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Path.GetFullPath(paths.State))))[..16];
        var file = Path.Combine(paths.State, "accounts.key");
        var ownFile = new KeyFileStore(file);
        if (OperatingSystem.IsWindows())
            return [new DataProtectionKeyStore(file), ownFile];
        if (OperatingSystem.IsMacOS())
            return [new KeychainKeyStore(id), ownFile];
        return [new SecretServiceKeyStore(id), ownFile];
    }
}

/// <summary>A file beside the vault, readable by its user alone: what there is where the system has no store for secrets.</summary>
internal sealed class KeyFileStore(string path) : IVaultKeyStore
{
    public byte Number => 1;

    public string Description => $"the file '{path}', since the system has no secret store that can be reached";

    public bool TrySave(ReadOnlySpan<byte> key)
    {
        Core.Metadata.PrivateFiles.Replace(path, key);
        return true;
    }

    public byte[]? TryLoad() => File.Exists(path) && File.ReadAllBytes(path) is { Length: VaultFile.KeyLength } key ? key : null;
}
