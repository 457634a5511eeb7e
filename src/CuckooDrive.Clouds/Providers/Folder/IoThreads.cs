namespace CuckooDrive.Clouds.Providers.Folder;

/// <summary>
/// A few threads of its own for calls that may block on a disk: fsync takes tens of milliseconds and a dead network share
/// hangs for minutes, which must not starve the thread pool that everything else runs on. Threads start on demand and end
/// when idle.
/// </summary>
/// <param name="name">Of the threads.</param>
/// <param name="limit">How many threads at most.</param>
/// <param name="background">Whether what others do on the machine comes first: nobody waits for an upload.</param>
internal sealed class IoThreads(string name, int limit, bool background) : IDisposable
{
    private static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(10);

    /// <summary>How long a cancelled caller waits for its call to notice, before it leaves it behind.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);

    private readonly Queue<Action> _queue = new();
    private int _threads;
    private int _idle;
    private bool _closed;

    /// <summary>
    /// Runs the work on one of the threads. Work that hangs in the system is left behind a moment after cancellation: it must
    /// touch nothing then that belongs to the caller.
    /// </summary>
    public async Task<T> RunAsync<T>(Func<T> work, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var completion = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Enqueue(() =>
        {
            // Given up while it waited behind calls that hang: nobody expects its effect any more, which may come after that of a later call.
            if (cancellationToken.IsCancellationRequested)
            {
                completion.SetCanceled(cancellationToken);
                return;
            }
            try
            {
                completion.SetResult(work());
            }
            catch (Exception exception)
            {
                completion.SetException(exception);
            }
        });

        var task = completion.Task;
        try
        {
            return await task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested && !task.IsFaulted)
        {
            if (await Task.WhenAny(task, Task.Delay(Grace, CancellationToken.None)).ConfigureAwait(false) == task)
                return await task.ConfigureAwait(false);
            _ = task.ContinueWith(
                late => late.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            throw;
        }
    }

    /// <summary>Lets the threads end after what is queued. Later calls still run, each on a thread that ends at once.</summary>
    public void Dispose()
    {
        lock (_queue)
        {
            _closed = true;
            Monitor.PulseAll(_queue);
        }
    }

    private void Enqueue(Action work)
    {
        lock (_queue)
        {
            _queue.Enqueue(work);
            if (_idle >= _queue.Count || _threads == limit)
            {
                Monitor.Pulse(_queue);
                return;
            }
            _threads++;
        }
        new Thread(Loop) { IsBackground = true, Name = name }.Start();
    }

    private void Loop()
    {
        if (background)
            Libc.StepBack();
        while (Next() is { } work)
            work();
    }

    private Action? Next()
    {
        lock (_queue)
        {
            while (_queue.Count == 0)
            {
                _idle++;
                var woken = !_closed && Monitor.Wait(_queue, IdleTime);
                _idle--;
                if (!woken && _queue.Count == 0)
                {
                    _threads--;
                    return null;
                }
            }
            return _queue.Dequeue();
        }
    }
}
