using CuckooDrive.Core.Metadata;
using CuckooDrive.Core.Volume;
using CuckooDrive.Format;

namespace CuckooDrive.Core.Drives;

/// <summary>
/// How far the clouds' view of the drive is decided: a local record, changed durably in one step before anything that it
/// speaks of is sent. What is decided is sent exactly as it lies in the outbox, however often it takes.
/// </summary>
internal sealed record JournalPosition
{
    private const string RecordName = "journal";
    private const byte Version = 1;

    public required ulong Epoch { get; init; }

    /// <summary>The index of the next segment in the epoch.</summary>
    public ulong NextIndex { get; init; }

    /// <summary>Of the last segment, whatever its epoch.</summary>
    public byte[] LastHash { get; init; } = ObjectHash.None;

    /// <summary>The last commit that is in a segment.</summary>
    public long Decided { get; init; }

    /// <summary>The next object in the outbox: counts for the life of the local state.</summary>
    public long NextOrdinal { get; init; }

    /// <summary>The ordinal after the last object that enough clouds hold, and the last commit that they hold with it.</summary>
    public long DurableOrdinal { get; init; }

    public long Durable { get; init; }

    public ulong NextRoot { get; init; }

    /// <summary>Of the last root.</summary>
    public byte[] LastRootHash { get; init; } = ObjectHash.None;

    /// <summary>The ordinal of the last root in the outbox, -1 before the first; and what makes older objects superfluous once it is on enough clouds.</summary>
    public long RootOrdinal { get; init; } = -1;

    public ulong RootEpoch { get; init; }

    public ulong RootIndex { get; init; }

    public ulong RootJournalEpoch { get; init; }

    public ulong RootJournalIndex { get; init; }

    /// <summary>Segments and their bytes since the last root.</summary>
    public long SegmentsSinceRoot { get; init; }

    public long BytesSinceRoot { get; init; }

    public static JournalPosition Read(SqliteMetadataStore store)
    {
        var value = store.GetLocal(RecordName) ?? throw new MetadataCorruptException("The metadata store lacks the journal's position.");
        var reader = new RecordReader(value);
        Records.CheckVersion(reader.U8(), Version);
        var position = new JournalPosition
        {
            Epoch = reader.U64(),
            NextIndex = reader.U64(),
            LastHash = reader.Bytes(ObjectHash.Length).ToArray(),
            Decided = reader.I64(),
            NextOrdinal = reader.I64(),
            DurableOrdinal = reader.I64(),
            Durable = reader.I64(),
            NextRoot = reader.U64(),
            LastRootHash = reader.Bytes(ObjectHash.Length).ToArray(),
            RootOrdinal = reader.I64(),
            RootEpoch = reader.U64(),
            RootIndex = reader.U64(),
            RootJournalEpoch = reader.U64(),
            RootJournalIndex = reader.U64(),
            SegmentsSinceRoot = reader.I64(),
            BytesSinceRoot = reader.I64(),
        };
        reader.End();
        return position;
    }

    /// <summary>Durable when this returns.</summary>
    public void Write(SqliteMetadataStore store)
    {
        var writer = new RecordWriter();
        writer.U8(Version).U64(Epoch).U64(NextIndex).Bytes(LastHash).I64(Decided).I64(NextOrdinal).I64(DurableOrdinal).I64(Durable)
            .U64(NextRoot).Bytes(LastRootHash).I64(RootOrdinal).U64(RootEpoch).U64(RootIndex).U64(RootJournalEpoch).U64(RootJournalIndex)
            .I64(SegmentsSinceRoot).I64(BytesSinceRoot);
        store.PutLocal(RecordName, writer.Written);
    }
}
