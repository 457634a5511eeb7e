using System.Text;
using CuckooDrive.Core.Metadata;
using CuckooDrive.Core.Placement;
using CuckooDrive.Core.Volume;
using CuckooDrive.Format;

namespace CuckooDrive.Core.Drives;

/// <summary>The value of an A row: one cloud of the drive. docs/format.md, "Metadata rows".</summary>
internal sealed record CloudRecord
{
    private const byte Version = 1;
    private const long NoLimit = -1;

    public required ushort Id { get; init; }

    public CloudMemberState State { get; init; } = CloudMemberState.Active;

    public required string Address { get; init; }

    public required string Name { get; init; }

    public required string FailureDomain { get; init; }

    public long? CapacityLimit { get; init; }

    /// <summary>See <see cref="Format.Member.Id"/>.</summary>
    public required byte[] MemberId { get; init; }

    /// <summary>Milliseconds since 1970.</summary>
    public long Joined { get; init; }

    public byte[] Encode()
    {
        var writer = new RecordWriter();
        writer.U8(Version).U8((byte)State).I64(CapacityLimit ?? NoLimit).Bytes(MemberId).I64(Joined);
        return Records.Texts(writer, Name, FailureDomain, Address).Written.ToArray();
    }

    public static CloudRecord Decode(ushort id, ReadOnlySpan<byte> value)
    {
        var reader = new RecordReader(value);
        Records.CheckVersion(reader.U8(), Version);
        var state = (CloudMemberState)reader.U8();
        var limit = reader.I64();
        var record = new CloudRecord
        {
            Id = id,
            State = state,
            CapacityLimit = limit == NoLimit ? null : limit,
            MemberId = reader.Bytes(Member.IdLength).ToArray(),
            Joined = reader.I64(),
            Name = Records.Text(ref reader),
            FailureDomain = Records.Text(ref reader),
            Address = Records.Text(ref reader),
        };
        reader.End();
        return state is >= CloudMemberState.Active and <= CloudMemberState.Removed && limit >= NoLimit
            ? record
            : throw new InvalidDataException($"The record of cloud {id} is out of range.");
    }

    /// <summary>All clouds of a drive, by number.</summary>
    public static List<CloudRecord> ReadAll(IMetadataStore store)
    {
        var records = new List<CloudRecord>();
        store.Scan([MetadataKey.TypeCloud], [MetadataKey.TypeCloud + 1], (key, value) =>
        {
            records.Add(Decode(System.Buffers.Binary.BinaryPrimitives.ReadUInt16BigEndian(key[1..]), value));
            return true;
        });
        return records;
    }

    public void AddTo(MetadataBatch batch) =>
        batch.Put(MetadataKey.Cloud(stackalloc byte[MetadataKey.MaximumLength], Id), Encode());
}

/// <summary>The S row "drive": what holds for the drive on every machine.</summary>
internal sealed record DriveSettings(Redundancy Redundancy, long Created)
{
    private const string RowName = "drive";
    private const byte Version = 1;

    public static DriveSettings Read(IMetadataStore store)
    {
        var value = store.Get(MetadataKey.Setting(stackalloc byte[MetadataKey.MaximumLength], RowName))
            ?? throw new MetadataCorruptException("The metadata store lacks the drive's settings.");
        var reader = new RecordReader(value);
        Records.CheckVersion(reader.U8(), Version);
        var settings = new DriveSettings(new Redundancy(reader.U8(), reader.U8()), reader.I64());
        reader.End();
        return settings;
    }

    public void AddTo(MetadataBatch batch)
    {
        var writer = new RecordWriter();
        writer.U8(Version).U8((byte)Redundancy.DataShards).U8((byte)Redundancy.ParityShards).I64(Created);
        batch.Put(MetadataKey.Setting(stackalloc byte[MetadataKey.MaximumLength], RowName), writer.Written);
    }
}

/// <summary>Who this machine is in the drive; a local record.</summary>
internal sealed record DeviceIdentity(ulong Device, ulong Epoch, string DriveName, string DeviceName)
{
    private const string RecordName = "device";
    private const byte Version = 1;

    public static DeviceIdentity Read(SqliteMetadataStore store)
    {
        var value = store.GetLocal(RecordName) ?? throw new MetadataCorruptException("The metadata store lacks this machine's identity.");
        var reader = new RecordReader(value);
        Records.CheckVersion(reader.U8(), Version);
        var identity = new DeviceIdentity(reader.U64(), reader.U64(), Records.Text(ref reader), Records.Text(ref reader));
        reader.End();
        return identity;
    }

    public void Write(SqliteMetadataStore store)
    {
        var writer = new RecordWriter();
        writer.U8(Version).U64(Device).U64(Epoch);
        store.PutLocal(RecordName, Records.Texts(writer, DriveName, DeviceName).Written);
    }

    public static ulong NewDevice()
    {
        Span<byte> bytes = stackalloc byte[8];
        System.Security.Cryptography.RandomNumberGenerator.Fill(bytes);
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }
}

/// <summary>Fields that the drive's own records share.</summary>
internal static class Records
{
    public static RecordWriter Texts(RecordWriter writer, params ReadOnlySpan<string> texts)
    {
        foreach (var text in texts)
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            writer.U16(checked((ushort)bytes.Length)).Bytes(bytes);
        }
        return writer;
    }

    public static string Text(ref RecordReader reader) => Encoding.UTF8.GetString(reader.Bytes(reader.U16()));

    public static void CheckVersion(byte found, byte known)
    {
        if (found != known)
            throw new InvalidDataException($"A record of the drive has version {found}, which this program does not know; use a newer one.");
    }
}
