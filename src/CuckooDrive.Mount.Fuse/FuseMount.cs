using CuckooDrive.Core.Volume;
using CuckooDrive.Mount.Fuse.Mounting;
using CuckooDrive.Mount.Fuse.Native;
using CuckooDrive.Mount.Fuse.Session;
using Microsoft.Extensions.Logging;

namespace CuckooDrive.Mount.Fuse;

/// <summary>A file system mounted on Linux over the raw kernel protocol.</summary>
/// <remarks>
/// Thread safe. The process must never touch its own mount (open, stat or list anything in it): a garbage collection
/// that waits for the thread in that call would stop the threads that have to answer it.
/// The file system is not owned: the caller closes it after <see cref="WaitForUnmountAsync"/>.
/// </remarks>
public sealed partial class FuseMount : IAsyncDisposable
{
    private readonly FuseSession _session;
    private readonly ILogger _logger;

    private FuseMount(string mountPoint, FuseSession session, ILogger logger)
    {
        MountPoint = mountPoint;
        _session = session;
        _logger = logger;
    }

    /// <summary>The absolute path.</summary>
    public string MountPoint { get; }

    /// <summary>Mounts and serves from threads of its own; the mount is usable when this returns.</summary>
    /// <exception cref="FuseMountException">With one sentence on what to do.</exception>
    public static FuseMount Mount(IFileSystem fileSystem, string mountPoint, FuseMountOptions options, ILogger logger)
    {
        var path = MountPointCheck.Check(mountPoint);
        var isRoot = Libc.EffectiveUserId() == 0;
        var descriptor = isRoot ? KernelMounter.Mount(path, options) : Fusermount.Mount(path, options);
        var session = new FuseSession(descriptor, fileSystem, logger);
        try
        {
            session.Start(Math.Max(1, options.Readers));
        }
        catch
        {
            Unmounter.Unmount(path, UnmountMode.Lazy);
            throw;
        }
        if (isRoot)
            BackingDeviceTuning.Apply(path, options, logger);
        var mount = new FuseMount(path, session, logger);
        if (fileSystem is IKernelCacheUser user)
        {
            user.KernelCache = mount;
            session.Ended.ContinueWith(_ => user.KernelCache = null, TaskScheduler.Default);
        }
        return mount;
    }

    /// <summary>Completes when the mount has ended, by whomever, and nothing calls the file system any more.</summary>
    public Task WaitForUnmountAsync(CancellationToken cancellationToken = default) => _session.Ended.WaitAsync(cancellationToken);

    /// <summary>Unmounts. With <see cref="UnmountMode.Lazy"/> the mount lives on until its last user is gone.</summary>
    /// <exception cref="FuseMountException">Busy, or not permitted.</exception>
    public void Unmount(UnmountMode mode = UnmountMode.Normal)
    {
        if (_session.Ended.IsCompleted && !MountTable.IsMountPoint(MountPoint))
            return;
        Unmounter.Unmount(MountPoint, mode);
    }

    /// <summary>
    /// Ends the mount whatever it takes: normally if it can be; else, when programs still work in it, writes out what the
    /// kernel holds, takes the mount out of the tree and ends the connection under them.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (_session.Ended.IsCompleted)
            return;
        try
        {
            Unmount();
        }
        catch (FuseMountException exception) when (exception.Failure == FuseMountFailure.NotMounted)
        {
            // Unmounted meanwhile by another: what was wanted.
        }
        catch (FuseMountException)
        {
            await KernelFlush.RunAsync(MountPoint, _logger).ConfigureAwait(false);
            DetachOrLog();
        }
        await _session.StopAsync().ConfigureAwait(false);
    }

    private void DetachOrLog()
    {
        try
        {
            Unmount(UnmountMode.Lazy);
        }
        catch (FuseMountException exception)
        {
            // The connection ends all the same: requests must not reach a drive that is being closed.
            _logger.LogWarning(exception, "{MountPoint} could not be taken out of the tree: {Reason}", MountPoint, exception.Message);
        }
    }
}
