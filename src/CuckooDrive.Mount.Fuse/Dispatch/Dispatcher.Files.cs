using CuckooDrive.Core.Volume;
using CuckooDrive.Mount.Fuse.Native;
using CuckooDrive.Mount.Fuse.Protocol;
using CuckooDrive.Mount.Fuse.Session;

namespace CuckooDrive.Mount.Fuse.Dispatch;

/// <summary>Open files: data, space, durability.</summary>
internal sealed partial class Dispatcher
{
    private static readonly Action<Request, int> ReplyRead = static (request, length) => request.ReplyPrepared(length);

    private static readonly Action<Request, int> ReplyWritten =
        static (request, length) => request.Reply(new WriteOut { Size = (uint)length });

    private static readonly Action<Request, long> ReplyCopied =
        static (request, length) => request.Reply(new WriteOut { Size = (uint)length });

    private static readonly Action<Request, long> ReplyCopied64 =
        static (request, length) => request.Reply(new Copy64Out { Length = (ulong)length });

    private static readonly Action<Request, long> ReplySought =
        static (request, offset) => request.Reply(new LSeekOut { Offset = (ulong)offset });

    private readonly Action<Request, OpenedFile> _replyOpened;
    private readonly Action<Request, CreatedFile> _replyCreated;

    private bool Open(Request request)
    {
        var body = new BodyReader(request.Body);
        if (!body.TryTake(out OpenIn open))
            return Malformed(request);
        return Finish(
            request,
            _fileSystem.OpenAsync(request.Header.NodeId, ToOptions(open.Flags, open.OpenFlags), request.CancellationToken),
            _replyOpened);
    }

    private void ReplyOpened(Request request, OpenedFile file)
    {
        var reply = new OpenOut
        {
            Handle = file.Handle,
            Flags = file.KeepPageCache ? OpenReplyFlags.KeepCache : OpenReplyFlags.None,
        };
        if (request.Reply(in reply) != 0)
            _fileSystem.Release(request.Header.NodeId, file.Handle);
    }

    private bool Create(Request request)
    {
        var body = new BodyReader(request.Body);
        if (!body.TryTake(out CreateIn create) || !body.TryTakeName(out var name))
            return Malformed(request);
        return Finish(
            request,
            _fileSystem.CreateAsync(request.Header.NodeId, name, create.Mode, ToOptions(create.Flags, create.OpenFlags), CallerOf(request), request.CancellationToken),
            _replyCreated);
    }

    private bool CreateUnnamed(Request request)
    {
        var body = new BodyReader(request.Body);
        if (!body.TryTake(out CreateIn create))
            return Malformed(request);
        return Finish(
            request,
            _fileSystem.CreateUnnamedAsync(request.Header.NodeId, create.Mode, ToOptions(create.Flags, create.OpenFlags), CallerOf(request), request.CancellationToken),
            _replyCreated);
    }

    private void ReplyCreated(Request request, CreatedFile file)
    {
        var entry = file.Entry;
        var reply = new CreateOut
        {
            Entry = AttributeCodec.ToEntryOut(in entry),
            Open = new OpenOut { Handle = file.Handle, Flags = OpenReplyFlags.KeepCache },
        };
        if (request.Reply(in reply) == 0)
            return;
        _fileSystem.Release(file.Entry.Attributes.Inode, file.Handle);
        _fileSystem.Forget(file.Entry.Attributes.Inode, 1);
    }

    private bool Read(Request request)
    {
        var body = new BodyReader(request.Body);
        if (!body.TryTake(out ReadIn read) || read.Size > Buffers.MaximumTransfer || read.Offset > long.MaxValue)
            return Malformed(request);
        request.PrepareReply((int)read.Size);
        return Finish(
            request,
            _fileSystem.ReadAsync(request.Header.NodeId, read.Handle, (long)read.Offset, request.ReplyPayload, request.CancellationToken),
            ReplyRead);
    }

    private bool Write(Request request)
    {
        var body = new BodyReader(request.Body);
        if (!body.TryTake(out WriteIn write) || write.Offset > long.MaxValue || !body.TryTakeBytes(write.Size, out var data))
            return Malformed(request);
        var options = WriteOptions.None;
        if ((write.WriteFlags & WriteFlags.KillSuidGid) != 0)
            options |= WriteOptions.DropPrivileges;
        if ((write.WriteFlags & WriteFlags.FromPageCache) != 0)
            options |= WriteOptions.FromPageCache;
        var task = _fileSystem.WriteAsync(request.Header.NodeId, write.Handle, (long)write.Offset, data, options, request.CancellationToken);
        if ((options & WriteOptions.FromPageCache) == 0 || !task.IsCompletedSuccessfully)
            return Finish(request, task, ReplyWritten);
        // A page that the kernel writes out is usually one of many.
        var result = task.Result;
        if (result.Succeeded && request.Held?.TryHold(request.Header.Unique, result.Value) == true)
            return true;
        Answer(request, result, ReplyWritten);
        return true;
    }

