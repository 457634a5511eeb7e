using CuckooDrive.Core.Volume;
using CuckooDrive.Mount.Fuse.Native;
using CuckooDrive.Mount.Fuse.Protocol;
using CuckooDrive.Mount.Fuse.Session;

namespace CuckooDrive.Mount.Fuse.Dispatch;

/// <summary>Look-up, creation, removal and renaming of names.</summary>
internal sealed partial class Dispatcher
{
    private readonly Action<Request, Entry> _replyEntry;

    private bool Lookup(Request request)
    {
        var body = new BodyReader(request.Body);
        if (!body.TryTakeName(out var name))
            return Malformed(request);
        var task = _fileSystem.LookupAsync(request.Header.NodeId, name, request.CancellationToken);
        if (!task.IsCompleted)
        {
            _pending.Add(request);
            _ = FinishLookupAsync(request, task);
            return false;
        }
        AnswerLookup(request, task.GetAwaiter().GetResult());
        return true;
    }

    private async Task FinishLookupAsync(Request request, ValueTask<FsResult<Entry>> task)
    {
        try
        {
            AnswerLookup(request, await task.ConfigureAwait(false));
        }
        catch (Exception exception)
        {
            Fail(request, exception);
        }
        Recycle(request);
    }

    private void AnswerLookup(Request request, FsResult<Entry> result)
    {
        if (result.Error == FsError.NotFound)
            request.Reply(AttributeCodec.NegativeEntry);
        else
            Answer(request, result, _replyEntry);
    }

    /// <summary>A kernel that no longer wants the answer has not taken the reference that came with it.</summary>
    private void ReplyEntry(Request request, Entry entry)
    {
        if (request.Reply(AttributeCodec.ToEntryOut(in entry)) != 0)
            _fileSystem.Forget(entry.Attributes.Inode, 1);
    }

    private bool Forget(Request request)
    {
        var body = new BodyReader(request.Body);
        if (!body.TryTake(out ForgetIn forget))
            return Malformed(request);
        _fileSystem.Forget(request.Header.NodeId, forget.Count);
        return true;
    }

    private bool BatchForget(Request request)
    {
        var body = new BodyReader(request.Body);
        if (!body.TryTake(out BatchForgetIn batch))
            return Malformed(request);
        for (var i = 0U; i < batch.Count; i++)
        {
            if (!body.TryTake(out ForgetOne one))
                return Malformed(request);
            _fileSystem.Forget(one.NodeId, one.Count);
        }
        return true;
    }

    private bool MakeNode(Request request)
    {
        var body = new BodyReader(request.Body);
        if (!body.TryTake(out MkNodIn node) || !body.TryTakeName(out var name))
            return Malformed(request);
        return Finish(
            request,
            _fileSystem.MakeNodeAsync(request.Header.NodeId, name, node.Mode, node.Device, CallerOf(request), request.CancellationToken),
            _replyEntry);
    }

    private bool MakeDirectory(Request request)
    {
        var body = new BodyReader(request.Body);
        if (!body.TryTake(out MkDirIn directory) || !body.TryTakeName(out var name))
            return Malformed(request);
        return Finish(
            request,
            _fileSystem.MakeDirectoryAsync(request.Header.NodeId, name, directory.Mode, CallerOf(request), request.CancellationToken),
            _replyEntry);
    }

    private bool MakeSymbolicLink(Request request)
    {
        var body = new BodyReader(request.Body);
        if (!body.TryTakeName(out var name) || !body.TryTakeString(out var target))
            return Malformed(request);
        return Finish(
            request,
            _fileSystem.MakeSymbolicLinkAsync(request.Header.NodeId, name, target, CallerOf(request), request.CancellationToken),
            _replyEntry);
    }

    private bool Link(Request request)
    {
        var body = new BodyReader(request.Body);
        if (!body.TryTake(out LinkIn link) || !body.TryTakeName(out var name))
            return Malformed(request);
        return Finish(
            request,
            _fileSystem.LinkAsync(link.NodeId, request.Header.NodeId, name, request.CancellationToken),
            _replyEntry);
    }

    private bool Unlink(Request request)
    {
        var body = new BodyReader(request.Body);
        if (!body.TryTakeName(out var name))
            return Malformed(request);
        return Finish(request, _fileSystem.UnlinkAsync(request.Header.NodeId, name, request.CancellationToken));
    }

    private bool RemoveDirectory(Request request)
    {
        var body = new BodyReader(request.Body);
        if (!body.TryTakeName(out var name))
            return Malformed(request);
        return Finish(request, _fileSystem.RemoveDirectoryAsync(request.Header.NodeId, name, request.CancellationToken));
    }

    private bool Rename(Request request)
    {
        var body = new BodyReader(request.Body);
        return body.TryTake(out RenameIn rename)
            ? Rename(request, ref body, rename.NewParent, RenameOptions.None)
            : Malformed(request);
    }

    private bool RenameWithFlags(Request request)
    {
        var body = new BodyReader(request.Body);
        if (!body.TryTake(out Rename2In rename))
            return Malformed(request);
        if ((rename.Flags & ~LinuxConstants.RenameKnown) != 0)
            return Done(request, Errno.EINVAL);
        // RenameOptions has the bits of renameat2(2).
        return Rename(request, ref body, rename.NewParent, (RenameOptions)rename.Flags);
    }

    private bool Rename(Request request, ref BodyReader body, ulong newParent, RenameOptions options)
    {
        if (!body.TryTakeName(out var name) || !body.TryTakeName(out var newName))
            return Malformed(request);
        return Finish(
            request,
            _fileSystem.RenameAsync(request.Header.NodeId, name, newParent, newName, options, request.CancellationToken));
    }
}
