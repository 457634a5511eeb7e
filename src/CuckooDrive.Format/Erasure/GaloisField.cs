namespace CuckooDrive.Format;

/// <summary>
/// GF(2^8) modulo x^8 + x^4 + x^3 + x + 1 (0x11B, the field of AES): the one that the GFNI instruction multiplies in.
/// Addition is XOR.
/// </summary>
internal static class GaloisField
{
    private const int Polynomial = 0x11B;

    private static readonly byte[] Powers = new byte[510];
    private static readonly byte[] Logarithms = new byte[256];

    /// <summary>For each factor, 16 products with 0..15 and 16 products with 0x00, 0x10 .. 0xF0: what a byte shuffle looks up.</summary>
    private static readonly byte[] NibbleTables = new byte[256 * 32];

    static GaloisField()
    {
        var value = 1;
        for (var i = 0; i < 255; i++)
        {
            Powers[i] = Powers[i + 255] = (byte)value;
            Logarithms[value] = (byte)i;
            value ^= value << 1; // times 3, which generates the group; 2 does not in this field
            if (value > 255)
                value ^= Polynomial;
        }
        for (var factor = 0; factor < 256; factor++)
        {
            for (var i = 0; i < 16; i++)
            {
                NibbleTables[factor * 32 + i] = Multiply((byte)factor, (byte)i);
                NibbleTables[factor * 32 + 16 + i] = Multiply((byte)factor, (byte)(i << 4));
            }
        }
    }

    public static byte Multiply(byte a, byte b) => a == 0 || b == 0 ? (byte)0 : Powers[Logarithms[a] + Logarithms[b]];

    /// <summary>The inverse of a non-zero element.</summary>
    public static byte Invert(byte a) => a != 0 ? Powers[255 - Logarithms[a]] : throw new DivideByZeroException();

    public static byte Divide(byte a, byte b) => Multiply(a, Invert(b));

    public static ReadOnlySpan<byte> Nibbles(byte factor) => NibbleTables.AsSpan(factor * 32, 32);
}
