using System.Buffers;
using System.Text;
using CuckooDrive.Format;

namespace CuckooDrive.Core.Metadata;

/// <summary>
/// Seals and opens what the store keeps, each row bound to its place: a row of the map by its key, a part of a journal batch by its
/// number, a local record by its name. The first byte tells the three apart.
/// </summary>
internal sealed class SealedRows(ValueSealer sealer)
{
    /// <summary>The longest key of the map.</summary>
    public const int MaximumKeyLength = 255;

    private const byte JournalContext = (byte)'j';
    private const byte LocalContext = (byte)'l';

    /// <summary>Seals a row's value into <paramref name="buffer"/>, which grows as needed.</summary>
    public ReadOnlySpan<byte> Seal(ReadOnlySpan<byte> context, ReadOnlySpan<byte> value, ref byte[] buffer)
    {
        var length = value.Length + ValueSealer.Overhead;
        if (buffer.Length < length)
            buffer = new byte[Math.Max(length, buffer.Length * 2)];
        return buffer.AsSpan(0, sealer.Seal(context, value, buffer));
    }

    public byte[] Open(ReadOnlySpan<byte> context, ReadOnlySpan<byte> sealedValue)
    {
        var plain = new byte[Math.Max(0, sealedValue.Length - ValueSealer.Overhead)];
        return sealer.TryOpen(context, sealedValue, plain, out _) ? plain : throw Corrupt(context);
    }

    /// <summary>Opens into a rented buffer that grows as needed.</summary>
    public ReadOnlySpan<byte> Open(ReadOnlySpan<byte> context, ReadOnlySpan<byte> sealedValue, ref byte[] buffer)
    {
        if (buffer.Length < sealedValue.Length)
        {
            ArrayPool<byte>.Shared.Return(buffer);
            buffer = ArrayPool<byte>.Shared.Rent(sealedValue.Length);
        }
        return sealer.TryOpen(context, sealedValue, buffer, out var length) ? buffer.AsSpan(0, length) : throw Corrupt(context);
    }

    /// <summary>Rows of the map are bound to the key itself, whose first byte is an upper-case letter; these to their number.</summary>
    public static ReadOnlySpan<byte> JournalRow(long id, Span<byte> target)
    {
        target[0] = JournalContext;
        System.Buffers.Binary.BinaryPrimitives.WriteInt64BigEndian(target[1..], id);
        return target[..9];
    }

    public static byte[] LocalRow(string name) => [LocalContext, .. Encoding.UTF8.GetBytes(name)];

    private static MetadataCorruptException Corrupt(ReadOnlySpan<byte> context) => new(
        $"A row of the metadata store is damaged or belongs to another drive: {Convert.ToHexStringLower(context)}.");
}
