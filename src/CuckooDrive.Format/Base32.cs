namespace CuckooDrive.Format;

/// <summary>
/// RFC 4648 base32 in lower case without padding: safe in names on every provider, case-insensitive ones included.
/// Only the canonical spelling is read back, so that one value has one name.
/// </summary>
internal static class Base32
{
    private const string Alphabet = "abcdefghijklmnopqrstuvwxyz234567";

    public static int EncodedLength(int bytes) => (bytes * 8 + 4) / 5;

    public static void Encode(ReadOnlySpan<byte> data, Span<char> target)
    {
        var bits = 0u;
        var count = 0;
        var written = 0;
        foreach (var value in data)
        {
            bits = (bits << 8) | value;
            count += 8;
            while (count >= 5)
            {
                count -= 5;
                target[written++] = Alphabet[(int)(bits >> count) & 31];
            }
        }
        if (count > 0)
            target[written] = Alphabet[(int)(bits << (5 - count)) & 31];
    }

    /// <summary>Fills <paramref name="target"/>; false on a wrong length, a foreign character or non-zero spare bits.</summary>
    public static bool TryDecode(ReadOnlySpan<char> text, Span<byte> target)
    {
        if (text.Length != EncodedLength(target.Length))
            return false;
        var bits = 0u;
        var count = 0;
        var written = 0;
        foreach (var letter in text)
        {
            var value = letter switch
            {
                >= 'a' and <= 'z' => letter - 'a',
                >= '2' and <= '7' => letter - '2' + 26,
                _ => -1,
            };
            if (value < 0)
                return false;
            bits = (bits << 5) | (uint)value;
            count += 5;
            if (count >= 8)
            {
                count -= 8;
                target[written++] = (byte)(bits >> count);
            }
        }
        return (bits & ((1u << count) - 1)) == 0;
    }
}
