namespace CuckooDrive.Core.Volume;

/// <summary>
/// Access times, by the rules of relatime and lazytime: that a file was read is worth no commit of its own, which would go to every
/// cloud when somebody looks through a folder of photographs. It is recorded with the file's next change or sync, when many files have
/// been read or some time has passed, and at the end of the mount.
/// </summary>
public sealed partial class Volume
{
    private static readonly long RelativeAccessAge = (long)TimeSpan.FromDays(1).TotalSeconds;

    /// <summary>Inodes of which nothing but the access time is not committed. Under the gate; they stay in memory as long.</summary>
    private readonly List<Inode> _accessed = [];

    private long _accessedSince;

    /// <summary>relatime: the access time moves when it is not newer than the last change, or a day old. Under the gate.</summary>
    private void TouchAccessTime(Inode inode)
    {
        if (_options.IsReadOnly)
            return;
        var access = inode.AccessTime;
        if (access.CompareTo(inode.ModifyTime) > 0 && access.CompareTo(inode.ChangeTime) > 0 && Now.Seconds - access.Seconds < RelativeAccessAge)
            return;
        inode.AccessTime = Now;
        if (inode.IsChanged || inode.IsAccessed)
            return;
        inode.IsAccessed = true;
        if (_accessed.Count == 0)
            _accessedSince = _time.GetTimestamp();
        _accessed.Add(inode);
        if (_accessed.Count >= _options.ChangedInodeLimit / 2)
            RecordAccessTimes();
    }

    /// <summary>Makes them part of the next commit when the oldest has waited long enough. Under the gate.</summary>
    private void RecordOldAccessTimes()
    {
        if (_accessed.Count > 0 && _time.GetElapsedTime(_accessedSince) >= _options.AccessTimeDelay)
            RecordAccessTimes();
    }

    /// <summary>Makes them part of the next commit. Under the gate.</summary>
    private void RecordAccessTimes()
    {
        foreach (var inode in _accessed)
        {
            // Those that changed meanwhile have been, or will be, committed with their access times.
            if (inode.IsAccessed)
                MarkChanged(inode);
        }
        _accessed.Clear();
    }
}
