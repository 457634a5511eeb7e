using System.Buffers.Binary;
using CuckooDrive.Core.Chunks;
using CuckooDrive.Core.Metadata;

namespace CuckooDrive.Core.Drives;

/// <summary>
/// Cuts a stream of rows into pages at keys that the keys themselves choose, so that a change moves no border but those near
/// it and unchanged pages come out equal. The pages one after another are puts in the encoding of <see cref="MetadataBatch"/>; only
/// a row larger than a page spans several. Not thread safe.
/// </summary>
internal sealed class PageCutter(Action<ReadOnlyMemory<byte>> page)
{
    /// <summary>No page but the last is shorter, in bytes.</summary>
    public const int MinimumLength = 48 * 1024;

    public const int MaximumLength = IChunkStore.MaximumChunkLength;

    /// <summary>One key in 256 ends a page: with rows of 200 bytes about every 50 KiB after the minimum.</summary>
    private const ulong BorderMask = 0xFF;

    private const byte KindPut = 1;

    private byte[] _buffer = new byte[2 * MaximumLength];
    private int _length;

    public void Add(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        var size = 6 + key.Length + value.Length;
        if (_length > 0 && _length + size > MaximumLength)
            Finish();
        if (_length + size > _buffer.Length)
            Array.Resize(ref _buffer, _length + size);
        var target = _buffer.AsSpan(_length, size);
        target[0] = KindPut;
        target[1] = checked((byte)key.Length);
        key.CopyTo(target[2..]);
        BinaryPrimitives.WriteInt32LittleEndian(target[(2 + key.Length)..], value.Length);
        value.CopyTo(target[(6 + key.Length)..]);
        _length += size;
        if (_length > MaximumLength || (_length >= MinimumLength && (Hash(key) & BorderMask) == 0))
            Finish();
    }

    /// <summary>Hands over what is left.</summary>
    public void Finish()
    {
        for (var at = 0; at < _length; at += MaximumLength)
            page(_buffer.AsMemory(at, Math.Min(MaximumLength, _length - at)));
        _length = 0;
    }

    // FNV-1a with a final mix. Keys are hashes and counters already; nobody gains by choosing them.
    private static ulong Hash(ReadOnlySpan<byte> key)
    {
        var hash = 14695981039346656037UL;
        foreach (var value in key)
            hash = (hash ^ value) * 1099511628211UL;
        hash ^= hash >> 32;
        hash *= 0xD6E8FEB86659FD93UL;
        return hash ^ (hash >> 32);
    }
}

/// <summary>Puts the rows of pages together again, page after page. Not thread safe.</summary>
internal sealed class PageJoiner(Action<MetadataBatch> rows)
{
    private readonly MetadataBatch _batch = new();
    private byte[] _rest = [];

    public void Add(ReadOnlySpan<byte> page)
    {
        byte[] joined = [.. _rest, .. page];
        var whole = WholeRows(joined);
        if (whole > 0)
        {
            _batch.Clear();
            _batch.Append(joined.AsSpan(0, whole));
            rows(_batch);
        }
        _rest = joined[whole..];
    }

    /// <exception cref="InvalidDataException">The last page ended within a row.</exception>
    public void Finish()
    {
        if (_rest.Length > 0)
            throw new InvalidDataException("The checkpoint ends within a row.");
    }

    /// <summary>Bytes of the rows that are complete.</summary>
    private static int WholeRows(ReadOnlySpan<byte> pages)
    {
        var at = 0;
        while (pages.Length - at >= 2)
        {
            var keyLength = pages[at + 1];
            if (pages.Length - at < 6 + keyLength)
                break;
            var valueLength = BinaryPrimitives.ReadInt32LittleEndian(pages[(at + 2 + keyLength)..]);
            if (valueLength < 0)
                throw new InvalidDataException("A row of the checkpoint is malformed.");
            if (pages.Length - at - 6 - keyLength < valueLength)
                break;
            at += 6 + keyLength + valueLength;
        }
        return at;
    }
}
