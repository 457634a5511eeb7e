using System.Buffers.Binary;
using CuckooDrive.Format;
using SQLitePCL;

namespace CuckooDrive.Core.Metadata;

/// <summary>
/// <see cref="IMetadataStore"/> on SQLite in WAL mode: one table for the map, one for the outgoing journal, one for local
/// records that are not part of the drive (what was shipped, what was seen at the clouds).
/// </summary>
/// <remarks>
/// <para>Durability: a commit that need not be durable runs with <c>synchronous=NORMAL</c>, which writes the log without
/// fsync; it survives a crash of the process, not of the machine. A durable one runs with <c>synchronous=FULL</c>: SQLite
/// then syncs the whole log file after the commit record, which takes every earlier commit with it, since all that is not
/// yet synced into the database lies in that same file (the log is restarted only after both were synced).</para>
/// <para>The log is emptied by a background thread, see <see cref="SqliteLogKeeper"/>; commits never copy it.</para>
/// <para>A failed write other than a full disk leaves unknown what reached the disk, so the store then refuses further
/// commits: going on could acknowledge what a crash would lose.</para>
/// </remarks>
public sealed partial class SqliteMetadataStore : IMetadataStore
{
    private const string FileName = "metadata.db";
    private const int ApplicationId = 0x43554b4f; // "CUKO"
    private const int SchemaVersion = 1;
    private const int WriterCacheKibibytes = 8 * 1024;
    private const int ReaderCacheKibibytes = 2 * 1024;
    private const int ReaderCount = 4;
    private const int TrimStep = 4;
    private const string TrimmedRecord = "trimmed";
    private const string SyncedRecord = "synced";

    private readonly object _writeLock = new();
    private readonly ValueSealer _sealer;
    private readonly SealedRows _rows;
    private readonly string _path;
    private readonly SqliteSession _session;
    private readonly SqliteReaderPool _readers;
    private readonly SqliteLogKeeper _log;
    private readonly sqlite3_stmt _begin;
    private readonly sqlite3_stmt _commit;
    private readonly sqlite3_stmt _rollback;
    private readonly sqlite3_stmt _put;
    private readonly sqlite3_stmt _delete;
    private readonly sqlite3_stmt _journal;
    private readonly sqlite3_stmt _trim;
    private readonly sqlite3_stmt _getLocal;
    private readonly sqlite3_stmt _putLocal;
    private byte[] _buffer = new byte[4096];
    private long _sequence;
    private long _trimmed;
    private bool _fullSync;
    private bool _unsynced;
    private bool _disposed;
    private Exception? _failure;

    private SqliteMetadataStore(string path, ValueSealer sealer, bool create)
    {
        _path = path;
        _sealer = sealer;
        _rows = new SealedRows(sealer);
        _session = new SqliteSession(path, create, WriterCacheKibibytes);
        try
        {
            if (create)
                CreateSchema();
            CheckSchema();
            _begin = _session.Prepare("BEGIN IMMEDIATE");
            _commit = _session.Prepare("COMMIT");
            _rollback = _session.Prepare("ROLLBACK");
            _put = _session.Prepare("REPLACE INTO kv(k,v) VALUES(?1,?2)");
            _delete = _session.Prepare("DELETE FROM kv WHERE k=?1");
            _journal = _session.Prepare("INSERT INTO journal(id,batch) VALUES(?1,?2)");
            _trim = _session.Prepare(
                $"DELETE FROM journal WHERE id IN (SELECT id FROM journal WHERE id<?1 ORDER BY id LIMIT {TrimStep}) RETURNING id");
            _getLocal = _session.Prepare("SELECT value FROM local WHERE name=?1");
            _putLocal = _session.Prepare("REPLACE INTO local(name,value) VALUES(?1,?2)");
            _session.Execute("PRAGMA synchronous=NORMAL");
            if (create)
                PutLocalNumber(TrimmedRecord, 0);
            LoadSequence();
            _readers = new SqliteReaderPool(() => new SqliteReader(path, _rows, ReaderCacheKibibytes), ReaderCount);
            _log = new SqliteLogKeeper(path, _writeLock, _readers);
        }
        catch
        {
            _session.Dispose();
            throw;
        }
    }

