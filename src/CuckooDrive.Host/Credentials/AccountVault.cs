using System.Security.Cryptography;
using CuckooDrive.Clouds;
using CuckooDrive.Host.CommandLine;
using CuckooDrive.Host.State;
using Durable = CuckooDrive.Core.Metadata.PrivateFiles;

namespace CuckooDrive.Host.Credentials;

/// <summary>
/// The secrets of the accounts that the storage commands use: one sealed file, with one entry for each account. Its key lies
/// in the system's secret store, or in a file beside it where there is none. Thread safe, also against other processes.
/// </summary>
/// <remarks>The secrets of drives do not lie here but sealed in each drive's own state.</remarks>
internal sealed class AccountVault(CuckooPaths paths, IReadOnlyList<IVaultKeyStore> keyStores, TimeProvider time)
{
    private static readonly TimeSpan LockPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LockPatience = TimeSpan.FromSeconds(30);
    private readonly Lock _gate = new();
    private (byte Store, byte[] Key)? _key;

    private string FilePath => Path.Combine(paths.State, "accounts");

    public static AccountVault Open(CuckooPaths paths) => new(paths, VaultKeyStores.For(paths), TimeProvider.System);

    /// <summary>Where the key of the vault lies, for people; null while there is no vault.</summary>
    public string? DescribeKey() => ReadFile() is { } file ? FindStore(file.KeyStore).Description : null;

    /// <summary>The entry of one account. Reads the file each time: another process may have renewed a token in it.</summary>
    public ICredentialStore StoreFor(string account) => new Entry(this, account);

    /// <summary>The account's secrets, or null.</summary>
    /// <exception cref="UserException">The vault cannot be opened.</exception>
    public CloudCredential? Read(string account)
    {
        lock (_gate)
            return ReadAll().GetValueOrDefault(account);
    }

    /// <summary>Sets the account's secrets, or removes them when null; durable when this returns. False when there was nothing to remove.</summary>
    public bool Write(string account, CloudCredential? credential)
    {
        lock (_gate)
        {
            PrivateFiles.CreateFolder(paths.State);
            using var exclusive = TakeLock();
            var accounts = ReadAll();
            if (credential is null && !accounts.Remove(account))
                return false;
            if (credential is not null)
                accounts[account] = credential;
            var (store, key) = _key ??= CreateKey();
            Durable.Replace(FilePath, new VaultFile(store, accounts).Seal(key));
            return true;
        }
    }

    private Dictionary<string, CloudCredential> ReadAll()
    {
        if (ReadFile() is not { } file)
            return [];
        if (_key is null || _key.Value.Store != file.KeyStore)
            _key = (file.KeyStore, LoadKey(file.KeyStore));
        return file.TryOpen(_key.Value.Key, out var accounts)
            ? accounts
            : throw new UserException($"The logins in '{FilePath}' cannot be opened: the file is damaged, or its key is another one; remove it and sign in again with: cuckoo storage login URL");
    }

    private SealedVault? ReadFile()
    {
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(FilePath);
        }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        return SealedVault.TryParse(bytes, out var vault)
            ? vault
            : throw new UserException($"The logins in '{FilePath}' are damaged; remove the file and sign in again with: cuckoo storage login URL");
    }

    private byte[] LoadKey(byte store) => FindStore(store).TryLoad() ?? throw new UserException(
        $"The logins in '{FilePath}' are sealed with a key in {FindStore(store).Description}, which does not give it; unlock it, or remove the file and sign in again.");

    /// <summary>A new key in the first store that keeps it.</summary>
    private (byte Store, byte[] Key) CreateKey()
    {
        var key = RandomNumberGenerator.GetBytes(VaultFile.KeyLength);
        foreach (var store in keyStores)
        {
            if (store.TrySave(key) && store.TryLoad() is { } kept && CryptographicOperations.FixedTimeEquals(kept, key))
                return (store.Number, key);
        }
        throw new UserException($"No place was found for the key that seals logins; is '{paths.State}' writable?");
    }

    private IVaultKeyStore FindStore(byte number) => keyStores.FirstOrDefault(store => store.Number == number) ?? throw new UserException(
        $"The logins in '{FilePath}' are sealed with a key that this system has no store for; remove the file and sign in again.");

    private FileStream TakeLock()
    {
        for (var start = time.GetTimestamp(); ;)
        {
            try
            {
                return PrivateFiles.Open(FilePath + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (File.Exists(FilePath + ".lock") && time.GetElapsedTime(start) < LockPatience)
            {
                Thread.Sleep(LockPause);
            }
        }
    }

    private sealed class Entry(AccountVault vault, string account) : ICredentialStore
    {
        public ValueTask<CloudCredential?> ReadAsync(CancellationToken cancellationToken = default) => new(vault.Read(account));

        public ValueTask WriteAsync(CloudCredential credential, CancellationToken cancellationToken = default)
        {
            vault.Write(account, credential);
            return ValueTask.CompletedTask;
        }
    }
}
