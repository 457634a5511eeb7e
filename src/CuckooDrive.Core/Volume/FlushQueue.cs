namespace CuckooDrive.Core.Volume;

/// <summary>
/// Dirty extents on their way into chunks, in order, with tickets to wait for: everything queued before a moment is done when
/// all tickets up to the last one handed out by then are. Thread safe.
/// </summary>
internal sealed class FlushQueue
{
    /// <summary>What one worker takes at a time: many small extents, or one large one.</summary>
    private const int BatchBytes = DirtyData.CellSize;
    private const int BatchExtents = Chunks.IChunkStore.MaximumBatch;

    // A monitor: its waiters sleep at once, where semaphores of .NET spin first, which two cores cannot afford.
    private readonly object _lock = new();
    private readonly Queue<(long Ticket, DirtyExtent Extent)> _waiting = new();

    /// <summary>Batches that have been taken, each by its first ticket: a few, one for each worker.</summary>
    private readonly List<long> _inFlight = [];
    private readonly List<(long Ticket, TaskCompletionSource Done)> _waiters = [];
    private long _lastTicket;
    private long _waitingBytes;
    private bool _stopped;

    /// <summary>Capacity of the buffers that no worker has taken yet.</summary>
    public long WaitingBytes => Volatile.Read(ref _waitingBytes);

    public void Enqueue(List<DirtyExtent> extents)
    {
        if (extents.Count == 0)
            return;
        lock (_lock)
        {
            // All or none.
            _waiting.EnsureCapacity(_waiting.Count + extents.Count);
            foreach (var extent in extents)
            {
                _waiting.Enqueue((++_lastTicket, extent));
                _waitingBytes += extent.Capacity;
            }
            if (extents.Count == 1)
                Monitor.Pulse(_lock);
            else
                Monitor.PulseAll(_lock);
        }
    }

    /// <summary>A batch of extents that the caller flushes by itself, at once, and completes.</summary>
    public FlushBatch TakeOwn(List<DirtyExtent> extents)
    {
        lock (_lock)
        {
            var first = _lastTicket + 1;
            _lastTicket += extents.Count;
            _inFlight.Add(first);
            return new FlushBatch(first, extents);
        }
    }

    /// <summary>Lets all <see cref="TryTake"/> end; what is still queued stays dirty.</summary>
    public void Stop()
    {
        lock (_lock)
        {
            _stopped = true;
            Monitor.PulseAll(_lock);
        }
    }

    /// <summary>
    /// Waits for extents and moves the next few into <paramref name="extents"/>, which the batch keeps until
    /// <see cref="Complete"/>. False when stopped.
    /// </summary>
    public bool TryTake(List<DirtyExtent> extents, out FlushBatch batch)
    {
        extents.Clear();
        batch = default;
        lock (_lock)
        {
            while (_waiting.Count == 0 && !_stopped)
                Monitor.Wait(_lock);
            if (_stopped)
                return false;
            var first = _waiting.Peek().Ticket;
            var bytes = 0;
            while (extents.Count < BatchExtents && _waiting.TryPeek(out var next) && (bytes += next.Extent.Length) <= BatchBytes)
            {
                _waitingBytes -= next.Extent.Capacity;
                extents.Add(_waiting.Dequeue().Extent);
            }
            _inFlight.Add(first);
            batch = new FlushBatch(first, extents);
            return true;
        }
    }

    public void Complete(in FlushBatch batch)
    {
        lock (_lock)
        {
            _inFlight.Remove(batch.Ticket);
            if (_waiters.Count == 0)
                return;
            var lowest = _waiting.TryPeek(out var next) ? next.Ticket : long.MaxValue;
            foreach (var ticket in _inFlight)
                lowest = Math.Min(lowest, ticket);
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
            if (_waiting.Count == 0 && _inFlight.Count == 0)
                return Task.CompletedTask;
            var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiters.Add((_lastTicket, done));
            return done.Task;
        }
    }
}

/// <summary>Extents that are flushed together.</summary>
/// <param name="Ticket">The lowest of their tickets.</param>
internal readonly record struct FlushBatch(long Ticket, List<DirtyExtent> Extents);
