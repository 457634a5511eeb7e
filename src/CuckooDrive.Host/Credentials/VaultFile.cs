using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using CuckooDrive.Clouds;

namespace CuckooDrive.Host.Credentials;

/// <summary>
/// The vault's content. On the disk: "CKACCNTS", u16 version 1 (little-endian), u8 number of the key's store, 12 bytes random nonce,
/// AES-256-GCM ciphertext of the accounts as JSON, tag (16); what stands before the nonce is additional data.
/// </summary>
/// <param name="KeyStore">Where the key lies; see <see cref="IVaultKeyStore.Number"/>.</param>
/// <param name="Accounts">The secrets by <see cref="AccountName"/>.</param>
internal sealed record VaultFile(byte KeyStore, Dictionary<string, CloudCredential> Accounts)
{
    public const int KeyLength = 32;

    public byte[] Seal(ReadOnlySpan<byte> key)
    {
        var plain = JsonSerializer.SerializeToUtf8Bytes(
            Accounts.ToDictionary(pair => pair.Key, pair => new Dictionary<string, string>(pair.Value.Values)), VaultJson.Default.Accounts);
        var bytes = new byte[SealedVault.HeaderLength + SealedVault.NonceLength + plain.Length + SealedVault.TagLength];
        SealedVault.Magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(SealedVault.VersionAt), SealedVault.Version);
        bytes[SealedVault.StoreAt] = KeyStore;
        var nonce = bytes.AsSpan(SealedVault.HeaderLength, SealedVault.NonceLength);
        RandomNumberGenerator.Fill(nonce);
        using var gcm = new AesGcm(key, SealedVault.TagLength);
        gcm.Encrypt(
            nonce, plain, bytes.AsSpan(SealedVault.HeaderLength + SealedVault.NonceLength, plain.Length), bytes.AsSpan(bytes.Length - SealedVault.TagLength),
            bytes.AsSpan(0, SealedVault.HeaderLength));
        CryptographicOperations.ZeroMemory(plain);
        return bytes;
    }
}

/// <summary>The vault as it was read, before its key is known.</summary>
internal sealed class SealedVault
{
    public const int VersionAt = 8;
    public const int StoreAt = 10;
    public const int HeaderLength = 11;
    public const int NonceLength = 12;
    public const int TagLength = 16;
    public const ushort Version = 1;
    private readonly byte[] _bytes;

    private SealedVault(byte[] bytes) => _bytes = bytes;

    public static ReadOnlySpan<byte> Magic => "CKACCNTS"u8;

    public byte KeyStore => _bytes[StoreAt];

    public static bool TryParse(byte[] bytes, [NotNullWhen(true)] out SealedVault? vault)
    {
        var known = bytes.Length >= HeaderLength + NonceLength + TagLength && bytes.AsSpan().StartsWith(Magic) &&
            BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(VersionAt)) == Version;
        vault = known ? new SealedVault(bytes) : null;
        return known;
    }

    /// <summary>False for anything that was not sealed with this key.</summary>
    public bool TryOpen(ReadOnlySpan<byte> key, [NotNullWhen(true)] out Dictionary<string, CloudCredential>? accounts)
    {
        accounts = null;
        var plain = new byte[_bytes.Length - HeaderLength - NonceLength - TagLength];
        try
        {
            using var gcm = new AesGcm(key, TagLength);
            gcm.Decrypt(
                _bytes.AsSpan(HeaderLength, NonceLength), _bytes.AsSpan(HeaderLength + NonceLength, plain.Length), _bytes.AsSpan(_bytes.Length - TagLength),
                plain, _bytes.AsSpan(0, HeaderLength));
            accounts = JsonSerializer.Deserialize(plain, VaultJson.Default.Accounts)!
                .ToDictionary(pair => pair.Key, pair => new CloudCredential(pair.Value), StringComparer.Ordinal);
            return true;
        }
        catch (Exception failure) when (failure is CryptographicException or JsonException)
        {
            return false;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
        }
    }
}

[JsonSerializable(typeof(Dictionary<string, Dictionary<string, string>>), TypeInfoPropertyName = "Accounts")]
internal sealed partial class VaultJson : JsonSerializerContext;
