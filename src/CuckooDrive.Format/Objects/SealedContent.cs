using System.Buffers.Binary;
using ZstdSharp;

namespace CuckooDrive.Format;

/// <summary>
/// What lies inside an object's encryption: plain length (u32), payload length (u32), codec (u8), payload, zeros up to the
/// padded length.
/// </summary>
internal static class SealedContent
{
    private const int PrefixLength = 9;
    private const int Level = 3;

    /// <param name="plain">The content.</param>
    /// <param name="pad">Gives the padded length for a used length.</param>
    public static byte[] Pack(ReadOnlySpan<byte> plain, Func<int, int> pad)
    {
        var payload = plain;
        var codec = ChunkCodec.Raw;
        var scratch = new byte[plain.Length];
        using var compressor = new Compressor(Level);
        if (plain.Length > 1 && compressor.TryWrap(plain, scratch.AsSpan(0, plain.Length - 1), out var written))
        {
            payload = scratch.AsSpan(0, written);
            codec = ChunkCodec.Zstd;
        }
        var content = new byte[pad(PrefixLength + payload.Length)];
        BinaryPrimitives.WriteInt32LittleEndian(content, plain.Length);
        BinaryPrimitives.WriteInt32LittleEndian(content.AsSpan(4), payload.Length);
        content[8] = codec;
        payload.CopyTo(content.AsSpan(PrefixLength));
        return content;
    }

    /// <summary>The plaintext, or null when lengths, codec or padding are not what <see cref="Pack"/> writes.</summary>
    public static byte[]? Unpack(ReadOnlySpan<byte> content, int maximumPlainLength)
    {
        if (content.Length < PrefixLength)
            return null;
        var plainLength = BinaryPrimitives.ReadInt32LittleEndian(content);
        var payloadLength = BinaryPrimitives.ReadInt32LittleEndian(content[4..]);
        if (plainLength < 0 || plainLength > maximumPlainLength || payloadLength < 0 || payloadLength > content.Length - PrefixLength)
            return null;
        if (content[(PrefixLength + payloadLength)..].ContainsAnyExcept((byte)0))
            return null;
        var plain = new byte[plainLength];
        return ChunkCodec.Decompress(content[8], content.Slice(PrefixLength, payloadLength), plain) ? plain : null;
    }
}
