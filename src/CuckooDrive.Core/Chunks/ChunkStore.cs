using CuckooDrive.Core.Metadata;
using CuckooDrive.Core.Placement;
using CuckooDrive.Format;
using Microsoft.Extensions.Logging;

namespace CuckooDrive.Core.Chunks;

/// <summary>
/// The chunk store over a staging folder, a cache folder and the drive's clouds: composes the append path, the read path and
/// the background work. See docs/architecture.md for the order of things.
/// </summary>
/// <remarks>The constructor recovers whatever a crash has left and starts the background work. One store at a time uses the folders.</remarks>
public sealed partial class ChunkStore : IChunkStore
{
    private readonly ChunkStoreOptions _options;
    private readonly Redundancy _redundancy;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly CloudLanes _lanes;
    private readonly CloudWatch _watch;
    private readonly SpaceManager _space;
    private readonly ForegroundWrites _writes;
    private readonly PackIndex _index;
    private readonly PackFiles _files;
    private readonly DiskCache _diskCache;
    private readonly MemoryChunkCache _memory;
    private readonly DedupIndex _dedup;
    private readonly ChunkHasher _hasher;
    private readonly PackWriter _writer;
    private readonly ChunkReader _reader;
    private readonly PartReader _partReader;
    private readonly CloudChunkReader _clouds;
    private readonly ChunkPrefetcher _prefetcher;
    private readonly PackReaper _reaper;
    private readonly ShardUploader _uploader;
    private readonly PackCrew _crew;
    private readonly StagingSync _sync;
    private bool _disposed;

    /// <param name="members">All clouds of the drive; they are not disposed with the store.</param>
    /// <param name="redundancy">Of packs begun from now on; older ones keep theirs.</param>
    /// <exception cref="InvalidDataException">The metadata's pack rows are damaged.</exception>
    public ChunkStore(
        ChunkStoreOptions options, DriveKeys keys, IMetadataStore metadata, IReadOnlyList<CloudMember> members,
        Redundancy redundancy, TimeProvider time, ILogger logger)
    {
        CheckOptions(options);
        (_options, _redundancy, _time, _logger) = (options, redundancy, time, logger);
        _lanes = new CloudLanes(members, options, time);
        _watch = new CloudWatch(options, _lanes, time, logger, _stopping.Token);
        _space = new SpaceManager(options, redundancy, _lanes, time);
        _writes = new ForegroundWrites(_space, _lanes, time);
        _index = new PackIndex(metadata, options.DirectoryPageLimit);
        _files = new PackFiles(options);
        _diskCache = new DiskCache(_index, _files, options.DiskCacheLimit, logger);
        _memory = new MemoryChunkCache(options.MemoryCacheLimit);
        BufferPool.Shared.KeepForCache(options.MemoryCacheLimit);
        _dedup = new DedupIndex(options.DedupLimit);
        _hasher = new ChunkHasher(keys);
        var ciphers = new PackCiphers(keys);
        var opener = new ChunkOpener(ciphers);
        var preparer = new PackPreparer(_files, ciphers);
        var ranges = new ShardRangeReader(options, _lanes, time);
        new PackRecovery(_index, _files, _diskCache, _lanes, _space, logger).Run();
        var nextOrdinal = _index.Packs.Count == 0 ? 0 : checked(_index.Packs.Max(static pack => pack.Ordinal) + 1);
        _writer = new PackWriter(options, redundancy, _index, _files, ciphers, _hasher, _dedup, _space, nextOrdinal);
        _sync = new StagingSync(_index, _files, _writer, opener, logger);
        _clouds = new CloudChunkReader(options, _index, _lanes, ranges, opener, _diskCache, time, logger);
        _reader = new ChunkReader(options, _index, _files, _diskCache, _memory, opener, _clouds, logger, _stopping.Token);
        _partReader = new PartReader(_index, _files, _diskCache, _memory, ciphers);
        _prefetcher = new ChunkPrefetcher(options, _index, _memory, _reader, ranges, _clouds, time, _stopping.Token);
        _reaper = new PackReaper(options, _index, _files, _diskCache, _lanes, _space, logger);
        _uploader = new ShardUploader(options, _index, _files, _diskCache, preparer, _lanes, _space, _reaper, time, logger);
        var rebuilder = new ShardRebuilder(_index, _files, preparer, ranges, opener, logger);
        var healer = new PackHealer(options, _index, _lanes, rebuilder, _uploader, _reaper, _space, time, logger);
        _crew = new PackCrew(options, _index, _lanes, _watch, _space, _writes, preparer, rebuilder, _uploader, healer, _reaper, _diskCache, _dedup, time, logger);
        _writer.WritesEnded = _crew.Offer;
        _clouds.ShardLost = _crew.Heal;
        _reader.LocalDamaged = _crew.Suspect;
        _space.AskClouds = _watch.AskForRoomAsync;
        var disk = new LocalDisk(options.StagingDirectory, _diskCache);
        _space.MeasureDisk = () => MeasureDisk(disk);
        _watch.RoomChanged = _space.ReportRoom;
        _watch.Recovered = _crew.Wake;
        _crew.Start(_stopping.Token);
    }

