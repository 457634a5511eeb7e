using System.Diagnostics.CodeAnalysis;

namespace CuckooDrive.Format;

/// <summary>
/// A device's claim to be the writer of an epoch. Sealed with <see cref="KeyPurpose.Lease"/> and the object's name.
/// </summary>
public sealed record Lease
{
    private const byte Version = 1;

    public required ulong Epoch { get; init; }

    public required ulong Device { get; init; }

    /// <summary>When it was written, in milliseconds since 1970 UTC by the writer's clock.</summary>
    public required long Time { get; init; }

    /// <summary>How long it holds without being renewed, in milliseconds; 0 for as long as no higher epoch is claimed.</summary>
    public uint Duration { get; init; }

    /// <summary>What the device's owner calls it.</summary>
    public string DeviceName { get; init; } = "";

    public byte[] Encode()
    {
        var writer = new PayloadWriter(Version);
        writer.U64(Epoch);
        writer.U64(Device);
        writer.I64(Time);
        writer.U32(Duration);
        writer.Text(DeviceName);
        return writer.ToArray();
    }

    public static bool TryDecode(ReadOnlySpan<byte> payload, [NotNullWhen(true)] out Lease? lease)
    {
        var reader = new PayloadReader(payload, Version);
        var read = new Lease
        {
            Epoch = reader.U64(),
            Device = reader.U64(),
            Time = reader.I64(),
            Duration = reader.U32(),
            DeviceName = reader.Text(),
        };
        lease = reader.IsComplete ? read : null;
        return lease is not null;
    }
}
