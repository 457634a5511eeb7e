using System.Buffers.Binary;
using System.Security.Cryptography;

namespace CuckooDrive.Format;

/// <summary>
/// One way to open a drive: the master key, sealed under a key that Argon2id derives from a secret. Immutable. 104 bytes:
/// see docs/format.md.
/// </summary>
public sealed class KeySlot
{
    /// <summary>Bytes of <see cref="Salt"/>.</summary>
    public const int SaltLength = 32;

    internal const int EncodedLength = SealedAt + DriveKeys.KeyLength + AesGcmPool.TagLength;

    private const byte KdfArgon2id = 1;
    private const int LowestNumber = 10_000_000;
    private const int Numbers = 90_000_000;
    private const int CostAt = 8;
    private const int SaltAt = 24;
    private const int SealedAt = SaltAt + SaltLength;

    private readonly byte[] _encoded;

    private KeySlot(byte[] encoded) => _encoded = encoded;

    public SecretKind Kind => (SecretKind)_encoded[0];

    public Argon2Cost Cost => ReadCost(_encoded);

    /// <summary>
    /// Eight digits by which the owner names the slot. They follow from its salt, so they stay as other slots come and go, and
    /// are no other slot's afterwards. Only by a chance of one in millions do two slots of a header share one.
    /// </summary>
    public int Number => LowestNumber + (int)(BinaryPrimitives.ReadUInt64LittleEndian(Salt) % Numbers);

    /// <summary>32 random bytes, public: no other slot has them.</summary>
    public ReadOnlySpan<byte> Salt => _encoded.AsSpan(SaltAt, SaltLength);

    internal ReadOnlySpan<byte> Encoded => _encoded;

    internal static KeySlot Create(DriveKeys keys, Secret secret, Argon2Cost cost, RandomSource random)
    {
        var encoded = new byte[EncodedLength];
        encoded[0] = (byte)secret.Kind;
        encoded[1] = KdfArgon2id;
        BinaryPrimitives.WriteInt32LittleEndian(encoded.AsSpan(CostAt), cost.MemoryKibibytes);
        BinaryPrimitives.WriteInt32LittleEndian(encoded.AsSpan(CostAt + 4), cost.Passes);
        BinaryPrimitives.WriteInt32LittleEndian(encoded.AsSpan(CostAt + 8), cost.Lanes);
        random.Fill(encoded.AsSpan(SaltAt, SaltLength));
        using var gcm = OpenCipher(encoded, secret);
        gcm.Encrypt(FixedNonce, keys.Master, encoded.AsSpan(SealedAt, DriveKeys.KeyLength), encoded.AsSpan(SealedAt + DriveKeys.KeyLength), Bound(encoded, keys.DriveId));
        keys.ThrowIfDisposed();
        return new KeySlot(encoded);
    }

    /// <summary>Null when a field is out of bounds. Does not compute anything slow.</summary>
    internal static KeySlot? Read(ReadOnlySpan<byte> encoded)
    {
        var kindIsKnown = encoded[0] is >= (byte)SecretKind.Passphrase and <= (byte)SecretKind.KeyFile;
        var reserved = encoded[2..CostAt].ContainsAnyExcept((byte)0) || encoded[(CostAt + 12)..SaltAt].ContainsAnyExcept((byte)0);
        return kindIsKnown && encoded[1] == KdfArgon2id && !reserved && ReadCost(encoded).IsAcceptable
            ? new KeySlot(encoded.ToArray())
            : null;
    }

    /// <summary>Writes the master key to <paramref name="master"/>; false when the secret does not open this slot. Slow.</summary>
    internal bool TryOpen(Secret secret, ReadOnlySpan<byte> driveId, Span<byte> master)
    {
        using var gcm = OpenCipher(_encoded, secret);
        try
        {
            gcm.Decrypt(FixedNonce, _encoded.AsSpan(SealedAt, DriveKeys.KeyLength), _encoded.AsSpan(SealedAt + DriveKeys.KeyLength), master, Bound(_encoded, driveId));
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
    }

    /// <summary>A constant is right: the fresh salt makes the key unique.</summary>
    private static ReadOnlySpan<byte> FixedNonce => [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

    private static AesGcm OpenCipher(ReadOnlySpan<byte> encoded, Secret secret)
    {
        Span<byte> key = stackalloc byte[DriveKeys.KeyLength];
        ReadCost(encoded).Derive(secret.Bytes, encoded.Slice(SaltAt, SaltLength), key);
        var gcm = new AesGcm(key, AesGcmPool.TagLength);
        CryptographicOperations.ZeroMemory(key);
        return gcm;
    }

    private static Argon2Cost ReadCost(ReadOnlySpan<byte> encoded) => new(
        BinaryPrimitives.ReadInt32LittleEndian(encoded[CostAt..]),
        BinaryPrimitives.ReadInt32LittleEndian(encoded[(CostAt + 4)..]),
        BinaryPrimitives.ReadInt32LittleEndian(encoded[(CostAt + 8)..]));

    /// <summary>Kind, derivation, cost, salt and drive: none can be changed without failing to open.</summary>
    private static byte[] Bound(ReadOnlySpan<byte> encoded, ReadOnlySpan<byte> driveId) => [.. driveId, .. encoded[..SealedAt]];
}

/// <summary>A slot as its drive's owner sees it.</summary>
/// <param name="Number">See <see cref="KeySlot.Number"/>.</param>
/// <param name="Kind">What opens it.</param>
/// <param name="Label">What the owner calls it.</param>
/// <param name="Cost">What a guess costs.</param>
public sealed record KeySlotInfo(int Number, SecretKind Kind, string Label, Argon2Cost Cost);
