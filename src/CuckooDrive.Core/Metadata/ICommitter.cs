namespace CuckooDrive.Core.Metadata;

/// <summary>
/// The one way in which the store of an open drive changes: the volume's committer. Whoever else keeps rows (checkpoints,
/// the list of clouds) joins one of its commits, so that every commit stays one consistent moment of the whole drive.
/// </summary>
public interface ICommitter
{
    /// <summary>
    /// Flushes what is dirty, commits it durably and returns the commit's sequence number (the last one when nothing had
    /// changed). With <paramref name="sealPacks"/> no pack that this or an earlier commit names is open any more.
    /// </summary>
    Task<long> CommitAsync(bool sealPacks, ICommitHook? hook, CancellationToken cancellationToken);
}

/// <summary>Joins one commit. Both calls are synchronous, short, and must not call the committer.</summary>
public interface ICommitHook
{
    /// <summary>
    /// Adds rows of its own. Called inside the volume's gate, before the chunk store's changes are collected, so chunk
    /// references may be added and removed here. A hook that adds nothing does not make an empty commit happen.
    /// </summary>
    void AddRows(MetadataBatch batch);

    /// <summary>The commit is durable; no later one has begun. Also called when nothing had changed.</summary>
    void Committed(long sequence);
}
