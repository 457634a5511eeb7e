using System.Text;
using CuckooDrive.Core.Chunks;
using CuckooDrive.Core.Metadata;
using CuckooDrive.Core.Volume;

namespace CuckooDrive.Core.Drives;

/// <content>What the drive can tell of itself.</content>
public sealed partial class Drive
{
    /// <summary>Never waits for a cloud.</summary>
    public DriveStatus GetStatus()
    {
        var chunks = _chunks.GetStatus();
        var position = _shipper.Position;
        var (batches, bytes) = _store.CountJournal(position.Durable);
        var space = _chunks.GetSpace();
        var clouds = _clouds.Records.Where(record => record.State != Placement.CloudMemberState.Removed)
            .Select(record => DescribeCloud(record, chunks)).ToList();
        var isBehind = chunks.PendingPacks > 0 || batches > 0 || position.DurableOrdinal < position.NextOrdinal || _chunks.HasChanges;
        return new DriveStatus
        {
            Name = _identity.DriveName,
            DriveId = Convert.ToHexStringLower(_keys.DriveId),
            ReadOnly = _options.ReadOnly,
            WriteStopped = _replicator.FenceReason ?? _store.Failure?.Message ?? _chunks.Failure?.Message,
            Redundancy = new RedundancyStatus(_settings.Redundancy.DataShards, _settings.Redundancy.ParityShards, _settings.Redundancy.ParityShards),
            Clouds = clouds,
            Queue = new QueueStatus(chunks.PendingPacks, chunks.PendingBytes),
            Journal = new JournalStatus(batches, bytes, _shipper.Lag.TotalSeconds, position.Durable),
            CapacityTotal = space.Total,
            CapacityFree = space.Free,
            Protection = chunks.LostPacks > 0 ? DriveProtection.Damaged
                : chunks.DamagedShards > 0 || (isBehind && clouds.Exists(cloud => !cloud.Reachable)) ? DriveProtection.Degraded
                : isBehind ? DriveProtection.Uploading : DriveProtection.Protected,
            Warnings = [.. Warnings(chunks)],
        };
    }

    /// <summary>
    /// How safe the file (or everything directly in the folder) at a path inside the drive is; null when there is none. What
    /// is not committed yet is committed first.
    /// </summary>
    /// <param name="path">Relative to the drive's root, '/' between names.</param>
    public async Task<FileProtection?> GetProtectionAsync(string path, CancellationToken cancellationToken = default)
    {
        if (await FindInodeAsync(path, cancellationToken).ConfigureAwait(false) is not { } inode)
            return null;
        if (!_options.ReadOnly)
            await _volume.CommitAsync(sealPacks: false, hook: null, cancellationToken).ConfigureAwait(false);
        return await Task.Run(() => MeasureProtection(inode), cancellationToken).ConfigureAwait(false);
    }

    private async Task<ulong?> FindInodeAsync(string path, CancellationToken cancellationToken)
    {
        var inode = IFileSystem.RootInode;
        foreach (var name in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            var found = await _volume.LookupAsync(inode, Encoding.UTF8.GetBytes(name), cancellationToken).ConfigureAwait(false);
            if (!found.Succeeded)
                return null;
            inode = found.Value.Attributes.Inode;
            _volume.Forget(inode, 1);
        }
        return inode;
    }

    private FileProtection MeasureProtection(ulong number)
    {
        var worst = IsInPendingJournal(number) ? FileProtection.Local : FileProtection.Protected;
        foreach (var chunk in FindChunks(number))
        {
            var state = _chunks.GetState(chunk) switch
            {
                ChunkState.Lost => FileProtection.Damaged,
                ChunkState.Local => FileProtection.Local,
                ChunkState.Uploading => FileProtection.Uploading,
                _ => FileProtection.Protected,
            };
            if (state == FileProtection.Damaged)
                return state;
            // Shards on clouds are of no use before the journal that names them, but they are on their way.
            if (state != FileProtection.Local && worst == FileProtection.Local)
                worst = FileProtection.Uploading;
            else if (state < worst)
                worst = state;
        }
        return worst;
    }

