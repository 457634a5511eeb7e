using CuckooDrive.Core.Volume;
using CuckooDrive.Mount.Fuse.Protocol;
using CuckooDrive.Mount.Fuse.Session;

namespace CuckooDrive.Mount.Fuse.Dispatch;

/// <summary>Open directories.</summary>
internal sealed partial class Dispatcher
{
    private readonly Action<Request, ulong> _replyDirectoryOpened;

    private bool OpenDirectory(Request request) =>
        Finish(request, _fileSystem.OpenDirectoryAsync(request.Header.NodeId, request.CancellationToken), _replyDirectoryOpened);

    /// <summary>Every change goes through this kernel, so it may keep listings; it drops them itself with each change.</summary>
    private void ReplyDirectoryOpened(Request request, ulong handle)
    {
        var reply = new OpenOut { Handle = handle, Flags = OpenReplyFlags.CacheDirectory | OpenReplyFlags.KeepCache };
        if (request.Reply(in reply) != 0)
            _fileSystem.ReleaseDirectory(request.Header.NodeId, handle);
    }

    private bool ReadDirectory(Request request, bool plus)
    {
        var body = new BodyReader(request.Body);
        if (!body.TryTake(out ReadIn read) || read.Size > Buffers.MaximumTransfer)
            return Malformed(request);
        request.PrepareReply((int)read.Size);
        request.Directory.Begin(request.ReplyPayload, plus);
        var task = _fileSystem.ReadDirectoryAsync(
            request.Header.NodeId, read.Handle, read.Offset, plus, request.Directory, request.CancellationToken);
        // A failure is for the other way too, which gives back what the entries so far hold.
        if (!task.IsCompletedSuccessfully)
        {
            _pending.Add(request);
            _ = FinishDirectoryAsync(request, task);
            return false;
        }
        AnswerDirectory(request, task.GetAwaiter().GetResult());
        return true;
    }

    private async Task FinishDirectoryAsync(Request request, ValueTask<FsError> task)
    {
        try
        {
            AnswerDirectory(request, await task.ConfigureAwait(false));
        }
        catch (Exception exception)
        {
            request.Directory.ForgetEntries(_fileSystem);
            Fail(request, exception);
        }
        Recycle(request);
    }

    private void AnswerDirectory(Request request, FsError error)
    {
        var errno = error == FsError.None
            ? request.ReplyPrepared(request.Directory.Length)
            : request.ReplyErrno(ErrnoTable.ToErrno(error));
        if (error != FsError.None || errno != 0)
            request.Directory.ForgetEntries(_fileSystem);
    }

    private bool ReleaseDirectory(Request request)
    {
        var body = new BodyReader(request.Body);
        if (!body.TryTake(out ReleaseIn release))
            return Malformed(request);
        _fileSystem.ReleaseDirectory(request.Header.NodeId, release.Handle);
        return Done(request, 0);
    }
}
