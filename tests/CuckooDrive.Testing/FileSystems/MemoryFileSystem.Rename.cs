using CuckooDrive.Core.Volume;

namespace CuckooDrive.Testing.FileSystems;

/// <summary>Renaming.</summary>
public sealed partial class MemoryFileSystem
{
    public ValueTask<FsError> RenameAsync(ulong parent, ReadOnlyMemory<byte> name, ulong newParent, ReadOnlyMemory<byte> newName, RenameOptions options, CancellationToken cancellationToken)
    {
        lock (_gate)
            return new(Rename(parent, name.Span, newParent, newName.Span, options));
    }

    private FsError Rename(ulong parent, ReadOnlySpan<byte> name, ulong newParent, ReadOnlySpan<byte> newName, RenameOptions options)
    {
        var (exchange, noReplace, whiteout) = (options.HasFlag(RenameOptions.Exchange), options.HasFlag(RenameOptions.NoReplace), options.HasFlag(RenameOptions.Whiteout));
        if (exchange && (noReplace || whiteout))
            return FsError.InvalidArgument;
        if (name.Length > NameMaximum || newName.Length > NameMaximum)
            return FsError.NameTooLong;
        var from = DirectoryNode(parent);
        var to = DirectoryNode(newParent);
        if (!from.Succeeded || !to.Succeeded)
            return from.Succeeded ? to.Error : from.Error;
        if (from.Value.Directory!.Find(name) is not { } source || to.Value.Attributes.LinkCount == 0)
            return FsError.NotFound;
        var target = to.Value.Directory!.Find(newName);
        // In the order of Linux: an existing name comes before the loop.
        if (target is not null && noReplace)
            return FsError.Exists;
        if (source.Node.IsDirectory && IsWithin(to.Value, source.Node))
            return FsError.InvalidArgument;
        if (exchange)
            return target is null ? FsError.NotFound : Exchange(from.Value, source, to.Value, target);
        if (target is not null)
        {
            if (target.Node == source.Node)
                return FsError.None;
            if (CheckReplace(source.Node, target.Node, from.Value) is var error && error != FsError.None)
                return error;
        }
        Move(from.Value, source, to.Value, target, newName);
        if (whiteout)
            AddNew(from.Value, name, NewNode(from.Value, TypeCharacter, 0, new Caller(source.Node.Attributes.Uid, source.Node.Attributes.Gid)));
        return FsError.None;
    }

    private static FsError CheckReplace(MemoryNode source, MemoryNode target, MemoryNode from)
    {
        if (!target.IsDirectory)
            return source.IsDirectory ? FsError.NotDirectory : FsError.None;
        if (!source.IsDirectory)
            return FsError.IsDirectory;
        // A directory above the source holds at least the way to it.
        return target.Directory!.Count > 0 || IsWithin(from, target) ? FsError.NotEmpty : FsError.None;
    }

    private void Move(MemoryNode from, MemoryDirectoryEntry source, MemoryNode to, MemoryDirectoryEntry? target, ReadOnlySpan<byte> newName)
    {
        var now = Now();
        var node = source.Node;
        from.Directory!.Remove(source);
        if (target is not null)
        {
            // The name stays where it is in the order of reading; only its inode changes.
            var replaced = target.Node;
            target.Node = node;
            Unlinked(to, replaced, now);
        }
        else
        {
            to.Directory!.Add(newName, node);
        }
        TouchDirectory(from, now);
        TouchDirectory(to, now);
        ChangeLinks(node, 0, now);
        Reparent(node, from, to, now);
    }

    private FsError Exchange(MemoryNode from, MemoryDirectoryEntry source, MemoryNode to, MemoryDirectoryEntry target)
    {
        if (target.Node.IsDirectory && IsWithin(from, target.Node))
            return FsError.InvalidArgument;
        var now = Now();
        (source.Node, target.Node) = (target.Node, source.Node);
        TouchDirectory(from, now);
        TouchDirectory(to, now);
        ChangeLinks(source.Node, 0, now);
        ChangeLinks(target.Node, 0, now);
        Reparent(target.Node, from, to, now);
        Reparent(source.Node, to, from, now);
        return FsError.None;
    }

    private static void Reparent(MemoryNode node, MemoryNode from, MemoryNode to, Timestamp now)
    {
        if (!node.IsDirectory || from == to)
            return;
        node.Parent = to;
        ChangeLinks(from, -1, now);
        ChangeLinks(to, 1, now);
    }

    private static bool IsWithin(MemoryNode directory, MemoryNode ancestor)
    {
        for (var current = directory; ; current = current.Parent!)
        {
            if (current == ancestor)
                return true;
            if (current.Parent == current || current.Parent is null)
                return false;
        }
    }
}
