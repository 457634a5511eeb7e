namespace CuckooDrive.Clouds.Providers;

/// <summary>
/// Makes a storage's root before the first call, where <see cref="CloudOpenOptions.CreateRoot"/> asks for it: opening contacts
/// nobody. A failed try is repeated by the next call. Thread safe.
/// </summary>
internal sealed class RootMaker(bool isWanted, Func<CancellationToken, Task> make) : IDisposable
{
    private readonly SemaphoreSlim _gate = new(1);
    private volatile bool _isDone = !isWanted;

    public ValueTask EnsureAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return _isDone ? ValueTask.CompletedTask : MakeAsync(cancellationToken);
    }

    public void Dispose() => _gate.Dispose();

    private async ValueTask MakeAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_isDone)
                return;
            await make(cancellationToken).ConfigureAwait(false);
            _isDone = true;
        }
        finally
        {
            _gate.Release();
        }
    }
}
