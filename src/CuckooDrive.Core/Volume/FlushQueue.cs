namespace CuckooDrive.Core.Volume;

/// <summary>
/// Dirty extents on their way into chunks, in order, with tickets to wait for: everything queued before a moment is done when
/// all tickets up to the last one handed out by then are. Thread safe.
/// </summary>
internal sealed class FlushQueue : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Queue<(long Ticket, DirtyExtent Extent)> _waiting = new();
    private readonly SortedSet<long> _outstanding = [];
    private readonly List<(long Ticket, TaskCompletionSource Done)> _waiters = [];
    private readonly SemaphoreSlim _available = new(0);
    private long _lastTicket;

    public void Enqueue(List<DirtyExtent> extents)
    {
        if (extents.Count == 0)
            return;
        lock (_lock)
        {
            foreach (var extent in extents)
            {
                _outstanding.Add(++_lastTicket);
                _waiting.Enqueue((_lastTicket, extent));
            }
        }
        _available.Release(extents.Count);
    }

    public void Dispose() => _available.Dispose();

    /// <summary>Waits for the next extent; null when cancelled. The caller completes the ticket.</summary>
    public (long Ticket, DirtyExtent Extent)? Take(CancellationToken cancellationToken)
    {
        try
        {
            _available.Wait(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            return null;
        }
        lock (_lock)
            return _waiting.Dequeue();
    }

    public void Complete(long ticket)
    {
        lock (_lock)
        {
            _outstanding.Remove(ticket);
            var lowest = _outstanding.Count > 0 ? _outstanding.Min : long.MaxValue;
            for (var i = _waiters.Count - 1; i >= 0; i--)
            {
                if (_waiters[i].Ticket >= lowest)
                    continue;
                _waiters[i].Done.SetResult();
                _waiters.RemoveAt(i);
            }
        }
    }

    /// <summary>Completes when everything queued so far is done.</summary>
    public Task WhenDrainedAsync()
    {
        lock (_lock)
        {
            if (_outstanding.Count == 0)
                return Task.CompletedTask;
            var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiters.Add((_lastTicket, done));
            return done.Task;
        }
    }
}
