using CuckooDrive.Core.Metadata;

namespace CuckooDrive.Core.Drives;

/// <summary>A snapshot seen as a store, for readers. Not thread safe.</summary>
internal sealed class SnapshotStore(SqliteSnapshot snapshot) : IMetadataStore
{
    public long Sequence => snapshot.Sequence;

    public byte[]? Get(ReadOnlySpan<byte> key) => snapshot.Get(key);

    public void Scan(ReadOnlySpan<byte> from, ReadOnlySpan<byte> to, RowVisitor visit) => snapshot.Scan(from, to, visit);

    public long Commit(MetadataBatch batch, bool durable) => throw ReadOnly();

    public void ReadJournal(long after, JournalVisitor visit) => throw ReadOnly();

    public void TrimJournal(long sequence) => throw ReadOnly();

    public void Dispose()
    {
    }

    private static InvalidOperationException ReadOnly() => new("A snapshot is for reading.");
}
