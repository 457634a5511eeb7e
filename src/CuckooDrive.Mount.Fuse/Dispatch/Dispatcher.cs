using CuckooDrive.Core.Volume;
using CuckooDrive.Mount.Fuse.Native;
using CuckooDrive.Mount.Fuse.Protocol;
using CuckooDrive.Mount.Fuse.Session;
using Microsoft.Extensions.Logging;

namespace CuckooDrive.Mount.Fuse.Dispatch;

/// <summary>
/// Translates requests of the kernel to calls of the file system and results to answers; decides nothing else.
/// </summary>
/// <remarks>
/// A call that completes at once is answered on the reader's own thread; any other leaves the reader with its request and
/// is answered by the thread that completes it. Thread safe.
/// </remarks>
internal sealed partial class Dispatcher
{
    private readonly IFileSystem _fileSystem;
    private readonly RequestPool _requests;
    private readonly PendingRequests _pending;
    private readonly ILogger _logger;
    private bool _hasRefusedData;

    public Dispatcher(IFileSystem fileSystem, RequestPool requests, PendingRequests pending, ILogger logger)
    {
        _fileSystem = fileSystem;
        _requests = requests;
        _pending = pending;
        _logger = logger;
        _replyEntry = ReplyEntry;
        _replyCreated = ReplyCreated;
        _replyOpened = ReplyOpened;
        _replyDirectoryOpened = ReplyDirectoryOpened;
    }

    /// <summary>What INIT has agreed on: some requests have another form with it. Set before the first request.</summary>
    public InitFlags Agreed { get; set; }

    /// <returns>True when the request is done with; false when it will be answered later and belongs to that answer.</returns>
    public bool Dispatch(Request request)
    {
        switch (request.Header.Opcode)
        {
            case Opcode.Lookup: return Lookup(request);
            case Opcode.Forget: return Forget(request);
            case Opcode.BatchForget: return BatchForget(request);
            case Opcode.GetAttr: return GetAttributes(request);
            case Opcode.Access: return Access(request);
            case Opcode.SetAttr: return SetAttributes(request);
            case Opcode.StatX: return StatX(request);
            case Opcode.ReadLink: return ReadLink(request);
            case Opcode.SymLink: return MakeSymbolicLink(request);
            case Opcode.MkNod: return MakeNode(request);
            case Opcode.MkDir: return MakeDirectory(request);
            case Opcode.Unlink: return Unlink(request);
            case Opcode.RmDir: return RemoveDirectory(request);
            case Opcode.Rename: return Rename(request);
            case Opcode.Rename2: return RenameWithFlags(request);
            case Opcode.Link: return Link(request);
            case Opcode.Open: return Open(request);
            case Opcode.Create: return Create(request);
            case Opcode.TmpFile: return CreateUnnamed(request);
            case Opcode.Read: return Read(request);
            case Opcode.Write: return Write(request);
            // close(2): the kernel has sent its dirty pages before it asks, and remembers that there is nothing else to be done:
            // one request less for each close. Errors of that write-back are the kernel's to report, later ones fsync's.
            case Opcode.Flush: return Done(request, Errno.ENOSYS);
            case Opcode.Release: return Release(request);
            case Opcode.FSync: return Sync(request);
            case Opcode.FSyncDir: return Sync(request);
            case Opcode.SyncFs: return SyncAll(request);
            case Opcode.FAllocate: return Allocate(request);
            case Opcode.LSeek: return Seek(request);
            case Opcode.CopyFileRange: return CopyRange(request, wide: false);
            case Opcode.CopyFileRange64: return CopyRange(request, wide: true);
            case Opcode.OpenDir: return OpenDirectory(request);
            case Opcode.ReadDir: return ReadDirectory(request, plus: false);
            case Opcode.ReadDirPlus: return ReadDirectory(request, plus: true);
            case Opcode.ReleaseDir: return ReleaseDirectory(request);
            case Opcode.StatFs: return Statistics(request);
            case Opcode.GetXAttr: return GetExtendedAttribute(request);
            case Opcode.SetXAttr: return SetExtendedAttribute(request);
            case Opcode.ListXAttr: return ListExtendedAttributes(request);
            case Opcode.RemoveXAttr: return RemoveExtendedAttribute(request);
            case Opcode.IoCtl: return Done(request, Errno.ENOTTY);
            case Opcode.Destroy: return Done(request, 0);
            // Others (POLL, BMAP, locks, DAX): the kernel then does them itself and does not ask again.
            default: return Done(request, Errno.ENOSYS);
        }
    }

