using CuckooDrive.Core.Chunks;
using CuckooDrive.Core.Metadata;
using CuckooDrive.Format;
using Microsoft.Extensions.Logging;

namespace CuckooDrive.Core.Volume;

/// <summary>
/// The drive's file system: inodes, directories and extents in memory over the metadata store, data in dirty extents over
/// the chunk store. See docs/architecture.md for the write path and docs/semantics.md for what is promised.
/// </summary>
/// <remarks>
/// Locks, in order: an inode's data lock (dirty extents), the gate (everything else here, held for microseconds, never
/// over I/O or await), the chunk store's own. What is not in memory is a <see cref="Miss"/>: the caller's thread is given
/// back, the row loaded on the thread pool, the operation run again.
/// </remarks>
public sealed partial class Volume : IFileSystem, IKernelCacheUser, IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly IMetadataStore _store;
    private readonly IChunkStore _chunks;
    private readonly NameHasher _nameHasher;
    private readonly VolumeOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _log;

    /// <summary>Rows of directory entries and attributes changed since the last collection. Guarded by the gate.</summary>
    private readonly MetadataBatch _pending = new();
    private readonly RecordWriter _record = new();

    /// <summary>Opens the volume in a store, making the root directory in a new one, and finishes what a crash left undone.</summary>
    public Volume(IMetadataStore store, IChunkStore chunks, DriveKeys keys, VolumeOptions options, TimeProvider time, ILogger log)
    {
        _store = store;
        _chunks = chunks;
        _nameHasher = new NameHasher(keys);
        _options = options;
        _time = time;
        _log = log;
        // Growing keeps everybody waiting, and its large arrays bring on full collections. A quarter more: inodes in use go beyond the limit.
        _inodes.EnsureCapacity(options.InodeCacheLimit + options.InodeCacheLimit / 4);
        _nextInode = ReadNextInode();
        if (_store.Get(MetadataKey.Inode(stackalloc byte[MetadataKey.MaximumLength], IFileSystem.RootInode)) is null)
            MakeRoot();
        if (!options.IsReadOnly)
            Recover();
        StartWorkers();
    }

    private Timestamp Now => Timestamp.Now(_time);

    /// <summary>Runs an operation in memory, or on the thread pool when something has to be loaded first.</summary>
    private ValueTask<FsResult<T>> Execute<TOperation, T>(TOperation operation)
        where TOperation : struct, IOperation<T>
    {
        var miss = default(Miss);
        FsResult<T> result;
        lock (_gate)
            result = operation.Run(this, ref miss);
        return miss.IsNone ? new ValueTask<FsResult<T>>(result) : new ValueTask<FsResult<T>>(ExecuteAfterLoad<TOperation, T>(operation, miss));
    }

    // A method of its own, or every operation would allocate what the lambda captures.
    private Task<FsResult<T>> ExecuteAfterLoad<TOperation, T>(TOperation operation, Miss miss)
        where TOperation : struct, IOperation<T> =>
        Task.Run(() => ExecuteSlowly<TOperation, T>(operation, miss));

    /// <summary>Not async: each state machine would be one more to compile while the first listing of a mount waits.</summary>
    private FsResult<T> ExecuteSlowly<TOperation, T>(TOperation operation, Miss miss)
        where TOperation : struct, IOperation<T>
    {
        while (true)
        {
            if (!Load(miss))
                return FsError.Stale;
            if (miss.Kind is MissKind.Directory or MissKind.DirectoryAndInodes)
                WalkAhead(miss.Inode);
            miss = default;
            FsResult<T> result;
            lock (_gate)
                result = operation.Run(this, ref miss);
            if (miss.IsNone)
                return result;
        }
    }

    /// <summary>The same for operations without a value.</summary>
    private ValueTask<FsError> ExecuteError<TOperation>(TOperation operation)
        where TOperation : struct, IOperation<bool> => ErrorOf(Execute<TOperation, bool>(operation));

    private ValueTask<FsError> ChangeError<TOperation>(TOperation operation)
        where TOperation : struct, IOperation<bool> => ErrorOf(Change<TOperation, bool>(operation));

    private static ValueTask<FsError> ErrorOf(ValueTask<FsResult<bool>> task)
    {
        return task.IsCompletedSuccessfully ? new ValueTask<FsError>(task.Result.Error) : Unwrap(task);

        static async ValueTask<FsError> Unwrap(ValueTask<FsResult<bool>> task) => (await task.ConfigureAwait(false)).Error;
    }

    private ulong ReadNextInode()
    {
        var row = _store.Get(MetadataKey.Setting(stackalloc byte[MetadataKey.MaximumLength], NextInodeSetting));
        return row is null ? IFileSystem.RootInode + 1 : new RecordReader(row).U64();
    }

    private void MakeRoot()
    {
        lock (_gate)
        {
            var root = new Inode(IFileSystem.RootInode)
            {
                Mode = Inode.TypeDirectory | 0x1ED,
                Uid = _options.RootOwner.Uid,
                Gid = _options.RootOwner.Gid,
                LinkCount = 2,
                Parent = IFileSystem.RootInode,
                Directory = new DirectoryNode(isComplete: true),
            };
            root.AccessTime = root.ModifyTime = root.ChangeTime = root.BirthTime = Now;
            _inodes.Add(root.Number, root);
            MarkChanged(root);
        }
    }
}
