namespace CuckooDrive.Core.Metadata;

/// <summary>
/// The drive's metadata as an ordered map from keys to values, changed by atomic batches. The embedded engine is SQLite;
/// nothing here names it. Keys hold no secrets (type byte, numbers, keyed hashes); values are sealed by the store before
/// they touch the disk.
/// </summary>
/// <remarks>
/// Each committed batch gets the next sequence number and is also kept in the outgoing journal, in the same
/// transaction, until <see cref="TrimJournal"/>. Reads may run on any thread while a commit runs and see it whole or not
/// at all; commits are one at a time.
/// </remarks>
public interface IMetadataStore : IDisposable
{
    /// <summary>The sequence number of the last committed batch; 0 in a new store.</summary>
    long Sequence { get; }

    /// <summary>The value of a key, or null.</summary>
    byte[]? Get(ReadOnlySpan<byte> key);

    /// <summary>
    /// Calls <paramref name="visit"/> for each row with <paramref name="from"/> &lt;= key &lt; <paramref name="to"/> in key
    /// order until it returns false. Spans are valid during the call; the visitor must not call the store.
    /// </summary>
    void Scan(ReadOnlySpan<byte> from, ReadOnlySpan<byte> to, RowVisitor visit);

    /// <summary>
    /// Applies a batch atomically and returns its sequence number. With <paramref name="durable"/> it has reached the disk
    /// when this returns, and so has every batch before it.
    /// </summary>
    long Commit(MetadataBatch batch, bool durable);

    /// <summary>
    /// Visits the journal's batches after <paramref name="after"/> in order, in the encoding of <see cref="MetadataBatch"/>. A
    /// large batch may come in several parts, each with its number.
    /// </summary>
    void ReadJournal(long after, JournalVisitor visit);

    /// <summary>Forgets journal batches up to and including <paramref name="sequence"/>: the clouds have them.</summary>
    void TrimJournal(long sequence);
}

public delegate bool RowVisitor(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value);

public delegate bool JournalVisitor(long sequence, ReadOnlySpan<byte> encodedBatch);
