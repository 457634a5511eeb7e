namespace CuckooDrive.Core.Volume;

/// <summary>Reading directories. The cookie of an entry is taken from the keyed hash of its name, so it never changes.</summary>
public sealed partial class Volume
{
    private const ulong DotCookie = 1;
    private const ulong DotDotCookie = 2;

    /// <inheritdoc/>
    public ValueTask<FsResult<ulong>> OpenDirectoryAsync(ulong inode, CancellationToken cancellationToken) =>
        Execute<OpenDirectoryOperation, ulong>(new OpenDirectoryOperation(inode));

    /// <inheritdoc/>
    public ValueTask<FsError> ReadDirectoryAsync(ulong inode, ulong handle, ulong cookie, bool plus, IDirectorySink sink, CancellationToken cancellationToken) =>
        ExecuteError(new ReadDirectoryOperation(inode, cookie, plus, sink));

    /// <inheritdoc/>
    public void ReleaseDirectory(ulong inode, ulong handle)
    {
        var unused = default(Inode);
        lock (_gate)
        {
            if (!_inodes.TryGetValue(inode, out var directory))
                return;
            directory.OpenCount--;
            if (directory.OpenCount == 0)
                directory.Directory?.TrimOrder();
            unused = IsUnused(directory) ? directory : null;
        }
        if (unused is not null)
            Reap(unused);
    }

    private readonly record struct OpenDirectoryOperation(ulong Number) : IOperation<ulong>
    {
        public FsResult<ulong> Run(Volume volume, ref Miss miss)
        {
            if (volume.FindDirectory(Number, ref miss, out var error) is not { } directory)
                return error;
            directory.OpenCount++;
            return 1UL;
        }
    }

    private readonly record struct ReadDirectoryOperation(ulong Number, ulong Cookie, bool Plus, IDirectorySink Sink) : IOperation<bool>
    {
        public FsResult<bool> Run(Volume volume, ref Miss miss)
        {
            if (volume.FindDirectory(Number, ref miss, out var error) is not { } directory)
                return error;
            var node = NodeOf(directory);
            if (!node.IsComplete)
            {
                miss = new Miss { Kind = Plus && volume.IsLoadedWhole(directory) ? MissKind.DirectoryAndInodes : MissKind.Directory, Inode = Number };
                return FsError.None;
            }
            if (Plus && IsFirstMissing(volume, node))
            {
                miss = new Miss { Kind = MissKind.InodesAfter, Inode = Number, Region = (long)Cookie };
                return FsError.None;
            }
            if (Cookie < DotCookie && !AddDot(directory.Number, "."u8, DotCookie))
                return true;
            if (Cookie < DotDotCookie && !AddDot(directory.Parent, ".."u8, DotDotCookie))
                return true;
            return AddEntries(volume, node);
        }

        private bool AddDot(ulong number, ReadOnlySpan<byte> name, ulong cookie)
        {
            var entry = new Entry { Attributes = { Inode = number, Mode = Inode.TypeDirectory } };
            return Sink.TryAdd(name, cookie, entry);
        }

        /// <summary>Checked before anything goes into the sink, since an operation that misses runs again.</summary>
        private bool IsFirstMissing(Volume volume, DirectoryNode node)
        {
            var ordered = node.Ordered();
            for (var i = DirectoryNode.FindAfter(ordered, Cookie); i < ordered.Count; i++)
            {
                if (!ordered[i].IsRemoved)
                    return !ordered[i].IsLost && !volume._inodes.ContainsKey(ordered[i].Inode);
            }
            return false;
        }

        private bool AddEntries(Volume volume, DirectoryNode node)
        {
            var ordered = node.Ordered();
            for (var i = DirectoryNode.FindAfter(ordered, Cookie); i < ordered.Count; i++)
            {
                var entry = ordered[i];
                if (entry.IsRemoved)
                    continue;
                // An inode that is not in memory ends this call: what is in the sink is given out, the next call loads more.
                if (!TryGet(volume, entry, out var found) || !Sink.TryAdd(entry.Name, entry.Cookie, found))
                    break;
                if (Plus && volume._inodes.TryGetValue(entry.Inode, out var inode))
                    inode.KernelReferences++;
            }
            return true;
        }

        private bool TryGet(Volume volume, DirectoryEntry entry, out Entry found)
        {
            found = default;
            if (Plus && volume._inodes.TryGetValue(entry.Inode, out var inode))
            {
                inode.IsRecent = true;
                found = inode.ToEntry();
                return true;
            }
            found.Attributes.Inode = entry.Inode;
            found.Attributes.Mode = (uint)entry.Type << 12;
            return !Plus || entry.IsLost;
        }
    }
}
