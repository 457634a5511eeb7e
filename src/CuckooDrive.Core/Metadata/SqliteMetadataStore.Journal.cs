using SQLitePCL;

namespace CuckooDrive.Core.Metadata;

/// <content>The outgoing journal.</content>
public sealed partial class SqliteMetadataStore
{
    public void ReadJournal(long after, JournalVisitor visit)
    {
        var reader = RentReader();
        try
        {
            reader.ReadJournal(Math.Max(after, Volatile.Read(ref _trimmed)), visit);
        }
        finally
        {
            _readers.Return(reader);
        }
    }

    /// <summary>Batches after <paramref name="after"/> and their bytes on the disk.</summary>
    public (long Batches, long Bytes) CountJournal(long after)
    {
        var reader = RentReader();
        try
        {
            return reader.CountJournal(Math.Max(after, Volatile.Read(ref _trimmed)));
        }
        finally
        {
            _readers.Return(reader);
        }
    }

    public void TrimJournal(long sequence)
    {
        lock (_writeLock)
        {
            sequence = Math.Min(sequence, _sequence);
            if (sequence <= _trimmed)
                return;
            PutLocalNumber(TrimmedRecord, sequence);
            Volatile.Write(ref _trimmed, sequence);
        }
        // In small steps, so that no commit waits for a long deletion. A crash between them leaves rows that are never read
        // (see ReadJournal) and go with the next trim.
        while (TrimSome(sequence))
        {
        }
    }

    private void AddToJournal(long sequence, ReadOnlySpan<byte> encoded)
    {
        Span<byte> context = stackalloc byte[16];
        var id = JournalRows.FirstId(sequence);
        while (!encoded.IsEmpty)
        {
            var part = encoded[..JournalRows.PartLength(encoded)];
            encoded = encoded[part.Length..];
            _session.Bind(_journal, 1, id);
            _session.Bind(_journal, 2, _rows.Seal(SealedRows.JournalRow(id, context), part, ref _buffer));
            _session.Run(_journal);
            id++;
        }
    }

    private bool TrimSome(long sequence)
    {
        lock (_writeLock)
        {
            var more = false;
            Transact(durable: false, sequence, (store, sequence) =>
            {
                store._session.Bind(store._trim, 1, JournalRows.FirstId(sequence + 1));
                try
                {
                    while (store._session.Step(store._trim))
                        more = true;
                }
                finally
                {
                    _ = raw.sqlite3_reset(store._trim);
                }
            });
            return more;
        }
    }
}
