using System.Runtime.InteropServices;
using CuckooDrive.Mount.Fuse.Mounting;
using CuckooDrive.Mount.Fuse.Native;
using Microsoft.Extensions.Logging;

namespace CuckooDrive.Mount.Fuse.Session;

/// <summary>
/// Has the kernel begin to hand over large new files while programs still write them. By itself it begins when a tenth of the memory is
/// dirty, after seconds, or with fsync and close: a gigabyte is then written first and stored after that, where both could
/// go on at a time. Only what a file has grown by is asked for: pages that are written again and again stay where they are. For root's mounts
/// (CAP_DAC_READ_SEARCH); of others the kernel takes pages early anyway (docs/decisions/0002). Thread safe.
/// </summary>
/// <remarks>
/// The process touches its own mount here, which would be deadly elsewhere. It does so from a thread with a table of descriptors of its own, in which
/// /dev/fuse is not: when the process is killed while that thread waits for an answer, the last descriptor of /dev/fuse is closed all the same,
/// the connection ends, and with it the wait. Nothing is kept open, so that nobody who unmounts finds the mount busy.
/// </remarks>
internal sealed partial class EarlyWriteback(string mountPoint, string device, ILogger logger)
{
    private const int FirstDelay = 20;
    private const int LongestDelay = 2_000;

    /// <summary>How long the thread goes on looking when no file is being made, so that it need not be woken for each of many.</summary>
    private const int Linger = 1_000;

    /// <summary>The least that a file must have grown by: the kernel's largest request.</summary>
    private const long Unit = Buffers.MaximumTransfer;

    /// <summary>How many times it is asked again when a file grows no more: the kernel begins nothing while much is under way.</summary>
    private const int Repeats = 4;

    private readonly object _gate = new();
    private readonly Dictionary<ulong, GrowingFile> _files = [];
    private readonly List<GrowingFile> _due = [];
    private Thread? _thread;
    private bool _isAsleep;
    private bool _isStopped;

    public void Start()
    {
        _thread = new Thread(Run) { IsBackground = true, Name = "early writeback" };
        _thread.Start();
    }

    /// <summary>A regular file was made and is open under this handle.</summary>
    public void Created(ulong inode, ulong generation, ulong handle)
    {
        lock (_gate)
        {
            if (_isStopped)
                return;
            _files[inode] = new GrowingFile { Inode = inode, Generation = (uint)generation, Handle = handle, Delay = FirstDelay, Due = Environment.TickCount64 + FirstDelay };
            if (_isAsleep)
                Monitor.Pulse(_gate);
        }
    }

    public void Released(ulong inode, ulong handle)
    {
        lock (_gate)
        {
            if (_files.TryGetValue(inode, out var file) && file.Handle == handle)
                _files.Remove(inode);
        }
    }

    /// <summary>Nothing is begun any more.</summary>
    public void BeginStop()
    {
        lock (_gate)
        {
            _isStopped = true;
            _files.Clear();
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>Waits for the thread, after the connection has ended or while somebody answers.</summary>
    public void Join() => _thread?.Join();

    private void Run()
    {
        if (!OwnDescriptors.TryLeaveOthers())
        {
            LogNotStarted(logger, "the thread gets no descriptors of its own");
            BeginStop();
            return;
        }
        while (WaitForDue())
        {
            foreach (var file in _due)
            {
                if (TryLook(file))
                    continue;
                BeginStop();
                return;
            }
        }
    }

    /// <summary>Fills the list of files to look at; false at the end.</summary>
    private bool WaitForDue()
    {
        _due.Clear();
        lock (_gate)
        {
            var idleSince = Environment.TickCount64;
            while (!_isStopped)
            {
                var now = Environment.TickCount64;
                foreach (var file in _files.Values)
                {
                    if (file.Due <= now)
                        _due.Add(file);
                }
                if (_due.Count > 0)
                    return true;
                _isAsleep = _files.Count == 0 && now - idleSince > Linger;
                if (_isAsleep)
                    Monitor.Wait(_gate);
                else
                    Monitor.Wait(_gate, FirstDelay);
                _isAsleep = false;
            }
            return false;
        }
    }

    /// <summary>False when this cannot be done here at all.</summary>
    private bool TryLook(GrowingFile file)
    {
        // Not for the path only: the system takes no such descriptor for the next step.
        var mount = Libc.Open(mountPoint, Libc.OpenCloseOnExec);
        if (mount < 0)
            return true;
        try
        {
            var name = new FuseFileHandle { InodeHigh = (uint)(file.Inode >> 32), InodeLow = (uint)file.Inode, Generation = file.Generation };
            // A look asks nothing about the file itself.
            var path = Libc.OpenByHandle(mount, ref name, Libc.OpenPathOnly | Libc.OpenCloseOnExec);
            if (path < 0)
                return Forget(file);
            var size = SizeOf(path);
            _ = Libc.Close(path);
            var end = size / Unit * Unit;
            var hasGrown = end - file.Begun >= Unit;
            (file.Begun, file.Delay, file.Repeats) = hasGrown
                ? (end, FirstDelay, Repeats)
                : (file.Begun, Math.Min(file.Delay * 2, LongestDelay), Math.Max(-1, file.Repeats - 1));
            if (file.Repeats >= 0)
                Begin(mount, ref name, file.Begun);
            file.Due = Environment.TickCount64 + file.Delay;
            return true;
        }
        finally
        {
            _ = Libc.Close(mount);
        }
    }

    private static void Begin(int mount, ref FuseFileHandle name, long end)
    {
        var file = Libc.OpenByHandle(mount, ref name, Libc.OpenCloseOnExec);
        if (file < 0)
            return;
        // Only begins; an error of the writing itself is for the one who syncs or closes the file.
        _ = Libc.SyncFileRange(file, 0, end, Libc.SyncFileRangeWrite);
        _ = Libc.Close(file);
    }

    /// <summary>As the kernel knows it, who owns it while there are dirty pages; 0 when the path now leads to another file system.</summary>
    private unsafe long SizeOf(int path)
    {
        Statx found;
        if (Libc.Statx(path, "", Libc.AtEmptyPath | Libc.AtStatxDoNotSync, Libc.StatxSize, &found) != 0)
            return 0;
        return MountDevice.Of(in found) == device ? (long)Math.Min(found.Size, long.MaxValue) : 0;
    }

    /// <summary>False when the system refuses handles to this process.</summary>
    private bool Forget(GrowingFile file)
    {
        var errno = Marshal.GetLastPInvokeError();
        Released(file.Inode, file.Handle);
        if (errno is not (Errno.EPERM or Errno.EACCES or Errno.EOPNOTSUPP or Errno.ENOSYS))
            return true;
        LogNotStarted(logger, $"files cannot be opened by handle (errno {errno})");
        return false;
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "Large files are handed over when the kernel likes: {Reason}.")]
    private static partial void LogNotStarted(ILogger logger, string reason);

    private sealed class GrowingFile
    {
        public required ulong Inode { get; init; }

        public required uint Generation { get; init; }

        public required ulong Handle { get; init; }

        /// <summary>Milliseconds between two looks: longer and longer while it does not grow.</summary>
        public required int Delay { get; set; }

        public required long Due { get; set; }

        /// <summary>Up to where the kernel was asked to begin.</summary>
        public long Begun { get; set; }

        /// <summary>Negative: there is nothing to ask for again.</summary>
        public int Repeats { get; set; } = -1;
    }
}
