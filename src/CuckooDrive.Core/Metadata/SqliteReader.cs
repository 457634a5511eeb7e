using System.Buffers;
using SQLitePCL;

namespace CuckooDrive.Core.Metadata;

/// <summary>
/// One reading connection. Its snapshot (a read transaction) stays open between calls and is used again until a commit has
/// made it old, since taking a new one costs system calls. Used by one thread at a time.
/// </summary>
internal sealed class SqliteReader : IDisposable
{
    private const string ScanQuery = "SELECT k,v FROM kv WHERE k>=?1 AND k<?2 ORDER BY k";

    private readonly SqliteSession _session;
    private readonly SealedRows _rows;
    private readonly sqlite3_stmt _begin;
    private readonly sqlite3_stmt _end;
    private readonly sqlite3_stmt _touch;
    private readonly sqlite3_stmt _get;
    private readonly sqlite3_stmt _scan;
    private readonly sqlite3_stmt _journal;
    private long _snapshot = -1;

    public SqliteReader(string path, SealedRows rows, int cacheKibibytes)
    {
        _rows = rows;
        _session = new SqliteSession(path, create: false, cacheKibibytes);
        try
        {
            _session.Execute("PRAGMA query_only=1");
            _begin = _session.Prepare("BEGIN");
            _end = _session.Prepare("COMMIT");
            _touch = _session.Prepare("SELECT 1 FROM local LIMIT 1");
            _get = _session.Prepare("SELECT v FROM kv WHERE k=?1");
            _scan = _session.Prepare(ScanQuery);
            _journal = _session.Prepare("SELECT id,batch FROM journal WHERE id>=?1 ORDER BY id");
        }
        catch
        {
            _session.Dispose();
            throw;
        }
    }

    /// <summary>Makes the snapshot show at least the commit <paramref name="sequence"/>, read by the caller before.</summary>
    public void Renew(long sequence)
    {
        if (_snapshot == sequence)
            return;
        EndSnapshot();
        _session.Run(_begin);
        // BEGIN alone takes no snapshot; the first read does.
        _session.Run(_touch);
        _snapshot = sequence;
    }

    /// <summary>Lets the log be emptied behind this reader.</summary>
    public void EndSnapshot()
    {
        _snapshot = -1;
        if (_session.InTransaction)
            _session.Run(_end);
    }

    public byte[]? Get(ReadOnlySpan<byte> key)
    {
        _session.Bind(_get, 1, key);
        try
        {
            return _session.Step(_get) ? _rows.Open(key, raw.sqlite3_column_blob(_get, 0)) : null;
        }
        finally
        {
            _ = raw.sqlite3_reset(_get);
        }
    }

    /// <summary>Visits the rows in [from, to) in key order; false when the visitor ended it.</summary>
    public bool Scan(ReadOnlySpan<byte> from, ReadOnlySpan<byte> to, RowVisitor visit)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(4096);
        _session.Bind(_scan, 1, from);
        _session.Bind(_scan, 2, to);
        try
        {
            while (_session.Step(_scan))
            {
                var key = raw.sqlite3_column_blob(_scan, 0);
                if (!visit(key, _rows.Open(key, raw.sqlite3_column_blob(_scan, 1), ref buffer)))
                    return false;
            }
            return true;
        }
        finally
        {
            _ = raw.sqlite3_reset(_scan);
            ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
        }
    }

    public void ReadJournal(long after, JournalVisitor visit)
    {
        Span<byte> context = stackalloc byte[16];
        var buffer = ArrayPool<byte>.Shared.Rent(4096);
        _session.Bind(_journal, 1, JournalRows.FirstId(after + 1));
        try
        {
            while (_session.Step(_journal))
            {
                var id = raw.sqlite3_column_int64(_journal, 0);
                var part = _rows.Open(SealedRows.JournalRow(id, context), raw.sqlite3_column_blob(_journal, 1), ref buffer);
                if (!visit(JournalRows.SequenceOf(id), part))
                    return;
            }
        }
        finally
        {
            _ = raw.sqlite3_reset(_journal);
            ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
        }
    }

    public (long Batches, long Bytes) CountJournal(long after)
    {
        var text = _session.Query(
            $"SELECT COUNT(DISTINCT id>>{JournalRows.PartBits})||' '||COALESCE(SUM(LENGTH(batch)),0) FROM journal WHERE id>={JournalRows.FirstId(after + 1)}")!.Split(' ');
        return (long.Parse(text[0]), long.Parse(text[1]));
    }

    public IReadOnlyList<string> CheckIntegrity() => _session.QueryAll("PRAGMA integrity_check");

    public void Dispose() => _session.Dispose();
}
