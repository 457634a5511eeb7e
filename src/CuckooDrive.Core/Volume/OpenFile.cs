namespace CuckooDrive.Core.Volume;

/// <summary>An open regular file. Read positions are hints only, so races on them are harmless.</summary>
internal sealed class OpenFile(Inode inode, OpenOptions options)
{
    public Inode Inode { get; } = inode;

    public bool CanWrite { get; } = options.HasFlag(OpenOptions.Write);

    /// <summary>The reader bypasses the page cache.</summary>
    public bool IsDirect { get; } = options.HasFlag(OpenOptions.Direct);

    /// <summary>Where the last read ended: a read that begins there is sequential.</summary>
    public long LastReadEnd;

    /// <summary>How far chunks have been fetched ahead.</summary>
    public long PrefetchedTo;
}
