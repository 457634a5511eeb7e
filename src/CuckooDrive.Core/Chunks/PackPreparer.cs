using CuckooDrive.Format;

namespace CuckooDrive.Core.Chunks;

/// <summary>
/// Makes the shards of a sealed pack in its local file: padding, parity, tags. The result follows from the pack alone (the
/// padding is key stream of the pack's cipher under nonces that no chunk has), so that a crash between two uploads, or
/// between an upload and its record, changes nothing: done again, it gives the same bytes. Prepares one pack at a time.
/// </summary>
internal sealed class PackPreparer(PackFiles files, PackCiphers ciphers)
{
    private const byte PaddingCodec = 255;

    // Kept from pack to pack; a pool would hand out and keep buffers of twice the size.
    private byte[] _shard = [];
    private byte[][] _parity = [];

    /// <summary>Writes padding and parity and returns the tag of each shard. Every data shard is read once.</summary>
    /// <exception cref="StagedDataException">The content cannot be read, or is not what the recorded tags say. Nothing that could help was overwritten.</exception>
    /// <exception cref="IOException">The staging disk failed.</exception>
    public Bytes16[] Prepare(Pack pack, LocalPackFile file)
    {
        var (k, m, length) = (pack.DataShards, pack.Redundancy.ParityShards, pack.PaddedLength);
        var code = new ErasureCode(k, m);
        var parity = TakeBuffers(m, length);
        var tags = new Bytes16[pack.Width];
        for (var shard = 0; shard < k; shard++)
        {
            var content = ReadAndPad(pack, file, shard);
            tags[shard] = Tag(pack, shard, content);
            // Before the parity is made anew: the one in the file may be what brings the right data back.
            if (pack.Tagged && tags[shard] != pack.Shards[shard].Tag)
                throw new StagedDataException("it has changed since its shards were made");
            code.AddShard(shard, content, parity);
        }
        CrashPoint.Reach(CrashStep.PackPadded);
        for (var shard = 0; shard < m; shard++)
        {
            files.Write(file, file.Position(k + shard, 0), parity[shard].Span);
            tags[k + shard] = Tag(pack, k + shard, parity[shard].Span);
        }
        CrashPoint.Reach(CrashStep.ParityWritten);
        return tags;
    }

    /// <summary>Fills a data shard up behind its chunks, as <see cref="Prepare"/> does in the file. Any thread.</summary>
    public void PadContent(Pack pack, int shard, byte[] content)
    {
        var used = pack.Shards[shard].Used;
        if (used == content.Length)
            return;
        var padding = new byte[content.Length - used + PackLayout.SealOverhead];
        Pad(pack, shard, padding);
        padding.AsSpan(0, content.Length - used).CopyTo(content.AsSpan(used));
    }

    /// <summary>The tag of a whole shard in memory.</summary>
    public Bytes16 Tag(Pack pack, int shard, ReadOnlySpan<byte> content)
    {
        Span<byte> tag = stackalloc byte[PackLayout.ShardTagLength];
        ciphers.Of(pack).ShardTag(shard, content, tag);
        return Bytes16.Read(tag);
    }

    private Memory<byte>[] TakeBuffers(int parity, int length)
    {
        if (_shard.Length < length + PackLayout.SealOverhead || _parity.Length < parity)
        {
            _shard = GC.AllocateUninitializedArray<byte>(length + PackLayout.SealOverhead);
            _parity = [.. Enumerable.Range(0, parity).Select(_ => GC.AllocateUninitializedArray<byte>(length))];
        }
        return [.. _parity.Take(parity).Select(buffer => buffer.AsMemory(0, length))];
    }

    /// <summary>The whole data shard, in a buffer that is good until the next call; its padding is written to the file.</summary>
    private ReadOnlySpan<byte> ReadAndPad(Pack pack, LocalPackFile file, int shard)
    {
        var (used, length) = (pack.Shards[shard].Used, pack.PaddedLength);
        try
        {
            files.Read(file, file.Position(shard, 0), _shard.AsSpan(0, used));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new StagedDataException(exception.Message, exception);
        }
        if (used < length)
        {
            Pad(pack, shard, _shard.AsSpan(used, length - used + PackLayout.SealOverhead));
            files.Write(file, file.Position(shard, used), _shard.AsSpan(used, length - used));
        }
        return _shard.AsSpan(0, length);
    }

    // Zeros sealed are key stream; the tag behind them is not used.
    private void Pad(Pack pack, int shard, Span<byte> target)
    {
        var padding = target[..^PackLayout.SealOverhead];
        padding.Clear();
        ciphers.Of(pack).Seal(uint.MaxValue - (uint)shard, PaddingCodec, 0, padding, target);
    }
}

/// <summary>The staged content of a pack cannot be read, or is not what was written.</summary>
internal sealed class StagedDataException(string message, Exception? innerException = null) : Exception(message, innerException);
