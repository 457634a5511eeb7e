using CuckooDrive.Format;

namespace CuckooDrive.Core.Chunks;

/// <summary>Buffers of a thread for one chunk at a time.</summary>
internal static class ChunkScratch
{
    [ThreadStatic]
    private static byte[]? _sealedBytes;

    [ThreadStatic]
    private static byte[]? _payload;

    public static byte[] Sealed => _sealedBytes ??= GC.AllocateUninitializedArray<byte>(PackLayout.MaximumSealedLength);

    public static byte[] Payload => _payload ??= GC.AllocateUninitializedArray<byte>(PackLayout.MaximumSealedLength);
}

/// <summary>From sealed bytes to plaintext.</summary>
internal sealed class ChunkOpener(PackCiphers ciphers)
{
    /// <summary>The chunk, the caller its owner; or null when the bytes are not the chunk's.</summary>
    public CachedChunk? TryOpen(in ChunkLocation location, ReadOnlySpan<byte> sealedChunk)
    {
        var record = location.Record;
        if (sealedChunk.Length != record.SealedLength)
            return null;
        var chunk = new CachedChunk(location.Chunk, record.PlainLength);
        if (TryOpen(location, sealedChunk, chunk.Memory.Span))
            return chunk;
        chunk.Release();
        return null;
    }

    /// <summary>Fills <paramref name="plain"/>, which is as long as the chunk; undefined when false.</summary>
    public bool TryOpen(in ChunkLocation location, ReadOnlySpan<byte> sealedChunk, Span<byte> plain)
    {
        var record = location.Record;
        var cipher = ciphers.Of(location.Pack);
        var payloadLength = PackLayout.PayloadLength(record.Codec, sealedChunk.Length);
        if (record.Codec is ChunkCodec.Raw or ChunkCodec.Blocks)
            return payloadLength == plain.Length && cipher.TryOpen(location.Number, record.Codec, record.PlainLength, sealedChunk, plain);
        if (payloadLength < 0)
            return false;
        var payload = ChunkScratch.Payload.AsSpan(0, payloadLength);
        return cipher.TryOpen(location.Number, record.Codec, record.PlainLength, sealedChunk, payload)
            && ChunkCodec.Decompress(record.Codec, payload, plain);
    }
}
