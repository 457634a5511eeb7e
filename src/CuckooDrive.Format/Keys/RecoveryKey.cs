using System.Security.Cryptography;

namespace CuckooDrive.Format;

/// <summary>
/// The printed form of a recovery key: 20 random bytes and the first 5 bytes of their SHA-256, as 40 characters of upper-case
/// base32 in groups of five. The check finds every mistyped character before a slow key derivation blames the key.
/// </summary>
internal static class RecoveryKey
{
    public const int KeyLength = 20;

    private const int CheckLength = 5;
    private const int TextLength = 40;
    private const int GroupLength = 5;

    public static string ToText(ReadOnlySpan<byte> key)
    {
        Span<byte> bytes = stackalloc byte[KeyLength + CheckLength];
        key.CopyTo(bytes);
        Check(key, bytes[KeyLength..]);
        Span<char> letters = stackalloc char[TextLength];
        Base32.Encode(bytes, letters);
        Span<char> text = stackalloc char[TextLength + TextLength / GroupLength - 1];
        for (var i = 0; i < TextLength; i++)
        {
            if (i > 0 && i % GroupLength == 0)
                text[i + i / GroupLength - 1] = '-';
            text[i + i / GroupLength] = char.ToUpperInvariant(letters[i]);
        }
        return new string(text);
    }

    public static bool TryParse(ReadOnlySpan<char> text, Span<byte> key)
    {
        Span<char> letters = stackalloc char[TextLength];
        var count = 0;
        foreach (var letter in text)
        {
            if (letter is ' ' or '-' or '\t' or '\r' or '\n')
                continue;
            if (count == TextLength)
                return false;
            letters[count++] = char.ToLowerInvariant(letter);
        }
        Span<byte> bytes = stackalloc byte[KeyLength + CheckLength];
        Span<byte> check = stackalloc byte[CheckLength];
        if (!Base32.TryDecode(letters[..count], bytes))
            return false;
        bytes[..KeyLength].CopyTo(key);
        Check(key, check);
        return check.SequenceEqual(bytes[KeyLength..]);
    }

    private static void Check(ReadOnlySpan<byte> key, Span<byte> check)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(key[..KeyLength], hash);
        hash[..CheckLength].CopyTo(check);
    }
}
