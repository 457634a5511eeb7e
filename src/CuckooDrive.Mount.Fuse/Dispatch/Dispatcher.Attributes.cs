using CuckooDrive.Core.Volume;
using CuckooDrive.Mount.Fuse.Native;
using CuckooDrive.Mount.Fuse.Protocol;
using CuckooDrive.Mount.Fuse.Session;

namespace CuckooDrive.Mount.Fuse.Dispatch;

/// <summary>Attributes, link targets, extended attributes and statistics.</summary>
internal sealed partial class Dispatcher
{
    private const uint MaximumExtendedAttribute = 65_536;
    private const uint RootUser = 0;

    private static readonly Action<Request, Attributes> ReplyAttributes =
        static (request, attributes) => request.Reply(AttributeCodec.ToAttrOut(in attributes));

    private static readonly Action<Request, Attributes> ReplyMayExecute =
        static (request, attributes) => request.ReplyErrno(NobodyMayRun(attributes.Mode) ? Errno.EACCES : 0);

    private static readonly Action<Request, Attributes> ReplyStatx =
        static (request, attributes) => request.Reply(AttributeCodec.ToStatxOut(in attributes));

    private static readonly Action<Request, ReadOnlyMemory<byte>> ReplyBytes =
        static (request, bytes) => request.ReplyBytes(bytes.Span);

    private static readonly Action<Request, ReadOnlyMemory<byte>> ReplyExtendedAttribute = AnswerSized;

    private static readonly Action<Request, ReadOnlyMemory<byte>> ReplyExtendedAttributeNames =
        static (request, names) => AnswerSized(request, VisibleNames(names, request.Header.Uid));

    private static readonly Action<Request, FileSystemStatistics> ReplyStatistics = static (request, statistics) => request.Reply(new StatFsOut
    {
        Blocks = (ulong)statistics.Blocks,
        BlocksFree = (ulong)statistics.BlocksFree,
        BlocksAvailable = (ulong)statistics.BlocksFree,
        Files = (ulong)statistics.Files,
        FilesFree = (ulong)statistics.FilesFree,
        BlockSize = statistics.BlockSize,
        FragmentSize = statistics.BlockSize,
        NameLength = statistics.NameMaximum,
    });

    private bool GetAttributes(Request request) =>
        Finish(request, _fileSystem.GetAttributesAsync(request.Header.NodeId, request.CancellationToken), ReplyAttributes);

    private bool StatX(Request request) =>
        Finish(request, _fileSystem.GetAttributesAsync(request.Header.NodeId, request.CancellationToken), ReplyStatx);

    /// <summary>
    /// access(2) and chdir(2) on a mount without default_permissions, which only root may enter: it may do everything but run a file
    /// that nobody may run.
    /// </summary>
    private bool Access(Request request)
    {
        var body = new BodyReader(request.Body);
        if (!body.TryTake(out AccessIn access))
            return Malformed(request);
        return (access.Mask & LinuxConstants.AccessExecute) != 0
            ? Finish(request, _fileSystem.GetAttributesAsync(request.Header.NodeId, request.CancellationToken), ReplyMayExecute)
            : Done(request, 0);
    }

    private static bool NobodyMayRun(uint mode) =>
        (mode & LinuxConstants.TypeMask) == LinuxConstants.TypeRegular && (mode & LinuxConstants.AnyExecute) == 0;

    private bool SetAttributes(Request request)
    {
        var body = new BodyReader(request.Body);
        if (!body.TryTake(out SetAttrIn change))
            return Malformed(request);
        if (change.Valid.HasFlag(SetAttrValid.Size) && change.Size > long.MaxValue)
            return Done(request, Errno.EFBIG);
        return Finish(
            request,
            _fileSystem.SetAttributesAsync(request.Header.NodeId, AttributeCodec.ToChange(in change), request.CancellationToken),
            ReplyAttributes);
    }

    private bool ReadLink(Request request) =>
        Finish(request, _fileSystem.ReadLinkAsync(request.Header.NodeId, request.CancellationToken), ReplyBytes);

    private bool Statistics(Request request) =>
        Finish(request, _fileSystem.GetStatisticsAsync(request.CancellationToken), ReplyStatistics);

