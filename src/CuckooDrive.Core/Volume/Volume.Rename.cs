namespace CuckooDrive.Core.Volume;

/// <summary>Renaming, with replacement, exchange and whiteouts.</summary>
public sealed partial class Volume
{
    /// <inheritdoc/>
    public ValueTask<FsError> RenameAsync(ulong parent, ReadOnlyMemory<byte> name, ulong newParent, ReadOnlyMemory<byte> newName, RenameOptions options, CancellationToken cancellationToken) =>
        ChangeError(new RenameOperation(parent, name, newParent, newName, options));

    /// <summary>
    /// True when <paramref name="ancestor"/> is <paramref name="directory"/> or lies above it; the way up may miss.
    /// </summary>
    private bool IsAncestor(Inode ancestor, Inode directory, ref Miss miss)
    {
        var current = directory;
        while (current.Number != ancestor.Number)
        {
            if (current.Number == IFileSystem.RootInode)
                return false;
            if (Find(current.Parent, ref miss) is not { } above)
                return false;
            current = above;
        }
        return true;
    }

    private readonly record struct RenameOperation(ulong Parent, ReadOnlyMemory<byte> Name, ulong NewParent, ReadOnlyMemory<byte> NewName, RenameOptions Options) : IOperation<bool>
    {
        private const RenameOptions Known = RenameOptions.NoReplace | RenameOptions.Exchange | RenameOptions.Whiteout;

        public FsResult<bool> Run(Volume volume, ref Miss miss)
        {
            if ((Options & ~Known) != 0 || Options.HasFlag(RenameOptions.Exchange) && Options != RenameOptions.Exchange)
                return FsError.InvalidArgument;
            if (!IsValidName(NewName, out var error))
                return error;
            if (volume.FindDirectory(Parent, ref miss, out error) is not { } from)
                return error;
            if (volume.FindDirectory(NewParent, ref miss, out error) is not { } to)
                return error;
            if (!volume.TryFindEntry(from, Name, ref miss, out var source) || source is null)
                return FsError.NotFound;
            if (!volume.TryFindEntry(to, NewName, ref miss, out var target))
                return FsError.None;
            if (volume.Find(source.Inode, ref miss) is not { } inode)
                return FsError.Stale;
            var replaced = target is null ? null : volume.Find(target.Inode, ref miss);
            if (target is not null && replaced is null)
                return FsError.Stale;
            error = Check(volume, from, to, inode, replaced, ref miss);
            if (error != FsError.None || !miss.IsNone)
                return error;
            if (replaced is not null && replaced.Number == inode.Number)
                return true;
            if (Options.HasFlag(RenameOptions.Exchange))
                Exchange(volume, from, source, inode, to, target!, replaced!);
            else
                Move(volume, from, source, inode, to, target, replaced);
            return true;
        }

        private FsError Check(Volume volume, Inode from, Inode to, Inode inode, Inode? replaced, ref Miss miss)
        {
            if (to.LinkCount == 0)
                return FsError.NotFound;
            if (replaced is not null && Options.HasFlag(RenameOptions.NoReplace))
                return FsError.Exists;
            if (inode.IsDirectory && from.Number != to.Number && volume.IsAncestor(inode, to, ref miss))
                return FsError.InvalidArgument;
            if (Options.HasFlag(RenameOptions.Exchange))
            {
                if (replaced is null)
                    return FsError.NotFound;
                return replaced.IsDirectory && from.Number != to.Number && volume.IsAncestor(replaced, from, ref miss)
                    ? FsError.InvalidArgument : FsError.None;
            }
            if (replaced is null || replaced.Number == inode.Number)
                return FsError.None;
            if (inode.IsDirectory && !replaced.IsDirectory)
                return FsError.NotDirectory;
            if (!inode.IsDirectory && replaced.IsDirectory)
                return FsError.IsDirectory;
            return replaced.EntryCount > 0 ? FsError.NotEmpty : FsError.None;
        }

        private static void Exchange(Volume volume, Inode from, DirectoryEntry source, Inode inode, Inode to, DirectoryEntry target, Inode other)
        {
            volume.ReplaceEntry(from, source, other);
            volume.ReplaceEntry(to, target, inode);
            ChangeParent(volume, inode, from, to);
            ChangeParent(volume, other, to, from);
        }

        private void Move(Volume volume, Inode from, DirectoryEntry source, Inode inode, Inode to, DirectoryEntry? target, Inode? replaced)
        {
            if (Options.HasFlag(RenameOptions.Whiteout))
            {
                var whiteout = volume.NewInode(from, Inode.TypeCharacterDevice, 0, new Caller(0, 0));
                whiteout.LinkCount = 1;
                volume.ReplaceEntry(from, source, whiteout);
            }
            else
            {
                volume.RemoveEntry(from, source);
            }
            if (target is null)
                volume.AddEntry(to, NewName, inode);
            else
                volume.ReplaceEntry(to, target, inode);
            if (replaced is not null)
                volume.DropLink(replaced, to);
            ChangeParent(volume, inode, from, to);
        }

        private static void ChangeParent(Volume volume, Inode inode, Inode from, Inode to)
        {
            inode.ChangeTime = volume.Now;
            volume.MarkChanged(inode);
            if (!inode.IsDirectory || from.Number == to.Number)
                return;
            inode.Parent = to.Number;
            from.LinkCount--;
            to.LinkCount++;
        }
    }
}
