namespace CuckooDrive.Core.Chunks;

/// <summary>
/// How many reads of one cloud run at a time; the others wait here. Over a slow line all that run share it, and each of very many would
/// take so long that none could be told from one that hangs. The number moves as <see cref="PrefetchBudget"/> does: up with each read
/// that ends in good time, down to half when one is late. Thread safe.
/// </summary>
internal sealed class ReadWindow(TimeProvider time)
{
    private const int First = 8;
    private const int Least = 2;
    private const int Most = 64;

    private static readonly TimeSpan Good = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Late = TimeSpan.FromSeconds(3);

    private readonly Lock _gate = new();
    private readonly Queue<TaskCompletionSource> _waiting = [];
    private int _limit = First;
    private int _running;
    private long _halvedAt = long.MinValue;

    public int Limit
    {
        get
        {
            lock (_gate)
                return _limit;
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
            if (_running < _limit)
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
        var took = time.GetElapsedTime(begun);
        lock (_gate)
        {
            _running--;
            // What began before the last halving is late for the same reason.
            if (took >= Late && begun >= _halvedAt)
            {
                _limit = Math.Max(_limit / 2, Least);
                _halvedAt = time.GetTimestamp();
            }
            else if (took < Good)
            {
                _limit = Math.Min(_limit + 1, Most);
            }
            // Who was cancelled while it waited is passed over.
            while (_running < _limit && _waiting.TryDequeue(out var next))
                _running += next.TrySetResult() ? 1 : 0;
        }
    }
}
