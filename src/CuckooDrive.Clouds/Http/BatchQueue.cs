namespace CuckooDrive.Clouds.Http;

/// <summary>
/// Gathers what many callers want done, so that one request does it for all who came while the one before was under way. Thread
/// safe.
/// </summary>
/// <param name="most">Items in one request.</param>
/// <param name="run">Does them; returns one result for each, in order: null for success, or its error. Throws what befell all.</param>
internal sealed class BatchQueue<TItem, TResult>(
    int most, Func<IReadOnlyList<TItem>, CancellationToken, Task<IReadOnlyList<BatchResult<TResult>>>> run) : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly Queue<Waiter> _waiting = [];
    private readonly CancellationTokenSource _closing = new();
    private Task _pump = Task.CompletedTask;

    /// <summary>Waits for the item's turn. A caller who gives up may have been served all the same.</summary>
    public async Task<TResult> AddAsync(TItem item, CancellationToken cancellationToken)
    {
        var waiter = new Waiter(item);
        lock (_gate)
        {
            _waiting.Enqueue(waiter);
            // Not on the caller's cancellation: a request serves others, too.
            if (_pump.IsCompleted)
                _pump = Task.Run(PumpAsync, CancellationToken.None);
        }
        try
        {
            return await waiter.Done.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            waiter.IsGivenUp = true;
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        Task pump;
        lock (_gate)
            pump = _pump;
        await _closing.CancelAsync().ConfigureAwait(false);
        await pump.ConfigureAwait(false);
        _closing.Dispose();
    }

    private async Task PumpAsync()
    {
        while (true)
        {
            List<Waiter> batch = [];
            lock (_gate)
            {
                while (batch.Count < most && _waiting.TryDequeue(out var waiter))
                {
                    if (!waiter.IsGivenUp)
                        batch.Add(waiter);
                }
                if (batch.Count == 0)
                {
                    // Under the gate: who comes now starts a new pump.
                    _pump = Task.CompletedTask;
                    return;
                }
            }
            await ServeAsync(batch).ConfigureAwait(false);
        }
    }

    private async Task ServeAsync(List<Waiter> batch)
    {
        try
        {
            var results = await run([.. batch.Select(waiter => waiter.Item)], _closing.Token).ConfigureAwait(false);
            for (var index = 0; index < batch.Count; index++)
            {
                if (results[index].Error is { } error)
                    batch[index].Done.SetException(error);
                else
                    batch[index].Done.SetResult(results[index].Value!);
            }
        }
        catch (Exception exception)
        {
            // Every caller gets it, each as an exception of its own.
            foreach (var waiter in batch)
                waiter.Done.TrySetException(ErrorFor(exception));
        }
    }

    private static Exception ErrorFor(Exception exception) => exception switch
    {
        CloudException failure => new CloudException(failure.Kind, failure.Message, failure) { RetryAfter = failure.RetryAfter },
        OperationCanceledException => new CloudException(CloudErrorKind.Transient, "The storage was closed or the service did not answer in time.", exception),
        _ => exception,
    };

    private sealed class Waiter(TItem item)
    {
        private volatile bool _givenUp;

        public TItem Item => item;

        public TaskCompletionSource<TResult> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool IsGivenUp
        {
            get => _givenUp;
            set => _givenUp = value;
        }
    }
}

/// <summary>What became of one item: a value, or an error.</summary>
internal readonly record struct BatchResult<T>(T? Value, CloudException? Error);
