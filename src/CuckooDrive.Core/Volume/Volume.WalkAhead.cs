using Microsoft.Extensions.Logging;

namespace CuckooDrive.Core.Volume;

/// <summary>
/// Loads directories before a walk comes to them: whoever lists one directory after another (find, du, git status, a backup) goes
/// on to the next one beside it while this one is still being looked at.
/// </summary>
public sealed partial class Volume
{
    /// <summary>How many directories are loaded ahead: few enough that little is for nothing when the walk ends early.</summary>
    private const int WalkAheadDirectories = 16;

    private bool _isWalkingAhead;

    /// <summary>After a directory was loaded: loads the next ones beside it, if others of them are in memory already.</summary>
    private void WalkAhead(ulong from)
    {
        List<ulong> next;
        lock (_gate)
        {
            if (_isWalkingAhead || _inodes.Count + WholeDirectory > _options.InodeCacheLimit)
                return;
            next = NextOnWalk(from);
            _isWalkingAhead = next.Count > 0;
        }
        if (next.Count > 0)
            _ = Task.Run(() => LoadAhead(next));
    }

    private void LoadAhead(List<ulong> directories)
    {
        try
        {
            foreach (var directory in directories)
                Load(new Miss { Kind = MissKind.DirectoryAndInodes, Inode = directory });
        }
        catch (Exception exception)
        {
            // The root of a task: only the head start is lost, and a listing that fails says so to its own caller.
            _log.LogDebug(exception, "Directories were not loaded ahead.");
        }
        finally
        {
            lock (_gate)
                _isWalkingAhead = false;
        }
    }

    /// <summary>Small directories beside this one that are not in memory, in the order of a listing. Empty when nobody is on a walk.</summary>
    private List<ulong> NextOnWalk(ulong from)
    {
        if (_inodes.GetValueOrDefault(from) is not { } here || _inodes.GetValueOrDefault(here.Parent)?.Directory is not { IsComplete: true, Count: <= WholeDirectory } parent)
            return [];
        var siblings = parent.Subdirectories();
        var place = siblings.IndexOf(from);
        if (place < 0)
            return [];
        // The first one of all may be the beginning of a walk; later on, others must have been visited before.
        var isWalk = place == 0;
        var next = new List<ulong>(WalkAheadDirectories);
        for (var i = 1; i < siblings.Count; i++)
        {
            if (_inodes.GetValueOrDefault(siblings[(place + i) % siblings.Count]) is not { EntryCount: > 0 and <= WholeDirectory } sibling)
                continue;
            if (sibling.Directory is { IsComplete: true })
                isWalk = true;
            else if (next.Count < WalkAheadDirectories)
                next.Add(sibling.Number);
        }
        return isWalk ? next : [];
    }
}