    public long Sequence => Volatile.Read(ref _sequence);

    /// <summary>Why the store refuses to commit; null in health.</summary>
    public Exception? Failure => _failure ?? _log.Failure;

    /// <summary>Makes an empty store in a folder that only its owner can enter. The store disposes nothing of the caller's.</summary>
    /// <exception cref="IOException">There is a store already, or the folder cannot be written.</exception>
    public static SqliteMetadataStore Create(string directory, DriveKeys keys)
    {
        PrivateFiles.CreateDirectory(directory);
        var path = Path.Combine(directory, FileName);
        PrivateFiles.CreateNew(path).Dispose();
        var store = Open(path, keys, create: true);
        PrivateFiles.SyncDirectory(directory);
        return store;
    }

    /// <exception cref="MetadataCorruptException">What lies there is damaged or not sealed with these keys.</exception>
    public static SqliteMetadataStore Open(string directory, DriveKeys keys)
    {
        var path = Path.Combine(directory, FileName);
        return File.Exists(path)
            ? Open(path, keys, create: false)
            : throw new MetadataCorruptException($"The metadata store {path} is missing.");
    }

    public byte[]? Get(ReadOnlySpan<byte> key)
    {
        var reader = RentReader();
        try
        {
            return reader.Get(key);
        }
        finally
        {
            _readers.Return(reader);
        }
    }

    public void Scan(ReadOnlySpan<byte> from, ReadOnlySpan<byte> to, RowVisitor visit)
    {
        var reader = RentReader();
        try
        {
            reader.Scan(from, to, visit);
        }
        finally
        {
            _readers.Return(reader);
        }
    }

    /// <inheritdoc/>
    /// <remarks>An empty batch takes no number: the last one is returned, and made durable if that is asked for.</remarks>
    /// <exception cref="MetadataStoreFullException">The disk is full; nothing was applied, and later commits may succeed.</exception>
    public long Commit(MetadataBatch batch, bool durable)
    {
        long sequence;
        lock (_writeLock)
        {
            if (batch.Count == 0)
            {
                if (durable && _unsynced)
                    PutLocalNumber(SyncedRecord, _sequence);
                return _sequence;
            }
            sequence = _sequence + 1;
            Transact(durable, batch, static (store, batch) =>
            {
                store.Apply(batch.Encoded);
                store.AddToJournal(store._sequence + 1, batch.Encoded);
            });
            Volatile.Write(ref _sequence, sequence);
        }
        _log.Committed(batch.Encoded.Length, batch.Count);
        return sequence;
    }

    /// <summary>A view of the store as it is now, unmoved by later commits. Keep it for as short as possible: the log grows meanwhile.</summary>
    public SqliteSnapshot TakeSnapshot()
    {
        lock (_writeLock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return new SqliteSnapshot(new SqliteReader(_path, _rows, ReaderCacheKibibytes), _sequence);
        }
    }

    /// <summary>SQLite's own check of its pages and indexes; empty when they are sound.</summary>
    public IReadOnlyList<string> CheckIntegrity()
    {
        using var snapshot = TakeSnapshot();
        var lines = snapshot.CheckIntegrity();
        return lines is ["ok"] ? [] : lines;
    }

    /// <summary>Bytes on the disk, log included.</summary>
    public long MeasureSize() =>
        new[] { _path, _path + "-wal" }.Select(path => new FileInfo(path)).Where(file => file.Exists).Sum(file => file.Length);

    public void Dispose()
    {
        lock (_writeLock)
        {
            if (_disposed)
                return;
            _disposed = true;
        }
        _log.Dispose();
        _readers.Dispose();
        lock (_writeLock)
            _session.Dispose();
        _sealer.Dispose();
    }

