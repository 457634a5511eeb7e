namespace CuckooDrive.Format;

/// <summary>Two table look-ups for each byte. Also finishes what is shorter than a vector for the other kernels.</summary>
internal sealed class ScalarKernel : GaloisKernel
{
    public override void Multiply(byte factor, ReadOnlySpan<byte> source, Span<byte> target) =>
        MultiplyTail(GaloisField.Nibbles(factor), source, target[..source.Length], 0);

    public override void MultiplyAdd(byte factor, ReadOnlySpan<byte> source, Span<byte> target) =>
        MultiplyAddTail(GaloisField.Nibbles(factor), source, target[..source.Length], 0);

    public static void MultiplyTail(ReadOnlySpan<byte> nibbles, ReadOnlySpan<byte> source, Span<byte> target, int from)
    {
        for (var i = from; i < source.Length; i++)
            target[i] = (byte)(nibbles[source[i] & 15] ^ nibbles[16 + (source[i] >> 4)]);
    }

    public static void MultiplyAddTail(ReadOnlySpan<byte> nibbles, ReadOnlySpan<byte> source, Span<byte> target, int from)
    {
        for (var i = from; i < source.Length; i++)
            target[i] ^= (byte)(nibbles[source[i] & 15] ^ nibbles[16 + (source[i] >> 4)]);
    }
}
