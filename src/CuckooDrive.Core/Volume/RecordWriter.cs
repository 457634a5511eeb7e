using System.Buffers.Binary;

namespace CuckooDrive.Core.Volume;

/// <summary>Writes little-endian fields into a growing buffer that is used again for each record. Not thread safe.</summary>
internal sealed class RecordWriter
{
    private byte[] _buffer = new byte[1024];
    private int _length;

    public ReadOnlySpan<byte> Written => _buffer.AsSpan(0, _length);

    public RecordWriter Clear()
    {
        _length = 0;
        return this;
    }

    public RecordWriter U8(byte value)
    {
        Reserve(1)[0] = value;
        return this;
    }

    public RecordWriter U16(ushort value)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(Reserve(2), value);
        return this;
    }

    public RecordWriter U32(uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(Reserve(4), value);
        return this;
    }

    public RecordWriter U64(ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(Reserve(8), value);
        return this;
    }

    public RecordWriter I64(long value) => U64((ulong)value);

    public RecordWriter Time(Timestamp value) => I64(value.Seconds).U32(value.Nanoseconds);

    public RecordWriter Bytes(ReadOnlySpan<byte> value)
    {
        value.CopyTo(Reserve(value.Length));
        return this;
    }

    private Span<byte> Reserve(int size)
    {
        if (_length + size > _buffer.Length)
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, _length + size));
        var target = _buffer.AsSpan(_length, size);
        _length += size;
        return target;
    }
}

/// <summary>Reads what <see cref="RecordWriter"/> wrote; <see cref="InvalidDataException"/> past the end.</summary>
internal ref struct RecordReader(ReadOnlySpan<byte> data)
{
    private ReadOnlySpan<byte> _rest = data;

    public readonly int Remaining => _rest.Length;

    public byte U8() => Bytes(1)[0];

    public ushort U16() => BinaryPrimitives.ReadUInt16LittleEndian(Bytes(2));

    public uint U32() => BinaryPrimitives.ReadUInt32LittleEndian(Bytes(4));

    public ulong U64() => BinaryPrimitives.ReadUInt64LittleEndian(Bytes(8));

    public long I64() => (long)U64();

    public Timestamp Time()
    {
        var seconds = I64();
        var nanoseconds = U32();
        return nanoseconds < 1_000_000_000 ? new Timestamp(seconds, nanoseconds) : throw Malformed();
    }

    public ReadOnlySpan<byte> Bytes(int count)
    {
        if (count > _rest.Length)
            throw Malformed();
        var taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }

    public readonly void End()
    {
        if (!_rest.IsEmpty)
            throw Malformed();
    }

    private static InvalidDataException Malformed() => new("A metadata record is malformed.");
}
