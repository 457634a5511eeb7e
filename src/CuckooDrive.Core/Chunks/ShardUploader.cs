using System.Buffers;
using System.Collections.Concurrent;
using CuckooDrive.Clouds;
using CuckooDrive.Core.Placement;
using CuckooDrive.Format;
using Microsoft.Extensions.Logging;

namespace CuckooDrive.Core.Chunks;

/// <summary>
/// Brings the shards of prepared packs to their clouds: a few workers for each cloud, each cloud with its own pace and
/// pauses, so that one that hangs holds up no other. What is to be done follows from the pack records; nothing here needs
/// to survive a crash.
/// </summary>
internal sealed class ShardUploader(
    ChunkStoreOptions options,
    PackIndex index,
    PackFiles files,
    DiskCache cache,
    PackPreparer preparer,
    CloudLanes lanes,
    SpaceManager space,
    PackReaper reaper,
    TimeProvider time,
    ILogger logger)
{
    private static readonly TimeSpan LongestSleep = TimeSpan.FromSeconds(1);

    private readonly ConcurrentBag<Task> _workers = [];

    /// <summary>Fires when a shard has arrived or a cloud's condition has changed.</summary>
    public Pulse Progress { get; } = new();

    public void Start(CancellationToken stopping)
    {
        foreach (var lane in lanes.All)
            Serve(lane, stopping);
    }

    /// <summary>Starts the workers of one cloud.</summary>
    public void Serve(CloudLane lane, CancellationToken stopping)
    {
        var limit = lane.Storage.Capabilities.ParallelWrites;
        var count = Math.Max(limit > 0 ? Math.Min(limit, options.UploadsPerCloud) : options.UploadsPerCloud, 1);
        for (var i = 0; i < count; i++)
            _workers.Add(Task.Run(() => WorkAsync(lane, stopping), CancellationToken.None));
    }

    /// <summary>Completes when the workers have seen the cancellation.</summary>
    public Task StopAsync() => Task.WhenAll(_workers);

    /// <summary>Queues every shard of a prepared pack that is not on its cloud. Without the gate.</summary>
    public void Enqueue(Pack pack)
    {
        lock (index.Gate)
        {
            for (var shard = 0; shard < pack.Width; shard++)
            {
                ref var place = ref pack.Shards[shard];
                if (place.State != ShardState.Pending)
                    continue;
                if (lanes.Find(place.Cloud) is not { TakesShards: true })
                    place.Cloud = ShardPlace.Nowhere;
                EnqueueLocked(pack, shard);
            }
        }
    }

    /// <summary>Tries to find clouds for shards that have none. Without the gate; true when all have one.</summary>
    public bool PlaceRest(Pack pack)
    {
        lock (index.Gate)
        {
            var all = true;
            for (var shard = 0; shard < pack.Width; shard++)
            {
                ref var place = ref pack.Shards[shard];
                if (place.Cloud != ShardPlace.Nowhere)
                    continue;
                if (lanes.TryReplace(pack, shard) is not { } cloud)
                {
                    all = false;
                    continue;
                }
                place.Cloud = cloud;
                index.MarkDirty(pack);
                EnqueueLocked(pack, shard);
            }
            return all;
        }
    }

    /// <summary>Gives what waits for a cloud that stays away to others, as far as failure domains are free.</summary>
    public void MoveAway(CloudLane lane)
    {
        var waiting = new List<ShardJob>();
        while (lane.Queue.Reader.TryRead(out var job))
            waiting.Add(job);
        foreach (var job in waiting)
        {
            lane.AddPending(-job.Pack.PaddedLength);
            lock (index.Gate)
            {
                // A shard that was queued twice may be elsewhere by now, or on its way to here: its record must not be moved from there.
                if (job.Pack.Shards[job.Shard] is not { State: ShardState.Pending, Busy: false } place || place.Cloud != lane.Member.Id)
                    continue;
                MoveOrKeep(job);
                EnqueueLocked(job.Pack, job.Shard);
            }
        }
    }

    private void EnqueueLocked(Pack pack, int shard)
    {
        if (lanes.Find(pack.Shards[shard].Cloud) is not { } lane)
            return;
        lane.AddPending(pack.PaddedLength);
        lane.Queue.Writer.TryWrite(new ShardJob(pack, shard));
    }

    private async Task WorkAsync(CloudLane lane, CancellationToken stopping)
    {
        try
        {
            while (await lane.Queue.Reader.WaitToReadAsync(stopping).ConfigureAwait(false))
            {
                var pause = lane.TimeUntilAvailable;
                if (pause > TimeSpan.Zero)
                {
                    // In steps: the pause may be cut short.
                    await Task.Delay(pause < LongestSleep ? pause : LongestSleep, time, stopping).ConfigureAwait(false);
                    continue;
                }
                if (lane.Queue.Reader.TryRead(out var job))
                    await RunAsync(lane, job, stopping).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The end that Stop asked for.
        }
    }

    private async Task RunAsync(CloudLane lane, ShardJob job, CancellationToken stopping)
    {
        lane.AddPending(-job.Pack.PaddedLength);
        if (Take(lane, job) is not { } file)
            return;
        var started = time.GetTimestamp();
        CloudObject? stored = null;
        try
        {
            // What was prepared just now is still in the system's memory; what waited for its cloud comes from the disk.
            if (time.GetElapsedTime(job.Pack.PreparedAt) >= options.TrustPrepared && !IsRightHere(job, file))
            {
                LeaveSuspectToHealer(job);
                return;
            }
            CrashPoint.Reach(CrashStep.ShardUploading);
            stored = await WriteAsync(lane, job, file, stopping).ConfigureAwait(false);
            CrashPoint.Reach(CrashStep.ShardUploaded);
            lane.ReportUploaded(job.Pack.PaddedLength, time.GetElapsedTime(started));
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception exception)
        {
            // The root of the worker: whatever a provider throws, the shard stays in the queue and the worker at work.
            if (IsRightHere(job, file))
                Judge(lane, job, exception);
            else
                LeaveSuspectToHealer(job);
        }
        finally
        {
            End(lane, job, stored);
        }
    }

    private LocalPackFile? Take(CloudLane lane, ShardJob job)
    {
        lock (index.Gate)
        {
            ref var place = ref job.Pack.Shards[job.Shard];
            if (place.Busy || place.State != ShardState.Pending || place.Cloud != lane.Member.Id || job.Pack.Gone || job.Pack.Deleting ||
                !job.Pack.IsWholeLocally || job.Pack.LocalIsSuspect || (job.Pack.State == PackState.Dead && !reaper.IsNeededByJournal(job.Pack)))
                return null;
            place.Busy = true;
            return job.Pack.Local;
        }
    }

    private async Task<CloudObject> WriteAsync(CloudLane lane, ShardJob job, LocalPackFile file, CancellationToken stopping)
    {
        var length = job.Pack.PaddedLength;
        var name = ObjectNames.Shard(job.Pack.Id, job.Shard);
        var content = CloudContent.FromFile(file.Path, file.Position(job.Shard, 0), length);
        try
        {
            var stored = await WatchedUpload.WriteAsync(lane, name, content, options, time, stopping).ConfigureAwait(false);
            if (stored.Length != length)
                throw new CloudException(CloudErrorKind.Corrupt, $"{lane.Member.Name} stored {stored.Length} bytes of {length} as {name}.");
            return stored;
        }
        catch (CloudException exception) when (exception.Kind == CloudErrorKind.AlreadyExists)
        {
            // Most likely written by us before a crash or a lost answer; believed only when every byte is right.
            var timeout = WatchedUpload.Patience(options, length);
            return await lane.CallAsync(token => VerifyAsync(lane, job, file, name, token), timeout, stopping).ConfigureAwait(false)
                ?? await ReplaceAsync(lane, name, content, stopping).ConfigureAwait(false);
        }
    }

    // An upload of ours that was torn, at a provider that shows such objects: all of what is there is ours.
    private async Task<CloudObject> ReplaceAsync(CloudLane lane, string name, CloudContent content, CancellationToken stopping)
    {
        logger.LogWarning("{Cloud} held only a part of {Shard}, which is replaced.", lane.Member.Name, name);
        await lane.CallAsync(async token =>
        {
            await lane.Storage.DeleteAsync(name, token).ConfigureAwait(false);
            return true;
        }, options.ReadTimeout, stopping).ConfigureAwait(false);
        return await WatchedUpload.WriteAsync(lane, name, content, options, time, stopping).ConfigureAwait(false);
    }

    /// <summary>The object, or null when it is only a beginning of what it should be.</summary>
    private async Task<CloudObject?> VerifyAsync(CloudLane lane, ShardJob job, LocalPackFile file, string name, CancellationToken cancellationToken)
    {
        var found = await lane.Storage.StatAsync(name, cancellationToken).ConfigureAwait(false)
            ?? throw new CloudException(CloudErrorKind.Transient, $"{lane.Member.Name} says that {name} exists and that it does not.");
        if (found.Length <= job.Pack.PaddedLength)
        {
            var content = new byte[found.Length];
            var read = await lane.Storage.ReadAsync(name, 0, content, cancellationToken).ConfigureAwait(false);
            if (read == job.Pack.PaddedLength && preparer.Tag(job.Pack, job.Shard, content) == job.Pack.Shards[job.Shard].Tag)
                return found;
            if (read == content.Length && read < job.Pack.PaddedLength && IsBeginning(job, file, content))
                return null;
        }
        throw new CloudException(CloudErrorKind.AlreadyExists, $"{lane.Member.Name} holds other bytes under the name {name}.");
    }

    private bool IsBeginning(ShardJob job, LocalPackFile file, byte[] content)
    {
        var own = new byte[content.Length];
        files.Read(file, file.Position(job.Shard, 0), own);
        return own.AsSpan().SequenceEqual(content);
    }

    // What a provider says of a local file that it could not read sounds like a failure of the cloud.
    private bool IsRightHere(ShardJob job, LocalPackFile file)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(job.Pack.PaddedLength);
        try
        {
            var content = buffer.AsSpan(0, job.Pack.PaddedLength);
            files.Read(file, file.Position(job.Shard, 0), content);
            return preparer.Tag(job.Pack, job.Shard, content) == job.Pack.Shards[job.Shard].Tag;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private void LeaveSuspectToHealer(ShardJob job)
    {
        lock (index.Gate)
        {
            if (job.Pack.LocalIsSuspect)
                return;
            job.Pack.LocalIsSuspect = true;
        }
        logger.LogError("The staged data of pack {Pack} cannot be read, or has changed since its shards were made; it is not uploaded as it is.", job.Pack.Ordinal);
    }

    private void Judge(CloudLane lane, ShardJob job, Exception exception)
    {
        var wasReachable = lane.IsReachable;
        if (exception is CloudException failure)
            lane.Report(failure, job.Pack.PaddedLength);
        else
            lane.ReportFailure(exception.Message);
        if (wasReachable)
            logger.LogWarning("Shard {Shard} of pack {Pack} waits: {Message}", job.Shard, job.Pack.Ordinal, exception.Message);
        if (exception is CloudException { Kind: CloudErrorKind.QuotaExceeded or CloudErrorKind.AlreadyExists or CloudErrorKind.TooLarge or CloudErrorKind.Forbidden })
        {
            lock (index.Gate)
            {
                if (!MoveOrKeep(job) && exception is CloudException { Kind: CloudErrorKind.AlreadyExists })
                    LeaveToHealer(job);
            }
        }
    }

    private bool MoveOrKeep(ShardJob job)
    {
        if (lanes.TryReplace(job.Pack, job.Shard) is not { } cloud)
            return false;
        job.Pack.Shards[job.Shard].Cloud = cloud;
        index.MarkDirty(job.Pack);
        return true;
    }

    // Other bytes under the shard's name would refuse every further attempt, and the cloud that answers so has no pause. The healer
    // may replace them; what it cannot do at once it tries less and less often.
    private void LeaveToHealer(ShardJob job)
    {
        job.Pack.Shards[job.Shard].State = ShardState.Damaged;
        index.MarkDirty(job.Pack);
    }

    private void End(CloudLane lane, ShardJob job, CloudObject? stored)
    {
        var pack = job.Pack;
        LocalPackFile? completed = null;
        lock (index.Gate)
        {
            ref var place = ref pack.Shards[job.Shard];
            place.Busy = false;
            if (stored is not null)
            {
                place.State = ShardState.Stored;
                place.Hash = RecordableHash(stored);
                lane.AddStored(pack.PaddedLength);
                index.MarkDirty(pack);
                if (pack.IsComplete)
                {
                    index.Incomplete.Remove(pack);
                    completed = pack.Local is { IsStaged: true } staged ? staged : null;
                }
            }
            else if (place.State == ShardState.Pending)
                EnqueueLocked(pack, job.Shard);
        }
        if (completed is not null)
            HandToCache(pack, completed);
        if (stored is not null)
            space.ReportProgress();
        Progress.Fire();
    }

    /// <summary>A provider's hash as a pack record can hold it.</summary>
    public static string? RecordableHash(CloudObject stored) =>
        stored.Hash is { Length: <= 255 } hash && System.Text.Ascii.IsValid(hash) && !hash.Contains('?') ? hash : null;

    /// <summary>A completely uploaded pack's file becomes the disk cache's copy.</summary>
    public void HandToCache(Pack pack, LocalPackFile file)
    {
        try
        {
            files.MoveToCache(file, pack.Id, checked((int)file.Position(pack.DataShards - 1, pack.PaddedLength)));
            CrashPoint.Reach(CrashStep.PackMovedToCache);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // It is found again at the next start; until then it is read where it is.
            logger.LogWarning("Pack {Pack} could not move to the disk cache: {Message}", pack.Ordinal, exception.Message);
        }
        lock (index.Gate)
        {
            if (!file.IsStaged)
                return;
            file.IsStaged = false;
            space.AddStaged(-file.Bytes);
            file.Bytes = (long)pack.DataShards * pack.PaddedLength;
            if (pack.Local == file)
                cache.Add(pack);
        }
        cache.Enforce();
    }
}
