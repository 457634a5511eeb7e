using CuckooDrive.Format;

namespace CuckooDrive.Core.Chunks;

/// <summary>
/// Small reads here and there of chunks that are sealed in blocks and lie on the local disk: only the blocks that are wanted are read and
/// opened, and nothing is kept, since who reads at random does not come back soon. A chunk that is come back to soon is read the usual
/// way, as a whole and to be kept. Thread safe, waits for nothing but the local disk.
/// </summary>
internal sealed class PartReader(PackIndex index, PackFiles files, DiskCache diskCache, MemoryChunkCache memory, PackCiphers ciphers)
{
    /// <summary>How many of the last chunks are remembered, about: by chance alone few of a large file are met again among as many.</summary>
    private const int Remembered = 16;

    // Written without a lock: a lost entry costs a second read in parts.
    private readonly ulong[] _recent = new ulong[Remembered];

    /// <summary>False when it must be read the usual way; <paramref name="destination"/> is then undefined.</summary>
    public bool TryRead(ChunkRef chunk, int offset, Span<byte> destination)
    {
        if (destination.IsEmpty || WasReadLately(chunk) || memory.IsKnown(chunk))
            return false;
        ChunkLocation location;
        lock (index.Gate)
        {
            if (!index.TryLocate(chunk, out location))
                return false;
            diskCache.Touch(location.Pack);
        }
        return location.Record.Codec == ChunkCodec.Blocks
            && location.Pack.Local is { IsWhole: true } file
            && TryRead(location, file, offset, destination);
    }

    private bool TryRead(in ChunkLocation location, LocalPackFile file, int offset, Span<byte> destination)
    {
        var record = location.Record;
        var end = offset + destination.Length;
        var first = offset / PackLayout.BlockLength;
        var last = (end - 1) / PackLayout.BlockLength;
        if (end > record.PlainLength || record.SealedLength != PackLayout.SealedLength(ChunkCodec.Blocks, record.PlainLength) || last - first > 1)
            return false;
        var from = first * (PackLayout.BlockLength + PackLayout.SealOverhead);
        var to = Math.Min(record.SealedLength, (last + 1) * (PackLayout.BlockLength + PackLayout.SealOverhead));
        var sealedBlocks = ChunkScratch.Sealed.AsSpan(0, to - from);
        try
        {
            files.Read(file, file.Position(record.Shard, record.Offset + from), sealedBlocks);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The usual way reads it again and reports what is wrong.
            return false;
        }
        var plain = ChunkScratch.Payload.AsSpan(0, sealedBlocks.Length - ((last - first + 1) * PackLayout.SealOverhead));
        if (!TryOpen(location, first, sealedBlocks, plain))
            return false;
        plain.Slice(offset - (first * PackLayout.BlockLength), destination.Length).CopyTo(destination);
        return true;
    }

    private bool TryOpen(in ChunkLocation location, int block, ReadOnlySpan<byte> sealedBlocks, Span<byte> plain)
    {
        var cipher = ciphers.Of(location.Pack);
        for (; !plain.IsEmpty; block++)
        {
            var length = Math.Min(plain.Length, PackLayout.BlockLength);
            if (!cipher.TryOpenBlock(location.Number, location.Record.PlainLength, block, sealedBlocks[..(length + PackLayout.SealOverhead)], plain[..length]))
                return false;
            plain = plain[length..];
            sealedBlocks = sealedBlocks[(length + PackLayout.SealOverhead)..];
        }
        return true;
    }

    private bool WasReadLately(ChunkRef chunk)
    {
        // Never zero, which an empty slot is; numbers have 24 bits (docs/format.md).
        var key = (1UL << 63) | ((ulong)chunk.Pack << 24) | chunk.Number;
        ref var slot = ref _recent[(int)((key * 0x9E3779B97F4A7C15) >> 60)];
        return Interlocked.Exchange(ref slot, key) == key;
    }
}
