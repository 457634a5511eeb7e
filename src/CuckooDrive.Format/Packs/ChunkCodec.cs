using System.Runtime.InteropServices;
using ZstdSharp;

namespace CuckooDrive.Format;

/// <summary>
/// Compression of chunks. Static and thread safe: every thread keeps its own zstd contexts and allocates nothing more.
/// </summary>
public static class ChunkCodec
{
    /// <summary>The payload is the plaintext.</summary>
    public const byte Raw = 0;

    /// <summary>One zstd frame.</summary>
    public const byte Zstd = 1;

    /// <summary>The payload is the plaintext, sealed in blocks of <see cref="PackLayout.BlockLength"/> that can be opened one by one.</summary>
    public const byte Blocks = 2;

    private const int Level = 1;

    [ThreadStatic]
    private static Compressor? _compressor;

    [ThreadStatic]
    private static Decompressor? _decompressor;

    /// <summary>
    /// Returns the payload to seal: a part of <paramref name="scratch"/> (codec <see cref="Zstd"/>), or
    /// <paramref name="plain"/> itself (as <see cref="Uncompressed"/> says) when compression would save less than a sixteenth.
    /// </summary>
    /// <param name="plain">Up to <see cref="PackLayout.MaximumChunkLength"/> bytes.</param>
    /// <param name="scratch">At least as long as <paramref name="plain"/>; overwritten.</param>
    /// <param name="codec">How the payload came about.</param>
    public static ReadOnlySpan<byte> Compress(ReadOnlySpan<byte> plain, Span<byte> scratch, out byte codec)
    {
        codec = Uncompressed(plain.Length);
        var worthwhile = plain.Length - Math.Max(plain.Length / 16, 1);
        if (worthwhile <= 0 || CompressionProbe.LooksIncompressible(plain))
            return plain;
        var compressor = _compressor ??= new Compressor(Level);
        if (!compressor.TryWrap(plain, scratch[..worthwhile], out var written))
            return plain;
        codec = Zstd;
        return scratch[..written];
    }

    /// <summary>The codec of a chunk that is sealed as it is: in blocks where it is longer than one.</summary>
    public static byte Uncompressed(int plainLength) => plainLength > PackLayout.BlockLength ? Blocks : Raw;

    /// <summary>
    /// Fills exactly <paramref name="plain"/> from a payload. False when the codec is unknown or the payload does not give
    /// exactly that many bytes; never writes outside <paramref name="plain"/>, whatever the payload claims.
    /// </summary>
    public static bool Decompress(byte codec, ReadOnlySpan<byte> payload, Span<byte> plain)
    {
        switch (codec)
        {
            case Raw or Blocks:
                return payload.TryCopyTo(plain) && payload.Length == plain.Length;
            case Zstd:
                var decompressor = _decompressor ??= new Decompressor();
                try
                {
                    return decompressor.TryUnwrap(payload, plain, out var written) && written == plain.Length;
                }
                catch (ZstdException)
                {
                    return false;
                }
            default:
                return false;
        }
    }
}
