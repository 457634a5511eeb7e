namespace CuckooDrive.Core.Volume;

/// <summary>Renaming, with replacement, exchange and whiteouts.</summary>
public sealed partial class Volume
{
    /// <inheritdoc/>
    public ValueTask<FsError> RenameAsync(ulong parent, ReadOnlyMemory<byte> name, ulong newParent, ReadOnlyMemory<byte> newName, RenameOptions options, CancellationToken cancellationToken)
    {
        var operation = new RenameOperation(parent, name, newParent, newName, options, Flushes: 0);
        var task = Change<RenameOperation, Inode?>(operation);
        return task.IsCompletedSuccessfully && task.Result.Value is null
            ? new ValueTask<FsError>(task.Result.Error) : FlushAndRenameAsync(task, operation);
    }

    /// <summary>
    /// A commit drops what was replaced, and goes on without data that the staging disk refuses: what is to take the place of another
    /// file must be in chunks before.
    /// </summary>
    private async ValueTask<FsError> FlushAndRenameAsync(ValueTask<FsResult<Inode?>> task, RenameOperation operation)
    {
        var renamed = await task.ConfigureAwait(false);
        while (renamed.Value is { } unflushed)
        {
            var error = await FlushAtOnceAsync(unflushed).ConfigureAwait(false);
            if (error != FsError.None)
                return error;
            operation = operation with { Flushes = operation.Flushes + 1 };
            renamed = await Execute<RenameOperation, Inode?>(operation).ConfigureAwait(false);
        }
        return renamed.Error;
    }

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

    /// <summary>Renames, unless the result is an inode that has to be flushed first. A steady writer does not put that off for ever.</summary>
    private readonly record struct RenameOperation(ulong Parent, ReadOnlyMemory<byte> Name, ulong NewParent, ReadOnlyMemory<byte> NewName, RenameOptions Options, int Flushes) : IOperation<Inode?>
    {
        private const RenameOptions Known = RenameOptions.NoReplace | RenameOptions.Exchange | RenameOptions.Whiteout;

        public FsResult<Inode?> Run(Volume volume, ref Miss miss)
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
                return FsError.None;
            if (replaced is not null && Flushes < ReplacementFlushes && FindUnflushed(volume, inode, replaced) is { } unflushed)
                return unflushed;
            if (Options.HasFlag(RenameOptions.Exchange))
                Exchange(volume, from, source, inode, to, target!, replaced!);
            else
                Move(volume, from, source, inode, to, target, replaced);
            return FsError.None;
        }

        private Inode? FindUnflushed(Volume volume, Inode inode, Inode replaced) =>
            volume.HoldsData(inode) ? inode : Options.HasFlag(RenameOptions.Exchange) && volume.HoldsData(replaced) ? replaced : null;

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
