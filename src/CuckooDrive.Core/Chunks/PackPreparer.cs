using System.Buffers;
using CuckooDrive.Format;

namespace CuckooDrive.Core.Chunks;

/// <summary>
/// Makes the shards of a sealed pack in its local file: padding, parity, tags. The result follows from the pack alone (the
/// padding is key stream of the pack's cipher under nonces that no chunk has), so that a crash between two uploads, or
/// between an upload and its record, changes nothing: done again, it gives the same bytes.
/// </summary>
internal sealed class PackPreparer(PackFiles files, PackCiphers ciphers)
{
    private const int StripeLength = 256 * 1024;
    private const byte PaddingCodec = 255;

    /// <summary>Writes padding and parity and returns the tag of each shard.</summary>
    /// <exception cref="IOException">The staging disk failed.</exception>
    public UInt128[] Prepare(Pack pack, LocalPackFile file)
    {
        WritePadding(pack, file);
        CrashPoint.Reach(CrashStep.PackPadded);
        WriteParity(pack, file);
        CrashPoint.Reach(CrashStep.ParityWritten);
        return ComputeTags(pack, file);
    }

    /// <summary>The tag of a whole shard in memory.</summary>
    public UInt128 Tag(Pack pack, int shard, ReadOnlySpan<byte> content)
    {
        Span<byte> tag = stackalloc byte[PackLayout.ShardTagLength];
        ciphers.Of(pack).ShardTag(shard, content, tag);
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt128LittleEndian(tag);
    }

    private void WritePadding(Pack pack, LocalPackFile file)
    {
        for (var shard = 0; shard < pack.DataShards; shard++)
        {
            var used = pack.Shards[shard].Used;
            var length = pack.PaddedLength - used;
            if (length == 0)
                continue;
            var buffer = ArrayPool<byte>.Shared.Rent(length + PackLayout.SealOverhead);
            try
            {
                // Zeros sealed are key stream; the tag behind them is not used.
                buffer.AsSpan(0, length).Clear();
                ciphers.Of(pack).Seal(uint.MaxValue - (uint)shard, PaddingCodec, 0, buffer.AsSpan(0, length), buffer);
                files.Write(file, file.Position(shard, used), buffer.AsSpan(0, length));
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
    }

    private void WriteParity(Pack pack, LocalPackFile file)
    {
        var (k, m) = (pack.DataShards, pack.Redundancy.ParityShards);
        if (m == 0)
            return;
        var code = new ErasureCode(k, m);
        var buffer = ArrayPool<byte>.Shared.Rent(pack.Width * StripeLength);
        try
        {
            var data = new ReadOnlyMemory<byte>[k];
            var parity = new Memory<byte>[m];
            for (var start = 0; start < pack.PaddedLength; start += StripeLength)
            {
                var length = Math.Min(StripeLength, pack.PaddedLength - start);
                for (var shard = 0; shard < k; shard++)
                {
                    var part = buffer.AsMemory(shard * StripeLength, length);
                    files.Read(file, file.Position(shard, start), part.Span);
                    data[shard] = part;
                }
                for (var shard = 0; shard < m; shard++)
                    parity[shard] = buffer.AsMemory((k + shard) * StripeLength, length);
                code.Encode(data, parity);
                for (var shard = 0; shard < m; shard++)
                    files.Write(file, file.Position(k + shard, start), parity[shard].Span);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private UInt128[] ComputeTags(Pack pack, LocalPackFile file)
    {
        var tags = new UInt128[pack.Width];
        var buffer = ArrayPool<byte>.Shared.Rent(pack.PaddedLength);
        try
        {
            var content = buffer.AsSpan(0, pack.PaddedLength);
            for (var shard = 0; shard < tags.Length; shard++)
            {
                files.Read(file, file.Position(shard, 0), content);
                tags[shard] = Tag(pack, shard, content);
            }
            return tags;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
