using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace CuckooDrive.Format;

/// <summary>
/// The last part of a header: salt (32 bytes), the slots' labels (64 bytes each: length, UTF-8, zeros) encrypted with
/// AES-256-GCM, tag (16). The additional data is the whole header before it, so the tag authenticates the header.
/// </summary>
internal static class HeaderLabels
{
    public const int EntryLength = 64;
    public const int MaximumLength = EntryLength - 1;
    public const int Overhead = SaltLength + AesGcmPool.TagLength;

    private const int SaltLength = 32;

    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    public static int Length(int slots) => Overhead + slots * EntryLength;

    /// <exception cref="ArgumentException">The label is too long.</exception>
    public static void Check(string label)
    {
        if (Encoding.UTF8.GetByteCount(label) > MaximumLength)
            throw new ArgumentException($"A key's label has at most {MaximumLength} bytes.", nameof(label));
    }

    public static byte[] Seal(DriveKeys keys, ReadOnlySpan<byte> body, ReadOnlySpan<string> labels, RandomSource random)
    {
        var plain = new byte[labels.Length * EntryLength];
        for (var i = 0; i < labels.Length; i++)
        {
            var bytes = Encoding.UTF8.GetBytes(labels[i]);
            plain[i * EntryLength] = (byte)bytes.Length;
            bytes.CopyTo(plain.AsSpan(i * EntryLength + 1));
        }
        var trailer = new byte[Length(labels.Length)];
        random.Fill(trailer.AsSpan(0, SaltLength));
        using var gcm = OpenCipher(keys, trailer);
        gcm.Encrypt(FixedNonce, plain, trailer.AsSpan(SaltLength, plain.Length), trailer.AsSpan(SaltLength + plain.Length), body);
        return trailer;
    }

    public static bool TryOpen(DriveKeys keys, ReadOnlySpan<byte> body, ReadOnlySpan<byte> trailer, int slots, [NotNullWhen(true)] out string[]? labels)
    {
        labels = null;
        var plain = new byte[slots * EntryLength];
        using var gcm = OpenCipher(keys, trailer);
        try
        {
            gcm.Decrypt(FixedNonce, trailer.Slice(SaltLength, plain.Length), trailer[(SaltLength + plain.Length)..], plain, body);
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
        var read = new string[slots];
        for (var i = 0; i < slots; i++)
        {
            if (!TryReadEntry(plain.AsSpan(i * EntryLength, EntryLength), out read[i]!))
                return false;
        }
        labels = read;
        return true;
    }

    /// <summary>A constant is right: the fresh salt makes the key unique.</summary>
    private static ReadOnlySpan<byte> FixedNonce => [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

    private static AesGcm OpenCipher(DriveKeys keys, ReadOnlySpan<byte> trailer)
    {
        Span<byte> key = stackalloc byte[DriveKeys.KeyLength];
        keys.Derive(KeyPurpose.Header, trailer[..SaltLength], key);
        var gcm = new AesGcm(key, AesGcmPool.TagLength);
        CryptographicOperations.ZeroMemory(key);
        return gcm;
    }

    private static bool TryReadEntry(ReadOnlySpan<byte> entry, [NotNullWhen(true)] out string? label)
    {
        label = null;
        int length = entry[0];
        if (length > MaximumLength || entry[(1 + length)..].ContainsAnyExcept((byte)0))
            return false;
        try
        {
            label = StrictUtf8.GetString(entry.Slice(1, length));
            return true;
        }
        catch (DecoderFallbackException)
        {
            return false;
        }
    }
}
