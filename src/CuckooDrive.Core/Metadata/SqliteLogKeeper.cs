using SQLitePCL;

namespace CuckooDrive.Core.Metadata;

/// <summary>
/// Copies SQLite's write-ahead log into the database in the background, so that no commit does it.
/// </summary>
/// <remarks>
/// Most is copied while commits go on. Under steady writing that never catches up with the end of the log, and only a log
/// copied to its end can start anew; so once it is long, the rest (what was committed during the first pass) is copied with
/// the write lock held. That is the only stall a commit sees: little data and two fsyncs.
/// </remarks>
internal sealed class SqliteLogKeeper : IDisposable
{
    private const long TriggerBytes = 8 << 20;
    private const int LongLogFrames = 8192; // 32 MiB
    private const int ReaderWaitMilliseconds = 50;
    private const int BytesPerRow = 1024; // of pages touched, roughly

    private readonly object _writeLock;
    private readonly SqliteReaderPool _readers;
    private readonly SqliteSession _session;
    private readonly object _gate = new();
    private long _pending;
    private bool _running;
    private bool _disposed;

    public SqliteLogKeeper(string path, object writeLock, SqliteReaderPool readers)
    {
        _writeLock = writeLock;
        _readers = readers;
        _session = new SqliteSession(path, create: false, cacheKibibytes: 512);
        _session.Execute("PRAGMA synchronous=NORMAL");
        _session.SetBusyTimeout(ReaderWaitMilliseconds);
    }

    /// <summary>Why copying stopped; null in health.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>Called after each commit, without the write lock.</summary>
    public void Committed(int bytes, int rows)
    {
        lock (_gate)
        {
            _pending += 2L * bytes + (long)BytesPerRow * rows;
            if (_pending < TriggerBytes || _running || _disposed || Failure is not null)
                return;
            _pending = 0;
            _running = true;
        }
        ThreadPool.UnsafeQueueUserWorkItem(static keeper => keeper.Run(), this, preferLocal: false);
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            while (_running)
                Monitor.Wait(_gate);
        }
        _session.Dispose();
    }

    private void Run()
    {
        try
        {
            Copy();
        }
        catch (MetadataStoreFullException)
        {
            // Nothing is lost: the log has it all and only grows. After some more commits there may be room.
        }
        catch (Exception exception)
        {
            // The commits themselves are safe in the log, which merely grows; the store reports this as its failure.
            Failure = exception;
        }
        finally
        {
            lock (_gate)
            {
                _running = false;
                Monitor.PulseAll(_gate);
            }
        }
    }

    private void Copy()
    {
        var (inLog, _) = _session.CheckpointLog(raw.SQLITE_CHECKPOINT_PASSIVE);
        if (inLog < LongLogFrames)
        {
            _readers.ReleaseSnapshots(draining: false);
            return;
        }
        lock (_writeLock)
        {
            _readers.ReleaseSnapshots(draining: true);
            try
            {
                _session.CheckpointLog(raw.SQLITE_CHECKPOINT_RESTART);
            }
            finally
            {
                _readers.ReleaseSnapshots(draining: false);
            }
        }
    }
}