    private bool IsInPendingJournal(ulong number)
    {
        Span<byte> key = stackalloc byte[MetadataKey.MaximumLength];
        var suffix = MetadataKey.Inode(key, number)[1..].ToArray();
        var found = false;
        _store.ReadJournal(_shipper.Position.Durable, (_, batch) =>
        {
            foreach (var operation in MetadataBatch.Read(batch))
            {
                found |= operation.Key[0] is MetadataKey.TypeInode or MetadataKey.TypeExtents or MetadataKey.TypeDirectoryEntry &&
                    operation.Key[1..].StartsWith(suffix);
            }
            return !found;
        });
        return found;
    }

    private HashSet<ChunkRef> FindChunks(ulong number)
    {
        var chunks = new HashSet<ChunkRef>();
        var row = _store.Get(MetadataKey.Inode(stackalloc byte[MetadataKey.MaximumLength], number));
        if (row is null)
            return chunks;
        foreach (var (_, region) in VolumeRecords.ReadInode(number, row).Extents.Regions)
            chunks.UnionWith(region.Extents.Select(extent => extent.Chunk));
        Span<byte> from = stackalloc byte[MetadataKey.MaximumLength], to = stackalloc byte[MetadataKey.MaximumLength];
        _store.Scan(MetadataKey.Extents(from, number, 0), MetadataKey.Extents(to, number, ulong.MaxValue), (key, value) =>
        {
            var region = VolumeRecords.ReadRegion(value);
            chunks.UnionWith(region.Extents.Select(extent => extent.Chunk));
            return true;
        });
        return chunks;
    }

    private CloudStatus DescribeCloud(CloudRecord record, ChunkStoreStatus chunks)
    {
        var lane = chunks.Clouds.FirstOrDefault(cloud => cloud.Id == record.Id);
        var journalError = _replicator.Replicas.FirstOrDefault(replica => replica.Member.Id == record.Id)?.LastError;
        return new CloudStatus
        {
            Id = record.Id,
            Name = record.Name,
            Address = record.Address,
            FailureDomain = record.FailureDomain,
            Reachable = lane is { Reachable: true } && journalError is null,
            SpaceFree = lane?.FreeBytes,
            Capacity = record.CapacityLimit,
            Shards = lane?.Shards ?? 0,
            ShardBytes = lane?.StoredBytes ?? 0,
            LastError = lane?.LastError ?? journalError,
        };
    }

    private IEnumerable<string> Warnings(ChunkStoreStatus chunks)
    {
        if (_replicator.FenceReason is { } fence)
            yield return fence;
        if (_store.Failure is { } failure)
            yield return $"The metadata store stopped: {failure.Message}";
        if (_chunks.Failure is { } lost)
            yield return $"The staging disk failed, and nothing is durable that was written since; where it does not go on by itself, mount again after it was repaired: {lost.Message}";
        foreach (var loss in _replicator.Replicas.Select(replica => replica.Loss).OfType<string>())
            yield return loss;
        if (_replicator.FenceReason is null && _shipper.LastError is { } error)
            yield return $"The journal could not be sent: {error}";
        if (chunks.LostPacks > 0)
        {
            yield return $"{chunks.LostBytes} bytes of stored data can be read neither on this machine's disk ({_folder.StagingPath}) nor from the clouds; all else goes on. " +
                "'cuckoo doctor' names the files: write them anew or delete them, or mount the drive again when the disk can be read.";
        }
        if (chunks.DamagedShards > 0)
            yield return $"{chunks.DamagedShards} shards are missing or damaged and wait to be rebuilt.";
    }

    /// <summary>Tells of a flush's progress twice a second, for the last time before it is disposed.</summary>
    private sealed class FlushReporter : IAsyncDisposable
    {
        private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

        private readonly ITimer? _timer;

        public FlushReporter(Drive drive, IProgress<FlushProgress>? progress, TimeProvider time)
        {
            if (progress is not null)
                _timer = time.CreateTimer(_ => Report(drive, progress), null, TimeSpan.Zero, Interval);
        }

        public ValueTask DisposeAsync() => _timer?.DisposeAsync() ?? ValueTask.CompletedTask;

        private static void Report(Drive drive, IProgress<FlushProgress> progress)
        {
            var status = drive._chunks.GetStatus();
            var isJournalLeft = drive._store.Sequence > drive._shipper.Position.Durable;
            string[] away = [.. status.Clouds.Where(cloud => !cloud.Reachable).Select(cloud => cloud.Name)];
            progress.Report(new FlushProgress(status.PendingPacks, status.PendingBytes, isJournalLeft, away));
        }
    }
}
