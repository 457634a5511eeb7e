using Microsoft.Extensions.Logging;

namespace CuckooDrive.Core.Volume;

/// <summary>
/// Loads the upper levels of the tree right after a mount, before anybody asks: who looks first (a file manager, git, a backup) finds them in
/// memory, and the code that loads them ready.
/// </summary>
public sealed partial class Volume
{
    /// <summary>About how many inodes: a quarter of the usual <see cref="VolumeOptions.InodeCacheLimit"/>, loaded in about 50 ms.</summary>
    private const int HeadStartInodes = 8192;

    /// <summary>Begins to load. Never waits, never fails; ends by itself, or when the volume is closed.</summary>
    public void BeginHeadStart() => StartThread("head start", LoadUpperLevels);

    private void LoadUpperLevels()
    {
        try
        {
            var waiting = new Queue<ulong>([IFileSystem.RootInode]);
            if (!Load(new Miss { Kind = MissKind.Inode, Inode = IFileSystem.RootInode }))
                return;
            for (var loaded = 0; loaded < HeadStartInodes && !_stopping.IsCancellationRequested && waiting.TryDequeue(out var directory);)
            {
                if (IsWorthLoading(directory))
                    Load(new Miss { Kind = MissKind.DirectoryAndInodes, Inode = directory });
                loaded += AddSubdirectories(directory, waiting);
            }
        }
        catch (Exception exception)
        {
            // The root of a thread: only the head start is lost, and a look that fails says so to its own caller.
            _log.LogDebug(exception, "The upper directories were not loaded ahead.");
        }
    }

    private bool IsWorthLoading(ulong directory)
    {
        lock (_gate)
            return _inodes.GetValueOrDefault(directory) is { EntryCount: > 0 } inode && IsLoadedWhole(inode) && _inodes.Count < _options.InodeCacheLimit / 2;
    }

    /// <summary>Returns the number of entries of a directory that is in memory, and adds those that are directories.</summary>
    private int AddSubdirectories(ulong directory, Queue<ulong> waiting)
    {
        lock (_gate)
        {
            if (_inodes.GetValueOrDefault(directory)?.Directory is not { IsComplete: true } node)
                return 0;
            foreach (var subdirectory in node.Subdirectories())
                waiting.Enqueue(subdirectory);
            return node.Count;
        }
    }
}
