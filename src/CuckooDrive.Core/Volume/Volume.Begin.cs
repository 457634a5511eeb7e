namespace CuckooDrive.Core.Volume;

/// <summary>What operations wait for while commits fail: nothing is said to have been done that would be lost.</summary>
public sealed partial class Volume
{
    /// <summary>Why the last commit failed, if it did: nothing new is begun before another has succeeded.</summary>
    private volatile FsError _commitError;

    /// <summary>When the first of the commits that have failed since one succeeded did so. Written before <see cref="_commitError"/>.</summary>
    private long _commitsFailSince;

    /// <summary>
    /// Runs an operation that makes something new. It waits for a commit while commits fail, and when there are too many
    /// inodes that none holds yet: programs that make files faster than they can be recorded would fill the memory with them.
    /// </summary>
    private ValueTask<FsResult<TResult>> Begin<TOperation, TResult>(TOperation operation)
        where TOperation : struct, IOperation<TResult> =>
        _commitError != FsError.None || HasTooManyChanges ? BeginAfterCommitAsync<TOperation, TResult>(operation) : Execute<TOperation, TResult>(operation);

    /// <summary>
    /// Runs an operation that changes what is there, and may make room: that goes on while commits merely find none. A store that has
    /// failed otherwise may take nothing until the next mount, and whatever is said to have been done is lost there.
    /// </summary>
    private ValueTask<FsResult<TResult>> Change<TOperation, TResult>(TOperation operation)
        where TOperation : struct, IOperation<TResult> =>
        TakesChanges ? Execute<TOperation, TResult>(operation) : BeginAfterCommitAsync<TOperation, TResult>(operation);

    private bool TakesChanges => _commitError is FsError.None or FsError.NoSpace;

    /// <summary>Read without the gate: the limit is no exact one.</summary>
    private bool HasTooManyChanges => _changed.Count >= _options.ChangedInodeLimit;

    private async ValueTask<FsResult<TResult>> BeginAfterCommitAsync<TOperation, TResult>(TOperation operation)
        where TOperation : struct, IOperation<TResult>
    {
        do
        {
            var error = await TryCommitAsync(CancellationToken.None).ConfigureAwait(false);
            if (error != FsError.None)
                return error;
        }
        while (HasTooManyChanges);
        return await Execute<TOperation, TResult>(operation).ConfigureAwait(false);
    }

    /// <summary>Waits for a commit, and tells why it failed if it did.</summary>
    private async Task<FsError> TryCommitAsync(CancellationToken cancellationToken)
    {
        try
        {
            await CommitAsync(sealPacks: false, hook: null, cancellationToken).ConfigureAwait(false);
            return FsError.None;
        }
        catch (IOException exception)
        {
            return ToError(exception);
        }
    }

    /// <summary>
    /// While commits fail: waits for one that does not. The error says that they have failed for too long. Most writes are the kernel's,
    /// which drops the pages of one that is refused.
    /// </summary>
    private async Task<FsError> WaitForCommitsAsync(CancellationToken cancellationToken)
    {
        while (_commitError != FsError.None)
        {
            var error = await TryCommitAsync(cancellationToken).ConfigureAwait(false);
            if (error != FsError.None && _time.GetElapsedTime(Volatile.Read(ref _commitsFailSince)) >= _options.WritePatience)
                return error;
        }
        return FsError.None;
    }
}
