namespace CuckooDrive.Core.Volume;

/// <summary>
/// Dirty extents on their way into chunks, in order, with tickets to wait for: everything queued before a moment is done when
/// all tickets up to the last one handed out by then are. Thread safe.
/// </summary>
internal sealed class FlushQueue
{
    // A monitor: its waiters sleep at once, where semaphores of .NET spin first, which two cores cannot afford.
    private readonly object _lock = new();
    private readonly Queue<(long Ticket, DirtyExtent Extent)> _waiting = new();
    private readonly SortedSet<long> _outstanding = [];
    private readonly List<(long Ticket, TaskCompletionSource Done)> _waiters = [];
    private long _lastTicket;
    private bool _stopped;

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
            if (extents.Count == 1)
                Monitor.Pulse(_lock);
            else
                Monitor.PulseAll(_lock);
        }
    }

    /// <summary>Takes tickets for extents that the caller flushes by itself, at once.</summary>
    public (long Ticket, DirtyExtent Extent)[] TakeAll(List<DirtyExtent> extents)
    {
        lock (_lock)
        {
            var taken = new (long, DirtyExtent)[extents.Count];
            for (var i = 0; i < taken.Length; i++)
            {
                _outstanding.Add(++_lastTicket);
                taken[i] = (_lastTicket, extents[i]);
            }
            return taken;
        }
    }

    /// <summary>Lets all <see cref="Take"/> end; what is still queued stays dirty.</summary>
    public void Stop()
    {
        lock (_lock)
        {
            _stopped = true;
            Monitor.PulseAll(_lock);
        }
    }

    /// <summary>Waits for the next extent; null when stopped. The caller completes the ticket.</summary>
    public (long Ticket, DirtyExtent Extent)? Take()
    {
        lock (_lock)
        {
            while (_waiting.Count == 0 && !_stopped)
                Monitor.Wait(_lock);
            return _stopped ? null : _waiting.Dequeue();
        }
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
