using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace CuckooDrive.Format;

/// <summary>Little-endian fields one after another, in one growing buffer.</summary>
internal sealed class PayloadWriter
{
    private readonly ArrayBufferWriter<byte> _buffer;

    public PayloadWriter(byte version, int capacity = 256)
    {
        _buffer = new ArrayBufferWriter<byte>(capacity);
        U8(version);
    }

    public byte[] ToArray() => _buffer.WrittenSpan.ToArray();

    public void U8(byte value)
    {
        _buffer.GetSpan(1)[0] = value;
        _buffer.Advance(1);
    }

    public void U16(ushort value)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(_buffer.GetSpan(2), value);
        _buffer.Advance(2);
    }

    public void U32(uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(_buffer.GetSpan(4), value);
        _buffer.Advance(4);
    }

    public void I32(int value) => U32((uint)value);

    public void U64(ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(_buffer.GetSpan(8), value);
        _buffer.Advance(8);
    }

    public void I64(long value) => U64((ulong)value);

    /// <summary>Exactly <paramref name="length"/> bytes.</summary>
    public void Bytes(ReadOnlySpan<byte> value, int length)
    {
        if (value.Length != length)
            throw new ArgumentException($"{length} bytes are expected, not {value.Length}.", nameof(value));
        _buffer.Write(value);
    }

    /// <summary>A length (u8) and that many bytes of UTF-8.</summary>
    public void Text(string value)
    {
        var bytes = Encoding.UTF8.GetBytes(value);
        if (bytes.Length > byte.MaxValue)
            throw new ArgumentException("A text may have 255 bytes of UTF-8.", nameof(value));
        U8((byte)bytes.Length);
        _buffer.Write(bytes);
    }
}
