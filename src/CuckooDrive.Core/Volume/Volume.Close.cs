namespace CuckooDrive.Core.Volume;

/// <summary>The end of a volume: the last commit, and what is said when not all of it could be stored.</summary>
public sealed partial class Volume
{
    /// <summary>Commits everything and stops. Open files are closed; the file system must not be used any more.</summary>
    /// <exception cref="IOException">The commit failed, or data could not be stored and is lost.</exception>
    public async ValueTask DisposeAsync()
    {
        if (_stopping.IsCancellationRequested)
            return;
        _reaper.Writer.Complete();
        await _reaping.ConfigureAwait(false);
        try
        {
            lock (_gate)
            {
                foreach (var inode in _dirtyData)
                    inode.Awaited = null;
                RecordAccessTimes();
            }
            if (!_options.IsReadOnly)
            {
                await CommitLastAsync().ConfigureAwait(false);
                ThrowIfDataIsLeft();
            }
        }
        finally
        {
            await _stopping.CancelAsync().ConfigureAwait(false);
            Signal();
            // A commit that has just begun waits for the flush workers.
            _committer.Join();
            _flushQueue.Stop();
            EndStores();
            foreach (var worker in _workers)
                worker.Join();
            _nameHasher.Dispose();
        }
    }

    /// <summary>Nobody runs anything again after this one: its failure must not sound as if that would help.</summary>
    private async Task CommitLastAsync()
    {
        try
        {
            await CommitAsync(sealPacks: false, hook: null, CancellationToken.None).ConfigureAwait(false);
        }
        catch (IOException exception)
        {
            throw new IOException($"The last changes could not be stored on the local disk and are lost: {exception.Message.TrimEnd('.')}; the log says why.", exception);
        }
    }

    /// <summary>A commit succeeds also when the staging disk takes no data: it goes on with what there is.</summary>
    private void ThrowIfDataIsLeft()
    {
        var files = SnapshotDirty().Count(HasDirtyData);
        if (files > 0)
            throw new IOException($"Data of {files} files could not be stored on the local disk and is lost; the log says why.");
    }

    private static bool HasDirtyData(Inode inode)
    {
        lock (inode.DataLock)
            return inode.Dirty is { IsEmpty: false };
    }
}
