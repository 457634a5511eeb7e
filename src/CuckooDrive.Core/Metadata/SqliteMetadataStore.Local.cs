using System.Buffers.Binary;
using SQLitePCL;

namespace CuckooDrive.Core.Metadata;

/// <content>What belongs to this machine alone, and building a store from what the clouds hold.</content>
public sealed partial class SqliteMetadataStore
{
    /// <summary>A record of this machine alone, never sent to the clouds; null when there is none of that name.</summary>
    public byte[]? GetLocal(string name)
    {
        var context = SealedRows.LocalRow(name);
        lock (_writeLock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _session.Bind(_getLocal, 1, context);
            try
            {
                return _session.Step(_getLocal) ? _rows.Open(context, raw.sqlite3_column_blob(_getLocal, 0)) : null;
            }
            finally
            {
                _ = raw.sqlite3_reset(_getLocal);
            }
        }
    }

    /// <summary>Sets a record of this machine; durable when this returns.</summary>
    public void PutLocal(string name, ReadOnlySpan<byte> value)
    {
        var record = (Context: SealedRows.LocalRow(name), Value: value.ToArray());
        lock (_writeLock)
        {
            Transact(durable: true, record, static (store, record) =>
            {
                store._session.Bind(store._putLocal, 1, record.Context);
                store._session.Bind(store._putLocal, 2, store._rows.Seal(record.Context, record.Value, ref store._buffer));
                store._session.Run(store._putLocal);
            });
        }
    }

    /// <summary>
    /// Adds rows without journaling them, for building a store from what the clouds hold; not durable before
    /// <see cref="FinishLoad"/>. Must not be mixed with commits.
    /// </summary>
    public void Load(MetadataBatch rows)
    {
        lock (_writeLock)
            Transact(durable: false, rows, static (store, rows) => store.Apply(rows.Encoded));
        _log.Committed(rows.Encoded.Length, rows.Count);
    }

    /// <summary>Ends loading: the rows are durable and the next commit gets the number after <paramref name="sequence"/>.</summary>
    public void FinishLoad(long sequence)
    {
        lock (_writeLock)
        {
            PutLocalNumber(TrimmedRecord, sequence);
            Volatile.Write(ref _trimmed, sequence);
            Volatile.Write(ref _sequence, sequence);
        }
    }

    private void PutLocalNumber(string name, long value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        PutLocal(name, bytes);
    }
}
