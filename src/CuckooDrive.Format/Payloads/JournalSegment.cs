using System.Diagnostics.CodeAnalysis;

namespace CuckooDrive.Format;

/// <summary>
/// The content of a journal object: encoded metadata batches in commit order. Sealed with <see cref="KeyPurpose.Journal"/>
/// and the object's name as context.
/// </summary>
public sealed record JournalSegment
{
    private const byte Version = 1;
    private const byte FlagContinues = 1;

    public required ulong Epoch { get; init; }

    /// <summary>Counts from 0 within the epoch, without gaps.</summary>
    public required ulong Index { get; init; }

    /// <summary>The device that wrote it.</summary>
    public ulong Device { get; init; }

    /// <summary>When it was written, in milliseconds since 1970 UTC by the writer's clock.</summary>
    public long Time { get; init; }

    /// <summary>The first commit of which operations are here.</summary>
    public required long FirstSequence { get; init; }

    /// <summary>The last commit of which operations are here.</summary>
    public required long LastSequence { get; init; }

    /// <summary>The operations go on in the next segment: apply them together or not at all.</summary>
    public bool Continues { get; init; }

    /// <summary><see cref="ObjectHash"/> of the segment before, zeros in the first of a drive.</summary>
    public required byte[] Previous { get; init; }

    /// <summary>Opaque here.</summary>
    public required byte[] Operations { get; init; }

    public byte[] Encode()
    {
        var writer = new PayloadWriter(Version, 96 + Operations.Length);
        writer.U8(Continues ? FlagContinues : (byte)0);
        writer.U64(Epoch);
        writer.U64(Index);
        writer.U64(Device);
        writer.I64(Time);
        writer.I64(FirstSequence);
        writer.I64(LastSequence);
        writer.Bytes(Previous, ObjectHash.Length);
        writer.I32(Operations.Length);
        writer.Bytes(Operations, Operations.Length);
        return writer.ToArray();
    }

    public static bool TryDecode(ReadOnlySpan<byte> payload, [NotNullWhen(true)] out JournalSegment? segment)
    {
        var reader = new PayloadReader(payload, Version);
        var flags = reader.U8();
        reader.Require(flags <= FlagContinues);
        var read = new JournalSegment
        {
            Continues = flags == FlagContinues,
            Epoch = reader.U64(),
            Index = reader.U64(),
            Device = reader.U64(),
            Time = reader.I64(),
            FirstSequence = reader.I64(),
            LastSequence = reader.I64(),
            Previous = reader.Bytes(ObjectHash.Length),
            Operations = reader.Bytes(reader.Count(1)),
        };
        reader.Require(read.FirstSequence >= 0 && read.LastSequence >= read.FirstSequence);
        segment = reader.IsComplete ? read : null;
        return segment is not null;
    }
}
