using System.Buffers.Binary;

namespace CuckooDrive.Format;

/// <summary>
/// The open part of a header: magic (8 bytes), version (u16), slot count (u16), total length (u32), sequence (u32), drive id
/// (16), reserved (4), slots. The sealed labels follow, see <see cref="HeaderLabels"/>.
/// </summary>
internal static class HeaderCodec
{
    public const int FixedLength = ReservedAt + 4;

    private const ushort Version = 1;
    private const int VersionAt = 8;
    private const int SlotCountAt = 10;
    private const int LengthAt = 12;
    private const int SequenceAt = 16;
    private const int DriveIdAt = 20;
    private const int ReservedAt = DriveIdAt + DriveKeys.DriveIdLength;

    private static ReadOnlySpan<byte> Magic => "CUCKOODR"u8;

    public static byte[] WriteBody(ReadOnlySpan<byte> driveId, int sequence, ReadOnlySpan<KeySlot> slots)
    {
        var body = new byte[BodyLength(slots.Length)];
        Magic.CopyTo(body);
        BinaryPrimitives.WriteUInt16LittleEndian(body.AsSpan(VersionAt), Version);
        BinaryPrimitives.WriteUInt16LittleEndian(body.AsSpan(SlotCountAt), (ushort)slots.Length);
        BinaryPrimitives.WriteInt32LittleEndian(body.AsSpan(LengthAt), TotalLength(slots.Length));
        BinaryPrimitives.WriteInt32LittleEndian(body.AsSpan(SequenceAt), sequence);
        driveId.CopyTo(body.AsSpan(DriveIdAt));
        for (var i = 0; i < slots.Length; i++)
            slots[i].Encoded.CopyTo(body.AsSpan(BodyLength(i)));
        return body;
    }

    public static HeaderError Read(ReadOnlySpan<byte> bytes, out DriveHeader? header)
    {
        header = null;
        var known = Math.Min(bytes.Length, Magic.Length);
        if (!bytes[..known].SequenceEqual(Magic[..known]))
            return HeaderError.NotAHeader;
        if (bytes.Length < FixedLength)
            return HeaderError.Truncated;
        if (BinaryPrimitives.ReadUInt16LittleEndian(bytes[VersionAt..]) != Version)
            return HeaderError.UnsupportedVersion;
        int slotCount = BinaryPrimitives.ReadUInt16LittleEndian(bytes[SlotCountAt..]);
        var sequence = BinaryPrimitives.ReadInt32LittleEndian(bytes[SequenceAt..]);
        if (slotCount is < 1 or > DriveHeader.MaximumSlots
            || BinaryPrimitives.ReadInt32LittleEndian(bytes[LengthAt..]) != TotalLength(slotCount)
            || sequence < 1
            || bytes[ReservedAt..FixedLength].ContainsAnyExcept((byte)0))
            return HeaderError.Malformed;
        if (bytes.Length != TotalLength(slotCount))
            return bytes.Length < TotalLength(slotCount) ? HeaderError.Truncated : HeaderError.Extended;

        var slots = new KeySlot[slotCount];
        for (var i = 0; i < slotCount; i++)
        {
            if (KeySlot.Read(bytes.Slice(BodyLength(i), KeySlot.EncodedLength)) is not { } slot)
                return HeaderError.Malformed;
            slots[i] = slot;
        }
        var driveId = bytes.Slice(DriveIdAt, DriveKeys.DriveIdLength).ToArray();
        header = new DriveHeader(driveId, sequence, slots, bytes[BodyLength(slotCount)..].ToArray());
        return HeaderError.None;
    }

    private static int BodyLength(int slots) => FixedLength + slots * KeySlot.EncodedLength;

    private static int TotalLength(int slots) => BodyLength(slots) + HeaderLabels.Length(slots);
}
