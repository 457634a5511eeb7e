using System.Runtime.InteropServices;
using SQLitePCL;

namespace CuckooDrive.Core.Metadata;

/// <summary>
/// One SQLite connection with its prepared statements, by the raw C interface: no boxing of parameters, no strings on the
/// hot path. Used by one thread at a time (the connection is opened without SQLite's own mutex).
/// </summary>
internal sealed partial class SqliteSession : IDisposable
{
    private readonly List<sqlite3_stmt> _statements = [];
    private readonly sqlite3 _database;

    static SqliteSession() => Batteries_V2.Init();

    public SqliteSession(string path, bool create, int cacheKibibytes)
    {
        var flags = raw.SQLITE_OPEN_READWRITE | raw.SQLITE_OPEN_NOMUTEX | (create ? raw.SQLITE_OPEN_CREATE : 0);
        var result = raw.sqlite3_open_v2(path, out _database, flags, null);
        if (result != raw.SQLITE_OK)
        {
            _database?.Dispose();
            throw Failure(result, result, isOverQuota: false, $"cannot open {path}");
        }
        try
        {
            raw.sqlite3_extended_result_codes(_database, 1);
            raw.sqlite3_busy_timeout(_database, 5000);
            // On macOS fsync alone does not reach the disk; elsewhere these change nothing.
            Execute("PRAGMA fullfsync=1; PRAGMA checkpoint_fullfsync=1");
            Execute($"PRAGMA cache_size=-{cacheKibibytes}; PRAGMA mmap_size=0; PRAGMA temp_store=MEMORY");
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Runs statements that return nothing of interest.</summary>
    public void Execute(string sql)
    {
        var result = raw.sqlite3_exec(_database, sql);
        if (result != raw.SQLITE_OK)
            throw Failure(result, sql);
    }

    /// <summary>The first column of the first row as text; null without a row.</summary>
    public string? Query(string sql)
    {
        Check(raw.sqlite3_prepare_v2(_database, sql, out var statement), sql);
        using (statement)
            return Step(statement) ? raw.sqlite3_column_text(statement, 0).utf8_to_string() : null;
    }

    /// <summary>All rows' first columns as text.</summary>
    public IReadOnlyList<string> QueryAll(string sql)
    {
        var rows = new List<string>();
        Check(raw.sqlite3_prepare_v2(_database, sql, out var statement), sql);
        using (statement)
        {
            while (Step(statement))
                rows.Add(raw.sqlite3_column_text(statement, 0).utf8_to_string() ?? "");
        }
        return rows;
    }

    /// <summary>A statement that lives as long as the session. Reset it after each use.</summary>
    public sqlite3_stmt Prepare(string sql)
    {
        Check(raw.sqlite3_prepare_v3(_database, sql, raw.SQLITE_PREPARE_PERSISTENT, out var statement), sql);
        _statements.Add(statement);
        return statement;
    }

    public void Bind(sqlite3_stmt statement, int index, ReadOnlySpan<byte> value) =>
        Check(raw.sqlite3_bind_blob(statement, index, value), "bind");

    public void Bind(sqlite3_stmt statement, int index, long value) =>
        Check(raw.sqlite3_bind_int64(statement, index, value), "bind");

    /// <summary>True: a row is there to be read; false: done.</summary>
    public bool Step(sqlite3_stmt statement)
    {
        var result = raw.sqlite3_step(statement);
        return result switch
        {
            raw.SQLITE_ROW => true,
            raw.SQLITE_DONE => false,
            _ => throw Failure(result, "step"),
        };
    }

    /// <summary>Runs a statement without result and makes it ready for the next use, also when it fails.</summary>
    public void Run(sqlite3_stmt statement)
    {
        try
        {
            Step(statement);
        }
        finally
        {
            // Repeats the error of the step, which has been thrown already.
            _ = raw.sqlite3_reset(statement);
        }
    }

    /// <summary>Copies WAL frames into the database. Returns the frames in the WAL and those copied so far.</summary>
    public (int InLog, int Copied) CheckpointLog(int mode)
    {
        var result = raw.sqlite3_wal_checkpoint_v2(_database, "main", mode, out var inLog, out var copied);
        if (result != raw.SQLITE_OK && (result & 0xff) != raw.SQLITE_BUSY)
            throw Failure(result, "checkpoint");
        return (inLog, copied);
    }

    public void SetBusyTimeout(int milliseconds) => raw.sqlite3_busy_timeout(_database, milliseconds);

    /// <summary>Whether a transaction is open (an error may have rolled it back by itself).</summary>
    public bool InTransaction => raw.sqlite3_get_autocommit(_database) == 0;

    public void Dispose()
    {
        foreach (var statement in _statements)
            statement.Dispose();
        _statements.Clear();
        _database.Dispose();
    }

    private void Check(int result, string what)
    {
        if (result != raw.SQLITE_OK)
            throw Failure(result, what);
    }

    private IOException Failure(int result, string what)
    {
        var extended = raw.sqlite3_extended_errcode(_database);
        return Failure(result, extended, IsOverQuota(extended), $"{raw.sqlite3_errmsg(_database).utf8_to_string()} ({what})");
    }

    /// <summary>SQLite takes a write that no quota allows for one that failed in an unknown way, and undoes it as that of a full disk.</summary>
    private bool IsOverQuota(int extended)
    {
        const int QuotaErrno = 122;
        return extended == raw.SQLITE_IOERR_WRITE && OperatingSystem.IsLinux() && SystemErrno(_database) == QuotaErrno;
    }

    private static IOException Failure(int result, int extended, bool isOverQuota, string what) => (result & 0xff) switch
    {
        raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB or raw.SQLITE_FORMAT =>
            new MetadataCorruptException($"The metadata store is damaged: {what}."),
        // The log's shared memory is a file beside it, of which a full disk refuses the growth with an error of its own. The
        // commit is not taken in then, and the next one is written over it.
        _ when result == raw.SQLITE_FULL || extended == raw.SQLITE_IOERR_SHMSIZE || isOverQuota => new MetadataStoreFullException($"The disk that holds the metadata store is full: {what}."),
        _ => new IOException($"The metadata store failed with SQLite's error {extended}: {what}."),
    };

    // Not in SQLitePCL, but in the library that it brings.
    [LibraryImport("e_sqlite3", EntryPoint = "sqlite3_system_errno")]
    private static partial int SystemErrno(sqlite3 database);
}
