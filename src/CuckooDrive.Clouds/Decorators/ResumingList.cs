namespace CuckooDrive.Clouds.Decorators;

/// <summary>
/// A list that begins again after a failure and leaves out what it has shown already. Not thread safe.
/// </summary>
internal sealed class ResumingList(ICloudStorage storage, string prefix, CancellationToken cancellationToken) : IAsyncDisposable
{
    private readonly HashSet<string> _shown = new(StringComparer.Ordinal);
    private IAsyncEnumerator<CloudObject>? _list;

    public CloudObject Current => _list!.Current;

    public async ValueTask<bool> MoveNextAsync()
    {
        _list ??= storage.ListAsync(prefix, cancellationToken).GetAsyncEnumerator(cancellationToken);
        try
        {
            while (await _list.MoveNextAsync().ConfigureAwait(false))
            {
                if (_shown.Add(_list.Current.Name))
                    return true;
            }
            return false;
        }
        catch (CloudException failure) when (failure.IsRetryable)
        {
            await _list.DisposeAsync().ConfigureAwait(false);
            _list = null;
            throw;
        }
    }

    public ValueTask DisposeAsync() => _list?.DisposeAsync() ?? ValueTask.CompletedTask;
}