    /// <summary>Answers a request that the file system failed with an exception. Never throws.</summary>
    public void Fail(Request request, Exception exception)
    {
        if (exception is OperationCanceledException && request.Interrupted)
        {
            if (!request.Answered)
                request.ReplyErrno(Errno.EINTR);
            return;
        }
        LogFailed(exception, request.Header.Opcode, request.Header.NodeId);
        if (!request.Answered && request.Header.Opcode is not (Opcode.Forget or Opcode.BatchForget))
            request.ReplyErrno(Errno.EIO);
    }

    /// <summary>Answers a request that comes too late.</summary>
    public bool Refuse(Request request)
    {
        if (request.Header.Opcode == Opcode.Write && !Interlocked.Exchange(ref _hasRefusedData, true))
            LogRefusedData();
        if (request.Header.Opcode is not (Opcode.Forget or Opcode.BatchForget or Opcode.Interrupt))
            request.ReplyErrno(Errno.EIO);
        return true;
    }

    public bool Malformed(Request request)
    {
        LogMalformed(request.Header.Opcode, request.Header.Length);
        if (request.Header.Opcode is not (Opcode.Forget or Opcode.BatchForget or Opcode.Interrupt))
            request.ReplyErrno(Errno.EINVAL);
        return true;
    }

    private static bool Done(Request request, int errno)
    {
        request.ReplyErrno(errno);
        return true;
    }

    private static Caller CallerOf(Request request) => new(request.Header.Uid, request.Header.Gid);

    private bool Finish<T>(Request request, ValueTask<FsResult<T>> task, Action<Request, T> reply)
    {
        if (task.IsCompleted)
        {
            Answer(request, task.GetAwaiter().GetResult(), reply);
            return true;
        }
        _pending.Add(request);
        _ = FinishLaterAsync(request, task, reply);
        return false;
    }

    private bool Finish(Request request, ValueTask<FsError> task)
    {
        if (task.IsCompleted)
            return Done(request, ErrnoTable.ToErrno(task.GetAwaiter().GetResult()));
        _pending.Add(request);
        _ = FinishLaterAsync(request, task);
        return false;
    }

    private static void Answer<T>(Request request, FsResult<T> result, Action<Request, T> reply)
    {
        if (result.Succeeded)
            reply(request, result.Value);
        else
            request.ReplyErrno(ErrnoTable.ToErrno(result.Error));
    }

    private async Task FinishLaterAsync<T>(Request request, ValueTask<FsResult<T>> task, Action<Request, T> reply)
    {
        try
        {
            Answer(request, await task.ConfigureAwait(false), reply);
        }
        catch (Exception exception)
        {
            Fail(request, exception);
        }
        Recycle(request);
    }

    private async Task FinishLaterAsync(Request request, ValueTask<FsError> task)
    {
        try
        {
            request.ReplyErrno(ErrnoTable.ToErrno(await task.ConfigureAwait(false)));
        }
        catch (Exception exception)
        {
            Fail(request, exception);
        }
        Recycle(request);
    }

    private void Recycle(Request request)
    {
        request.ReleaseReply();
        if (request.LargeInput is { } input)
        {
            request.LargeInput = null;
            input.Release();
        }
        // Removed before it may be used again, and last of all before that: the end of the session waits for it.
        _pending.Remove(request);
        _requests.Return(request);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Opcode} of inode {Inode} failed unexpectedly; the caller gets EIO.")]
    private partial void LogFailed(Exception exception, Opcode opcode, ulong inode);

    [LoggerMessage(Level = LogLevel.Error, Message = "The kernel still had data of open files long after the end of the mount began; it is refused, and lost.")]
    private partial void LogRefusedData();

    [LoggerMessage(Level = LogLevel.Warning, Message = "A {Opcode} request of {Length} bytes from the kernel is malformed; it is refused.")]
    private partial void LogMalformed(Opcode opcode, uint length);
}
