using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace CuckooDrive.Format;

/// <summary>
/// Seals whole small objects (journal segments, roots, leases, members): compressed, padded inside the encryption, under a
/// key of their own that follows from a random salt, bound to the name under which they are stored. docs/format.md gives
/// every byte. Thread safe until disposed; holds no key of its own, so the <see cref="DriveKeys"/> must live longer.
/// </summary>
public sealed class ObjectSealer
{
    /// <summary>The largest content, in bytes.</summary>
    public const int MaximumPlainLength = 64 * 1024 * 1024;

    private const ushort Version = 1;
    private const int MinimumLength = 4096;
    private const int SaltLength = 32;
    private const int CheckLength = 16;
    private const int VersionAt = 4;
    private const int PurposeAt = 6;
    private const int ReservedAt = 7;
    private const int LengthAt = 8;
    private const int SaltAt = 12;
    private const int KeyCheckAt = SaltAt + SaltLength;
    private const int ContextCheckAt = KeyCheckAt + CheckLength;
    private const int HeaderLength = ContextCheckAt + CheckLength;
    private const int Overhead = HeaderLength + AesGcmPool.TagLength;

    private readonly DriveKeys _keys;
    private readonly RandomSource _random;

    public ObjectSealer(DriveKeys keys)
        : this(keys, RandomSource.Secure)
    {
    }

    internal ObjectSealer(DriveKeys keys, RandomSource random)
    {
        _keys = keys;
        _random = random;
    }

    private static ReadOnlySpan<byte> Magic => "CKOO"u8;

    /// <summary>Seals for an object name.</summary>
    public byte[] Seal(KeyPurpose purpose, string objectName, ReadOnlySpan<byte> plain) =>
        Seal(purpose, Encoding.UTF8.GetBytes(objectName), plain);

    /// <param name="purpose">The kind of object, which chooses the key.</param>
    /// <param name="context">Bound, not stored: opening needs the same bytes.</param>
    /// <param name="plain">At most <see cref="MaximumPlainLength"/> bytes.</param>
    public byte[] Seal(KeyPurpose purpose, ReadOnlySpan<byte> context, ReadOnlySpan<byte> plain)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(plain.Length, MaximumPlainLength, nameof(plain));
        var inner = SealedContent.Pack(plain, length => Padding.PaddedLength(Overhead + length, MinimumLength) - Overhead);
        var sealedObject = new byte[Overhead + inner.Length];
        var header = sealedObject.AsSpan(0, HeaderLength);
        Magic.CopyTo(header);
        BinaryPrimitives.WriteUInt16LittleEndian(header[VersionAt..], Version);
        header[PurposeAt] = (byte)purpose;
        BinaryPrimitives.WriteInt32LittleEndian(header[LengthAt..], sealedObject.Length);
        _random.Fill(header.Slice(SaltAt, SaltLength));

