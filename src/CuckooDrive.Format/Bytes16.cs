using System.Buffers.Binary;

namespace CuckooDrive.Format;

/// <summary>Sixteen bytes as a value: an id or a tag.</summary>
/// <remarks>
/// Not <see cref="UInt128"/>: what touches that type, and be it a field of a class, is not compiled ahead of time, for its
/// layout is not settled between platforms. All methods that read a pack's record would wait for the just-in-time compiler.
/// </remarks>
public readonly record struct Bytes16(ulong First, ulong Second)
{
    public const int Length = 16;

    /// <summary>Reads the first 16 bytes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There are fewer.</exception>
    public static Bytes16 Read(ReadOnlySpan<byte> bytes) =>
        new(BinaryPrimitives.ReadUInt64LittleEndian(bytes), BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]));

    /// <summary>Writes the 16 bytes to the start of <paramref name="target"/>.</summary>
    public void Write(Span<byte> target)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(target, First);
        BinaryPrimitives.WriteUInt64LittleEndian(target[8..], Second);
    }
}
