namespace CuckooDrive.Mount.Fuse.Session;

/// <summary>Requests that were not answered at once: what INTERRUPT finds, and what the end of a session waits for. Thread safe.</summary>
internal sealed class PendingRequests
{
    private readonly Dictionary<ulong, Request> _requests = [];
    private TaskCompletionSource? _drained;

    public void Add(Request request)
    {
        lock (_requests)
            _requests.Add(request.Header.Unique, request);
    }

    public void Remove(Request request)
    {
        TaskCompletionSource? drained = null;
        lock (_requests)
        {
            _requests.Remove(request.Header.Unique);
            if (_requests.Count == 0)
                drained = _drained;
        }
        drained?.TrySetResult();
    }

    /// <summary>Cancels a request. Continuations run on the thread pool, never on the calling reader.</summary>
    /// <returns>False when it is not here: already answered, or not yet registered.</returns>
    public bool Interrupt(ulong unique)
    {
        lock (_requests)
        {
            if (!_requests.TryGetValue(unique, out var request))
                return false;
            CancelLater(request);
            return true;
        }
    }

    /// <summary>Cancels all and completes when the last has ended.</summary>
    public Task CancelAllAndDrainAsync()
    {
        lock (_requests)
        {
            if (_requests.Count == 0)
                return Task.CompletedTask;
            foreach (var request in _requests.Values)
                CancelLater(request);
            _drained ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _drained.Task;
        }
    }

    private static void CancelLater(Request request)
    {
        if (request.Interrupted)
            return;
        request.Interrupted = true;
        ThreadPool.UnsafeQueueUserWorkItem(static item => item.Cancel(), request, preferLocal: false);
    }
}