    public ValueTask<bool> ReserveAsync(long bytes, CancellationToken cancellationToken)
    {
        _writes.Note();
        return _space.ReserveAsync(bytes, cancellationToken);
    }

    public void Unreserve(long bytes) => _space.Unreserve(bytes);

    public void Append(ReadOnlySpan<ReadOnlyMemory<byte>> plain, Span<ChunkRef> chunks)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        _writes.Note();
        _writer.Append(plain, chunks);
    }

    public void AddReference(ChunkRef chunk)
    {
        lock (_index.Gate)
            _index.AddReference(chunk);
    }

    public void RemoveReference(ChunkRef chunk)
    {
        lock (_index.Gate)
            _index.RemoveReference(chunk);
    }

    public void ReleaseHold(ChunkRef chunk)
    {
        lock (_index.Gate)
            _index.ReleaseHold(chunk);
    }

    public ValueTask ReadAsync(ChunkRef chunk, int offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return _reader.ReadAsync(chunk, offset, destination, cancellationToken);
    }

    public bool TryReadPart(ChunkRef chunk, int offset, Span<byte> destination)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return _options.ReadLocalInline && _partReader.TryRead(chunk, offset, destination);
    }

    public int Prefetch(ReadOnlySpan<ChunkRef> chunks) => _disposed ? 0 : _prefetcher.Prefetch(chunks);

    public void CollectChanges(MetadataBatch batch, bool sealOpenPacks)
    {
        lock (_index.Gate)
        {
            foreach (var pack in _writer.TakeClosed(sealOpenPacks || _space.IsShort))
                _crew.Seal(pack);
            _index.Collect(batch, sealOpenPacks);
        }
    }

    public void SyncStaging() => _sync.Run();

    public void Committed(long sequence)
    {
        var settled = new List<Pack>();
        lock (_index.Gate)
            _index.Committed(sequence, settled.Add);
        foreach (var pack in settled)
        {
            if (pack.Gone)
                _reaper.DropLocal(pack);
            else
                _crew.Offer(pack);
        }
        _crew.Wake();
    }

    public void Journaled(long sequence)
    {
        lock (_index.Gate)
            _reaper.Journaled(sequence);
        _crew.Wake();
    }

    /// <summary>Takes in a cloud whose record is committed: packs sealed from now on may be placed there.</summary>
    public async Task AddCloudAsync(CloudMember member)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        // First the space: placement would take an unknown one for endless.
        var lane = _lanes.Create(member);
        await _watch.AskForRoomAsync(lane, forget: false).ConfigureAwait(false);
        _lanes.Add(lane);
        _uploader.Serve(lane, _stopping.Token);
        _space.UpdateClouds();
        _space.Changed.Fire();
        _crew.Wake();
    }

    public ChunkState GetState(ChunkRef chunk)
    {
        lock (_index.Gate)
        {
            var pack = _index.Locate(chunk).Pack;
            if (pack.IsComplete)
                return ChunkState.Protected;
            if (pack.IsLost)
                return ChunkState.Lost;
            return pack.StoredShards > 0 ? ChunkState.Uploading : ChunkState.Local;
        }
    }

    public DriveSpace GetSpace()
    {
        lock (_index.Gate)
            return _space.GetSpace(_index.LiveBytes);
    }

    /// <summary>Ends the background work; what is not uploaded yet is so after the next start.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_disposed)
            return;
        _disposed = true;
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _crew.StopAsync().ConfigureAwait(false);
        await _lanes.WhenIdleAsync(TimeSpan.FromSeconds(5)).ConfigureAwait(false);
        _memory.Clear();
        _files.Dispose();
        _hasher.Dispose();
        _stopping.Dispose();
    }

    private long MeasureDisk(LocalDisk disk)
    {
        var room = disk.MeasureRoom();
        if (room == long.MaxValue)
            return room;
        lock (_index.Gate)
            return room - _index.OwedBytes;
    }

    private static void CheckOptions(ChunkStoreOptions options)
    {
        if (!PackLayout.IsPaddedLength(options.ShardCapacity) || options.ShardCapacity < PackLayout.MaximumSealedLength)
            throw new ArgumentException("The shard capacity must be a padded length that holds the largest chunk.", nameof(options));
    }
}
