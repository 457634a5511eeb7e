namespace CuckooDrive.Core.Chunks;

/// <summary>
/// How many reads of one cloud run at a time; the others wait here. Over a slow line all that run share it, and each of very many would
/// take so long that none could be told from one that hangs. Thread safe.
/// </summary>
internal sealed class ReadWindow(TimeProvider time)
{
    private const int First = 8;
    private const int Least = 2;
    private const int Most = 64;

    private readonly Lock _gate = new();
    private readonly Queue<TaskCompletionSource> _waiting = [];
    private readonly AdaptiveLimit _limit = new(First, Least, Most, good: TimeSpan.FromSeconds(1), late: TimeSpan.FromSeconds(3), time);
    private int _running;

    public int Limit
    {
        get
        {
            lock (_gate)
                return (int)_limit.Value;
        }
    }

    /// <summary>Runs a read when there is room. One that is cancelled counts no more, also when it goes on.</summary>
    public async Task<T> RunAsync<T>(Func<CancellationToken, Task<T>> read, CancellationToken cancellationToken)
    {
        await EnterAsync(cancellationToken).ConfigureAwait(false);
        var begun = time.GetTimestamp();
        var ended = 0;
        void Leave()
        {
            if (Interlocked.Exchange(ref ended, 1) == 0)
                this.Leave(begun);
        }
        try
        {
            await using (cancellationToken.UnsafeRegister(static leave => ((Action)leave!)(), (Action)Leave).ConfigureAwait(false))
                return await read(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Leave();
        }
    }

    private async ValueTask EnterAsync(CancellationToken cancellationToken)
    {
        TaskCompletionSource turn;
        lock (_gate)
        {
            if (_running < _limit.Value)
            {
                _running++;
                return;
            }
            turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Enqueue(turn);
        }
        await using (cancellationToken.UnsafeRegister(static (turn, token) => ((TaskCompletionSource)turn!).TrySetCanceled(token), turn).ConfigureAwait(false))
            await turn.Task.ConfigureAwait(false);
    }

    private void Leave(long begun)
    {
        lock (_gate)
        {
            _running--;
            _limit.Judge(begun, gain: 1);
            // Who was cancelled while it waited is passed over.
            while (_running < _limit.Value && _waiting.TryDequeue(out var next))
                _running += next.TrySetResult() ? 1 : 0;
        }
    }
}
