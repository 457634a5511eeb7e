using System.Runtime.InteropServices;

namespace CuckooDrive.Clouds.Providers.Folder;

/// <summary>
/// Notices when another folder has come to be at the root's path: a disk or share that is unmounted leaves its empty mount point,
/// which must not be taken for a cloud that has lost everything and be filled again. Linux only; elsewhere a volume's path goes
/// with it. Thread safe.
/// </summary>
internal sealed class FolderRoot(string path, TimeProvider time)
{
    /// <summary>Calls fail for so long after a change: all that had begun before hear of it, and whoever comes later looks first.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private Libc.FolderIdentity? _known;
    private long? _changed;

    /// <summary>May block, as every look at a disk.</summary>
    /// <exception cref="CloudException"><see cref="CloudErrorKind.NotFound"/>: it is not the folder that it was, or none.</exception>
    public void Check()
    {
        if (!OperatingSystem.IsLinux())
            return;
        var found = Libc.Identify(path);
        var isMissing = found is null && Marshal.GetLastPInvokeError() == Errno.NoEntry;
        lock (_gate)
        {
            // Not left to the call itself: when it comes to work, another folder may be there.
            if (_known is not null && isMissing)
                throw FolderErrors.RootMissing(path);
            if (_known is not null && found is not null && _known != found)
                _changed = time.GetTimestamp();
            _known = found ?? _known;
            if (_changed is { } changed && time.GetElapsedTime(changed) < Pause)
                throw FolderErrors.RootChanged(path);
        }
    }
}