    private bool Release(Request request)
    {
        var body = new BodyReader(request.Body);
        if (!body.TryTake(out ReleaseIn release))
            return Malformed(request);
        _fileSystem.Release(request.Header.NodeId, release.Handle);
        return Done(request, 0);
    }

    private bool Sync(Request request)
    {
        var body = new BodyReader(request.Body);
        if (!body.TryTake(out FSyncIn sync))
            return Malformed(request);
        return Finish(
            request,
            _fileSystem.SyncAsync(request.Header.NodeId, (sync.Flags & LinuxConstants.FSyncDataOnly) != 0, request.CancellationToken));
    }

    /// <summary>Syncing any inode makes all changes before it durable, so the root stands for the whole file system.</summary>
    private bool SyncAll(Request request) =>
        Finish(request, _fileSystem.SyncAsync(IFileSystem.RootInode, dataOnly: false, request.CancellationToken));

    private bool Allocate(Request request)
    {
        var body = new BodyReader(request.Body);
        if (!body.TryTake(out FAllocateIn allocate))
            return Malformed(request);
        if (allocate.Offset > long.MaxValue || allocate.Length > long.MaxValue - allocate.Offset)
            return Done(request, Errno.EFBIG);
        if (!TryToOptions(allocate.Mode, out var options))
            return Done(request, Errno.EOPNOTSUPP);
        return Finish(
            request,
            _fileSystem.AllocateAsync(request.Header.NodeId, allocate.Handle, (long)allocate.Offset, (long)allocate.Length, options, request.CancellationToken));
    }

    private bool Seek(Request request)
    {
        var body = new BodyReader(request.Body);
        if (!body.TryTake(out LSeekIn seek))
            return Malformed(request);
        if (seek.Whence is not (LinuxConstants.SeekData or LinuxConstants.SeekHole))
            return Done(request, Errno.EINVAL);
        if (seek.Offset > long.MaxValue)
            return Done(request, Errno.ENXIO);
        return Finish(
            request,
            _fileSystem.SeekAsync(request.Header.NodeId, seek.Handle, (long)seek.Offset, seek.Whence == LinuxConstants.SeekData, request.CancellationToken),
            ReplySought);
    }

    private bool CopyRange(Request request, bool wide)
    {
        var body = new BodyReader(request.Body);
        if (!body.TryTake(out CopyFileRangeIn copy))
            return Malformed(request);
        // The older request's reply has 32 bits for the length.
        var length = wide ? Math.Min(copy.Length, long.MaxValue) : Math.Min(copy.Length, LinuxConstants.MaximumTransfer);
        if (copy.Flags != 0 || copy.SourceOffset > long.MaxValue || copy.TargetOffset > long.MaxValue - length)
            return Done(request, Errno.EINVAL);
        return Finish(
            request,
            _fileSystem.CopyRangeAsync(
                request.Header.NodeId, copy.SourceHandle, (long)copy.SourceOffset,
                copy.TargetNodeId, copy.TargetHandle, (long)copy.TargetOffset, (long)length, request.CancellationToken),
            wide ? ReplyCopied64 : ReplyCopied);
    }

    /// <summary>
    /// Under write-back caching the kernel itself reads what a partial page lacks, also through a handle for writing, and
    /// places appended data itself.
    /// </summary>
    private static OpenOptions ToOptions(uint flags, uint requestFlags)
    {
        var options = OpenOptions.Read;
        if ((flags & LinuxConstants.OpenAccessMask) is LinuxConstants.OpenWriteOnly or LinuxConstants.OpenReadWrite)
            options |= OpenOptions.Write;
        if ((flags & LinuxConstants.OpenTruncate) != 0)
            options |= OpenOptions.Truncate;
        if ((flags & LinuxConstants.OpenExclusive) != 0)
            options |= OpenOptions.Exclusive;
        if ((flags & LinuxConstants.OpenDirect) != 0)
            options |= OpenOptions.Direct;
        if ((requestFlags & LinuxConstants.OpenRequestKillSuidGid) != 0)
            options |= OpenOptions.DropPrivileges;
        return options;
    }

    private static bool TryToOptions(uint mode, out AllocateOptions options)
    {
        options = AllocateOptions.None;
        if (Take(ref mode, LinuxConstants.FallocateKeepSize))
            options |= AllocateOptions.KeepSize;
        if (Take(ref mode, LinuxConstants.FallocatePunchHole))
            options |= AllocateOptions.PunchHole;
        if (Take(ref mode, LinuxConstants.FallocateZeroRange))
            options |= AllocateOptions.ZeroRange;
        if (Take(ref mode, LinuxConstants.FallocateCollapseRange))
            options |= AllocateOptions.CollapseRange;
        if (Take(ref mode, LinuxConstants.FallocateInsertRange))
            options |= AllocateOptions.InsertRange;
        if (Take(ref mode, LinuxConstants.FallocateUnshareRange))
            options |= AllocateOptions.UnshareRange;
        return mode == 0;
    }

    private static bool Take(ref uint bits, uint bit)
    {
        var present = (bits & bit) != 0;
        bits &= ~bit;
        return present;
    }
}
