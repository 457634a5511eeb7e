using System.Buffers.Binary;
using System.Text;

namespace CuckooDrive.Format;

/// <summary>
/// Reads what <see cref="PayloadWriter"/> wrote and never throws: after the first field that is missing or wrong every
/// read gives zero and <see cref="IsComplete"/> is false, so a parser checks once, at its end.
/// </summary>
internal ref struct PayloadReader
{
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    private ReadOnlySpan<byte> _rest;
    private bool _failed;

    public PayloadReader(ReadOnlySpan<byte> payload, byte version)
    {
        _rest = payload;
        Require(U8() == version);
    }

    /// <summary>Everything was right and no byte is left.</summary>
    public readonly bool IsComplete => !_failed && _rest.IsEmpty;

    public readonly bool Failed => _failed;

    public void Require(bool condition) => _failed |= !condition;

    public byte U8() => Take(1)[0];

    public ushort U16() => BinaryPrimitives.ReadUInt16LittleEndian(Take(2));

    public uint U32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    public ulong U64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(8));

    public long I64() => (long)U64();

    /// <summary>A number from 0 to <paramref name="maximum"/>.</summary>
    public int I32(int maximum)
    {
        var value = (int)U32();
        Require(value >= 0 && value <= maximum);
        return _failed ? 0 : value;
    }

    /// <summary>A count of items of at least <paramref name="itemLength"/> bytes each: never more than the rest can hold, so it bounds an allocation.</summary>
    public int Count(int itemLength) => I32(_rest.Length / itemLength);

    public byte[] Bytes(int length) => Take(length).ToArray();

    public ChunkId ChunkId() => new(Take(16));

    public PackId PackId() => new(Take(16));

    public byte[] Rest()
    {
        if (_failed)
            return [];
        var rest = _rest.ToArray();
        _rest = default;
        return rest;
    }

    public string Text()
    {
        var length = U8();
        var bytes = Take(length);
        try
        {
            return _failed ? "" : StrictUtf8.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            _failed = true;
            return "";
        }
    }

    /// <summary>The next bytes; zeros after a failure.</summary>
    private ReadOnlySpan<byte> Take(int length)
    {
        if (_failed || length > _rest.Length)
        {
            _failed = true;
            return new byte[length];
        }
        var taken = _rest[..length];
        _rest = _rest[length..];
        return taken;
    }
}
