namespace CuckooDrive.Core.Metadata;

/// <summary>
/// A few reading connections for many threads. A reader is borrowed for one call; when all are out the caller waits, which
/// is short since each call is.
/// </summary>
internal sealed class SqliteReaderPool(Func<SqliteReader> open, int maximum) : IDisposable
{
    private readonly SqliteReader[] _idle = new SqliteReader[maximum];
    private readonly object _gate = new();
    private int _idleCount;
    private int _openCount;
    private bool _draining;
    private bool _disposed;

    public SqliteReader Rent()
    {
        lock (_gate)
        {
            while (true)
            {
                ObjectDisposedException.ThrowIf(_disposed, this);
                if (_idleCount > 0)
                    return _idle[--_idleCount];
                if (_openCount < maximum)
                {
                    _openCount++;
                    break;
                }
                Monitor.Wait(_gate);
            }
        }
        try
        {
            return open();
        }
        catch
        {
            lock (_gate)
            {
                _openCount--;
                Monitor.Pulse(_gate);
            }
            throw;
        }
    }

    public void Return(SqliteReader reader)
    {
        lock (_gate)
        {
            if (_draining)
                reader.EndSnapshot();
            if (_disposed)
            {
                reader.Dispose();
                _openCount--;
                Monitor.PulseAll(_gate);
                return;
            }
            _idle[_idleCount++] = reader;
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>
    /// While draining no idle reader keeps a snapshot, so that the log can be restarted as soon as running calls have ended.
    /// Without, only those snapshots are let go that are idle now.
    /// </summary>
    public void ReleaseSnapshots(bool draining)
    {
        lock (_gate)
        {
            _draining = draining;
            for (var i = 0; i < _idleCount; i++)
                _idle[i].EndSnapshot();
        }
    }

    /// <summary>Waits for calls that are running.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            while (_idleCount > 0)
            {
                _idle[--_idleCount].Dispose();
                _openCount--;
            }
            while (_openCount > 0)
                Monitor.Wait(_gate);
        }
    }
}