        Span<byte> key = stackalloc byte[DriveKeys.KeyLength];
        DeriveKey(purpose, context, header, key, header.Slice(KeyCheckAt, CheckLength), header.Slice(ContextCheckAt, CheckLength));
        using var gcm = new AesGcm(key, AesGcmPool.TagLength);
        CryptographicOperations.ZeroMemory(key);
        gcm.Encrypt(FixedNonce, inner, sealedObject.AsSpan(HeaderLength, inner.Length), sealedObject.AsSpan(HeaderLength + inner.Length), Bound(header, context));
        CryptographicOperations.ZeroMemory(inner);
        return sealedObject;
    }

    /// <summary>Opens for an object name.</summary>
    public bool TryOpen(KeyPurpose purpose, string objectName, ReadOnlySpan<byte> sealedObject, [NotNullWhen(true)] out byte[]? plain, out ObjectOpenError error) =>
        TryOpen(purpose, Encoding.UTF8.GetBytes(objectName), sealedObject, out plain, out error);

    /// <summary>Opens exactly what <see cref="Seal(KeyPurpose, ReadOnlySpan{byte}, ReadOnlySpan{byte})"/> gave for the same purpose and context; says why not otherwise.</summary>
    public bool TryOpen(KeyPurpose purpose, ReadOnlySpan<byte> context, ReadOnlySpan<byte> sealedObject, [NotNullWhen(true)] out byte[]? plain, out ObjectOpenError error)
    {
        plain = null;
        error = CheckHeader(purpose, sealedObject);
        if (error != ObjectOpenError.None)
            return false;

        var header = sealedObject[..HeaderLength];
        Span<byte> key = stackalloc byte[DriveKeys.KeyLength];
        Span<byte> keyCheck = stackalloc byte[CheckLength];
        Span<byte> contextCheck = stackalloc byte[CheckLength];
        DeriveKey(purpose, context, header, key, keyCheck, contextCheck);
        if (!CryptographicOperations.FixedTimeEquals(keyCheck, header.Slice(KeyCheckAt, CheckLength)))
            error = ObjectOpenError.WrongKey;
        else if (!CryptographicOperations.FixedTimeEquals(contextCheck, header.Slice(ContextCheckAt, CheckLength)))
            error = ObjectOpenError.WrongContext;
        else
            error = Decrypt(key, context, sealedObject, out plain);
        CryptographicOperations.ZeroMemory(key);
        return plain is not null;
    }

    /// <summary>A constant is right: each object has a key of its own.</summary>
    private static ReadOnlySpan<byte> FixedNonce => [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

    private static ObjectOpenError CheckHeader(KeyPurpose purpose, ReadOnlySpan<byte> sealedObject)
    {
        var known = Math.Min(sealedObject.Length, Magic.Length);
        if (!sealedObject[..known].SequenceEqual(Magic[..known]))
            return ObjectOpenError.NotAnObject;
        if (sealedObject.Length < Overhead)
            return ObjectOpenError.Truncated;
        if (BinaryPrimitives.ReadUInt16LittleEndian(sealedObject[VersionAt..]) != Version)
            return ObjectOpenError.UnsupportedVersion;
        if (sealedObject[PurposeAt] != (byte)purpose)
            return ObjectOpenError.WrongKind;
        if (sealedObject[ReservedAt] != 0)
            return ObjectOpenError.Damaged;
        var length = BinaryPrimitives.ReadUInt32LittleEndian(sealedObject[LengthAt..]);
        if ((uint)sealedObject.Length < length)
            return ObjectOpenError.Truncated;
        return (uint)sealedObject.Length > length ? ObjectOpenError.Extended : ObjectOpenError.None;
    }

    private static ObjectOpenError Decrypt(ReadOnlySpan<byte> key, ReadOnlySpan<byte> context, ReadOnlySpan<byte> sealedObject, out byte[]? plain)
    {
        plain = null;
        var inner = new byte[sealedObject.Length - Overhead];
        using var gcm = new AesGcm(key, AesGcmPool.TagLength);
        try
        {
            gcm.Decrypt(FixedNonce, sealedObject[HeaderLength..^AesGcmPool.TagLength], sealedObject[^AesGcmPool.TagLength..], inner, Bound(sealedObject[..HeaderLength], context));
        }
        catch (AuthenticationTagMismatchException)
        {
            return ObjectOpenError.Damaged;
        }
        plain = SealedContent.Unpack(inner, MaximumPlainLength);
        CryptographicOperations.ZeroMemory(inner);
        return plain is null ? ObjectOpenError.Malformed : ObjectOpenError.None;
    }

    /// <summary>
    /// Besides the key, two values that are stored: one commits to the key (so that a foreign object is told from a damaged
    /// one, and no object opens under two keys), one to the context.
    /// </summary>
    private void DeriveKey(KeyPurpose purpose, ReadOnlySpan<byte> context, ReadOnlySpan<byte> header, Span<byte> key, Span<byte> keyCheck, Span<byte> contextCheck)
    {
        Span<byte> material = stackalloc byte[DriveKeys.KeyLength + CheckLength + DriveKeys.KeyLength];
        _keys.Derive(purpose, header.Slice(SaltAt, SaltLength), material);
        material[..DriveKeys.KeyLength].CopyTo(key);
        material.Slice(DriveKeys.KeyLength, CheckLength).CopyTo(keyCheck);
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(material[(DriveKeys.KeyLength + CheckLength)..], context, hash);
        hash[..CheckLength].CopyTo(contextCheck);
        CryptographicOperations.ZeroMemory(material);
    }

    private static byte[] Bound(ReadOnlySpan<byte> header, ReadOnlySpan<byte> context) => [.. header, .. context];
}