    private bool GetExtendedAttribute(Request request)
    {
        var body = new BodyReader(request.Body);
        if (!body.TryTake(out GetXAttrIn get) || !body.TryTakeString(out var name))
            return Malformed(request);
        if (!IsOffered(name.Span))
            return Done(request, Errno.EOPNOTSUPP);
        return Finish(
            request,
            _fileSystem.GetExtendedAttributeAsync(request.Header.NodeId, name, request.CancellationToken),
            ReplyExtendedAttribute);
    }

    private bool SetExtendedAttribute(Request request)
    {
        var body = new BodyReader(request.Body);
        if (!TryTakeSetXAttr(ref body, out var set) || !body.TryTakeString(out var name) || !body.TryTakeBytes(set.Size, out var value))
            return Malformed(request);
        if (!IsOffered(name.Span))
            return Done(request, Errno.EOPNOTSUPP);
        if (set.Size > MaximumExtendedAttribute)
            return Done(request, Errno.E2BIG);
        // ExtendedAttributeOptions has the bits of setxattr(2).
        return Finish(
            request,
            _fileSystem.SetExtendedAttributeAsync(request.Header.NodeId, name, value, (ExtendedAttributeOptions)(set.Flags & 3), request.CancellationToken));
    }

    private bool TryTakeSetXAttr(ref BodyReader body, out SetXAttrIn set)
    {
        if (Agreed.HasFlag(InitFlags.SetXAttrExtended))
            return body.TryTake(out set);
        var taken = body.TryTake(out SetXAttrShortIn shortForm);
        set = new SetXAttrIn { Size = shortForm.Size, Flags = shortForm.Flags };
        return taken;
    }

    private bool ListExtendedAttributes(Request request) =>
        Finish(request, _fileSystem.ListExtendedAttributesAsync(request.Header.NodeId, request.CancellationToken), ReplyExtendedAttributeNames);

    private bool RemoveExtendedAttribute(Request request)
    {
        var body = new BodyReader(request.Body);
        if (!body.TryTakeString(out var name))
            return Malformed(request);
        if (!IsOffered(name.Span))
            return Done(request, Errno.EOPNOTSUPP);
        return Finish(request, _fileSystem.RemoveExtendedAttributeAsync(request.Header.NodeId, name, request.CancellationToken));
    }

    /// <summary>The asker's buffer decides: size 0 asks for the length only.</summary>
    private static void AnswerSized(Request request, ReadOnlyMemory<byte> bytes)
    {
        var body = new BodyReader(request.Body);
        if (!body.TryTake(out GetXAttrIn get))
            request.ReplyErrno(Errno.EINVAL);
        else if (get.Size == 0)
            request.Reply(new GetXAttrOut { Size = (uint)bytes.Length });
        else if (bytes.Length > get.Size)
            request.ReplyErrno(Errno.ERANGE);
        else
            request.ReplyBytes(bytes.Span);
    }

    /// <summary>
    /// The kernel lets any name through, unlike for disk file systems. POSIX ACLs ("system.") are not offered
    /// (docs/semantics.md), so they are refused as on file systems without them.
    /// </summary>
    private static bool IsOffered(ReadOnlySpan<byte> name) =>
        name.StartsWith("user."u8) || name.StartsWith("trusted."u8) || name.StartsWith("security."u8);

    /// <summary>Disk file systems show trusted names to the administrator only; for FUSE the kernel leaves that to us.</summary>
    private static ReadOnlyMemory<byte> VisibleNames(ReadOnlyMemory<byte> names, uint uid)
    {
        if (uid == RootUser || names.Span.IndexOf("trusted."u8) < 0)
            return names;
        var visible = new byte[names.Length];
        var length = 0;
        var rest = names.Span;
        while (!rest.IsEmpty)
        {
            var name = rest[..(rest.IndexOf((byte)0) + 1)];
            rest = rest[name.Length..];
            if (name.StartsWith("trusted."u8))
                continue;
            name.CopyTo(visible.AsSpan(length));
            length += name.Length;
        }
        return visible.AsMemory(0, length);
    }
}