    private static SqliteMetadataStore Open(string path, DriveKeys keys, bool create)
    {
        var sealer = new ValueSealer(keys);
        try
        {
            return new SqliteMetadataStore(path, sealer, create);
        }
        catch
        {
            sealer.Dispose();
            throw;
        }
    }

    private void CreateSchema()
    {
        _session.Execute($"""
            PRAGMA page_size=4096;
            PRAGMA journal_mode=WAL;
            PRAGMA application_id={ApplicationId};
            PRAGMA user_version={SchemaVersion};
            CREATE TABLE kv(k BLOB PRIMARY KEY NOT NULL, v BLOB NOT NULL) WITHOUT ROWID;
            CREATE TABLE journal(id INTEGER PRIMARY KEY, batch BLOB NOT NULL);
            CREATE TABLE local(name BLOB PRIMARY KEY NOT NULL, value BLOB NOT NULL) WITHOUT ROWID;
            """);
    }

    private void CheckSchema()
    {
        if (_session.Query("PRAGMA application_id") != $"{ApplicationId}")
            throw new MetadataCorruptException($"{_path} is not a metadata store.");
        if (_session.Query("PRAGMA user_version") is var version && version != $"{SchemaVersion}")
            throw new MetadataCorruptException($"{_path} has version {version}, which this program does not know; use a newer one.");
        if (_session.Query("PRAGMA journal_mode") != "wal")
            throw new MetadataCorruptException($"{_path} is not in WAL mode.");
        // The background thread does it.
        _session.Execute("PRAGMA wal_autocheckpoint=0");
    }

    private void LoadSequence()
    {
        var trimmed = GetLocal(TrimmedRecord) ?? throw new MetadataCorruptException($"{_path} lacks its journal's position.");
        _trimmed = BinaryPrimitives.ReadInt64LittleEndian(trimmed);
        _sequence = Math.Max(_trimmed, JournalRows.SequenceOf(long.Parse(_session.Query("SELECT COALESCE(MAX(id),0) FROM journal")!)));
    }

    private SqliteReader RentReader()
    {
        // Read first: the snapshot taken after it then shows at least this commit.
        var sequence = Sequence;
        var reader = _readers.Rent();
        try
        {
            reader.Renew(sequence);
            return reader;
        }
        catch
        {
            _readers.Return(reader);
            throw;
        }
    }

    /// <summary>Runs a change in one transaction. The caller holds the write lock.</summary>
    private void Transact<T>(bool durable, T argument, Action<SqliteMetadataStore, T> change)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_failure is not null)
            throw new IOException("The metadata store stopped after a failed write; unmount, check the disk and mount again.", _failure);
        try
        {
            SetFullSync(durable);
            _session.Run(_begin);
            change(this, argument);
            _session.Run(_commit);
            _unsynced = !durable;
        }
        catch (Exception exception)
        {
            RollBack(exception);
            throw;
        }
    }

    private void RollBack(Exception reason)
    {
        if (reason is IOException and not MetadataStoreFullException)
            _failure = reason;
        try
        {
            if (_session.InTransaction)
                _session.Run(_rollback);
        }
        catch (IOException exception)
        {
            _failure = new AggregateException(reason, exception);
        }
    }

    private void SetFullSync(bool full)
    {
        if (_fullSync == full)
            return;
        _session.Execute(full ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
        _fullSync = full;
    }

    private void Apply(ReadOnlySpan<byte> encoded)
    {
        foreach (var operation in MetadataBatch.Read(encoded))
        {
            var statement = operation.IsDelete ? _delete : _put;
            _session.Bind(statement, 1, operation.Key);
            if (!operation.IsDelete)
                _session.Bind(statement, 2, _rows.Seal(operation.Key, operation.Value, ref _buffer));
            _session.Run(statement);
        }
    }
}
