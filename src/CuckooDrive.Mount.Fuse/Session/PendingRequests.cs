using CuckooDrive.Mount.Fuse.Protocol;

namespace CuckooDrive.Mount.Fuse.Session;

/// <summary>Requests that were not answered at once: what INTERRUPT finds, and what the end of a session waits for. Thread safe.</summary>
internal sealed class PendingRequests
{
    /// <summary>How long a caller that is killed while it is watched may have to wait.</summary>
    private static readonly TimeSpan WatchInterval = TimeSpan.FromMilliseconds(100);

    private readonly Dictionary<ulong, Request> _requests = [];
    private TaskCompletionSource? _drained;

    /// <summary>
    /// Whether the kernel may send more requests because of one of these: data on its way to the file system holds back more,
    /// and a search for data has the kernel write out its pages.
    /// </summary>
    public bool BringRequests
    {
        get
        {
            lock (_requests)
                return _requests.Values.Any(static request => request.Header.Opcode is Opcode.Write or Opcode.LSeek);
        }
    }

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

    /// <summary>
    /// The caller of a request has got a signal. Only when that ends the caller the request is cancelled: programs do not
    /// expect a read, a write or an fsync of a file to be interrupted, databases take it for a broken disk. The kernel
    /// tells of a request's first signal only, so a caller that got a harmless one is watched for as long as it waits.
    /// </summary>
    /// <returns>False when the request is not here: already answered, or not yet registered.</returns>
    public bool Interrupt(ulong unique)
    {
        lock (_requests)
        {
            if (!_requests.TryGetValue(unique, out var request))
                return false;
            _ = Task.Run(() => CancelWhenCallerDiesAsync(unique, request.Header.Pid));
            return true;
        }
    }

    /// <summary>They end in their own time; those that come later are not touched.</summary>
    public void CancelAll()
    {
        lock (_requests)
        {
            foreach (var request in _requests.Values)
                CancelLater(request);
        }
    }

    /// <summary>Cancels all and completes when the last has ended.</summary>
    public Task CancelAllAndDrainAsync()
    {
        lock (_requests)
        {
            if (_requests.Count == 0)
                return Task.CompletedTask;
            CancelAll();
            _drained ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _drained.Task;
        }
    }

    private async Task CancelWhenCallerDiesAsync(ulong unique, uint caller)
    {
        while (true)
        {
            var dying = WaitingThread.IsBeingKilled(caller);
            lock (_requests)
            {
                // The kernel never uses a number again.
                if (!_requests.TryGetValue(unique, out var request))
                    return;
                if (dying)
                {
                    CancelLater(request);
                    return;
                }
            }
            await Task.Delay(WatchInterval).ConfigureAwait(false);
        }
    }

    /// <summary>Continuations run on the thread pool, never on the calling thread.</summary>
    private static void CancelLater(Request request)
    {
        if (request.Interrupted)
            return;
        request.Interrupted = true;
        ThreadPool.UnsafeQueueUserWorkItem(static item => item.Cancel(), request, preferLocal: false);
    }
}
