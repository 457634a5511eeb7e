using System.Diagnostics.CodeAnalysis;

namespace CuckooDrive.Format;

/// <summary>
/// Tells which member of the drive the cloud holding this object is. Sealed with <see cref="KeyPurpose.Member"/> and the
/// object's name.
/// </summary>
public sealed record Member
{
    private const byte Version = 1;

    /// <summary>Bytes of <see cref="Id"/>.</summary>
    public const int IdLength = 16;

    /// <summary>The cloud's number in the drive, never given twice.</summary>
    public required ushort Cloud { get; init; }

    /// <summary>Random: tells two clouds that claim one number apart, for instance a copied folder.</summary>
    public required byte[] Id { get; init; }

    /// <summary>When the cloud joined, in milliseconds since 1970 UTC.</summary>
    public long Time { get; init; }

    /// <summary>What its owner calls it.</summary>
    public string Name { get; init; } = "";

    /// <summary>Clouds of one failure domain are counted as lost together.</summary>
    public string FailureDomain { get; init; } = "";

    public byte[] Encode()
    {
        var writer = new PayloadWriter(Version);
        writer.U16(Cloud);
        writer.Bytes(Id, IdLength);
        writer.I64(Time);
        writer.Text(Name);
        writer.Text(FailureDomain);
        return writer.ToArray();
    }

    public static bool TryDecode(ReadOnlySpan<byte> payload, [NotNullWhen(true)] out Member? member)
    {
        var reader = new PayloadReader(payload, Version);
        var read = new Member
        {
            Cloud = reader.U16(),
            Id = reader.Bytes(IdLength),
            Time = reader.I64(),
            Name = reader.Text(),
            FailureDomain = reader.Text(),
        };
        member = reader.IsComplete ? read : null;
        return member is not null;
    }
}
