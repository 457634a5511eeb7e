using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace CuckooDrive.Clouds;

/// <summary>
/// Microsoft's QuickXorHash of 160 bits, which OneDrive and SharePoint report for files: byte i is XORed into a circular vector
/// at bit 11 i, and at last the length into its last 64 bits. No protection against malice. Not thread safe.
/// https://learn.microsoft.com/onedrive/developer/code-snippets/quickxorhash
/// </summary>
public sealed class QuickXorHash
{
    public const int Size = 20;

    private const int Bits = Size * 8;
    private const int Shift = 11;

    // Bytes that lie 160 apart meet the vector at the same bit, since 11 and 160 have no common factor. So they are XORed
    // with each other first, many at a time, and shifted once at the end.
    private const int Period = Bits;

    private readonly byte[] _columns = new byte[Period];
    private long _length;

    public void Append(ReadOnlySpan<byte> data)
    {
        var column = (int)(_length % Period);
        _length += data.Length;
        if (column > 0)
        {
            var head = Math.Min(data.Length, Period - column);
            Xor(_columns.AsSpan(column, head), data[..head]);
            data = data[head..];
        }
        for (; data.Length >= Period; data = data[Period..])
            Xor(_columns, data[..Period]);
        Xor(_columns.AsSpan(0, data.Length), data);
    }

    /// <summary>The hash of what was appended; more may be appended afterwards.</summary>
    public byte[] GetHash()
    {
        var hash = new byte[Size];
        for (var column = 0; column < Period; column++)
        {
            var bit = column * Shift % Bits;
            var shifted = _columns[column] << (bit % 8);
            hash[bit / 8] ^= (byte)shifted;
            hash[((bit / 8) + 1) % Size] ^= (byte)(shifted >> 8);
        }
        var end = hash.AsSpan(Size - sizeof(long));
        BinaryPrimitives.WriteInt64LittleEndian(end, BinaryPrimitives.ReadInt64LittleEndian(end) ^ _length);
        return hash;
    }

    private static void Xor(Span<byte> target, ReadOnlySpan<byte> data)
    {
        var wide = MemoryMarshal.Cast<byte, Vector<byte>>(target);
        var source = MemoryMarshal.Cast<byte, Vector<byte>>(data);
        for (var index = 0; index < wide.Length; index++)
            wide[index] ^= source[index];
        for (var index = wide.Length * Vector<byte>.Count; index < target.Length; index++)
            target[index] ^= data[index];
    }
}
