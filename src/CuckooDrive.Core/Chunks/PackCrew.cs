using System.Threading.Channels;
using CuckooDrive.Format;
using Microsoft.Extensions.Logging;

namespace CuckooDrive.Core.Chunks;

/// <summary>
/// The background work on packs: seals, prepares (one at a time, so that appends keep the processors), hands to the
/// uploader, and every second looks after what stands still.
/// </summary>
internal sealed class PackCrew(
    ChunkStoreOptions options,
    PackIndex index,
    CloudLanes lanes,
    CloudWatch watch,
    SpaceManager space,
    ForegroundWrites writes,
    PackPreparer preparer,
    ShardRebuilder rebuilder,
    ShardUploader uploader,
    PackHealer healer,
    PackReaper reaper,
    DiskCache cache,
    DedupIndex dedup,
    TimeProvider time,
    ILogger logger)
{
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    private readonly Channel<Pack> _toPrepare = Channel.CreateUnbounded<Pack>();
    private readonly Pulse _wake = new();
    private readonly List<Task> _tasks = [];

    public void Start(CancellationToken stopping)
    {
        _tasks.Add(Task.Run(() => GuardAsync(_ => watch.RunQuotasAsync(), stopping), CancellationToken.None));
        _tasks.Add(Task.Run(() => GuardAsync(_ => watch.RunProbesAsync(), stopping), CancellationToken.None));
        if (options.ReadOnly)
            return;
        uploader.Start(stopping);
        List<Pack> incomplete;
        lock (index.Gate)
            incomplete = [.. index.Incomplete, .. index.DeadPacks];
        foreach (var pack in incomplete)
            Offer(pack);
        _tasks.Add(Task.Run(() => GuardAsync(PrepareOnThreadAsync, stopping), CancellationToken.None));
        _tasks.Add(Task.Run(() => GuardAsync(MaintainLoopAsync, stopping), CancellationToken.None));
        _tasks.Add(Task.Run(() => GuardAsync(HealLoopAsync, stopping), CancellationToken.None));
        _tasks.Add(Task.Run(() => GuardAsync(FillDedupAsync, stopping), CancellationToken.None));
    }

    public async Task StopAsync()
    {
        await Task.WhenAll(_tasks).ConfigureAwait(false);
        await uploader.StopAsync().ConfigureAwait(false);
    }

    /// <summary>Something may have become possible: look now, not at the next tick.</summary>
    public void Wake() => _wake.Fire();

    /// <summary>Somebody waits: what failed before is tried again at once.</summary>
    public void RetryNow()
    {
        healer.RetryNow();
        Wake();
    }

    /// <summary>Fixes a pack's content and chooses its clouds. Under the gate.</summary>
    public void Seal(Pack pack)
    {
        pack.PaddedLength = PackLayout.PaddedLength(pack.MaximumUsed);
        pack.State = PackState.Sealed;
        pack.SealedAt = time.GetTimestamp();
        lanes.TryPlace(pack);
        index.MarkDirty(pack);
    }

    /// <summary>Queues a pack for preparation and upload if that is what it needs now. Without the gate.</summary>
    public void Offer(Pack pack)
    {
        lock (index.Gate)
        {
            if (pack.Preparing || pack.Prepared || pack.PendingWrites > 0 || pack.SealSequence == long.MaxValue || pack.IsComplete ||
                pack.Local is not { IsWhole: true, IsStaged: true } || pack.Gone || pack.Deleting || (pack.State == PackState.Dead && !reaper.IsNeededByJournal(pack)))
                return;
            pack.Preparing = true;
        }
        _toPrepare.Writer.TryWrite(pack);
    }

    /// <summary>A shard of the pack was found missing or damaged. Without the gate.</summary>
    public void Heal(Pack pack)
    {
        lock (index.Gate)
            index.Incomplete.Add(pack);
        Wake();
    }

    /// <summary>The local file of the pack did not give what is in it. Without the gate.</summary>
    public void Suspect(Pack pack)
    {
        lock (index.Gate)
        {
            // What has tags is checked while it is prepared, and what is completely at the clouds has this file as a mere copy.
            if (pack.LocalIsSuspect || (pack.Preparing && pack.Tagged) || pack.IsComplete || pack.Local is not { IsWhole: true, IsStaged: true })
                return;
            pack.LocalIsSuspect = true;
        }
        Wake();
    }

    private Task PrepareOnThreadAsync(CancellationToken stopping) =>
        Task.Factory.StartNew(() => PrepareLoop(stopping), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    // On a thread of its own, which steps back behind those that serve the mount.
    private void PrepareLoop(CancellationToken stopping)
    {
        Posix.StepBack();
        while (_toPrepare.Reader.WaitToReadAsync(stopping).AsTask().GetAwaiter().GetResult())
        {
            while (_toPrepare.Reader.TryRead(out var pack))
            {
                writes.StepAside(pack.SealedAt, stopping);
                PrepareOrOfferAgain(pack, stopping);
            }
        }
    }

    private void PrepareOrOfferAgain(Pack pack, CancellationToken stopping)
    {
        stopping.ThrowIfCancellationRequested();
        try
        {
            if (Prepare(pack))
                uploader.Enqueue(pack);
        }
        catch (StagedDataException exception)
        {
            logger.LogError("The staged data of pack {Pack} is not uploaded as it is: {Message}", pack.Ordinal, exception.Message);
            lock (index.Gate)
                (pack.Preparing, pack.Prepared, pack.LocalIsSuspect) = (false, true, true);
            Wake();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            logger.LogError("Pack {Pack} cannot be made ready for the clouds: {Message}", pack.Ordinal, exception.Message);
            Task.Delay(options.InitialBackoff, time, stopping).GetAwaiter().GetResult();
            lock (index.Gate)
                pack.Preparing = false;
            Offer(pack);
        }
    }

    private bool Prepare(Pack pack)
    {
        var file = pack.Local!;
        bool wasSuspect;
        lock (index.Gate)
            (wasSuspect, pack.LocalIsSuspect) = (pack.LocalIsSuspect, false);
        // What was written in this run comes from the system's memory, and the tags vouch for what has them.
        if (!pack.Tagged && (pack.SealedAt == 0 || wasSuspect) && rebuilder.ReadLocal(pack) is null)
            throw new StagedDataException("it cannot be read, or is not what was written");
        var tags = preparer.Prepare(pack, file);
        lock (index.Gate)
        {
            // Somebody who read it meanwhile: its tags must not vouch for what is wrong.
            if (pack.LocalIsSuspect)
                throw new StagedDataException("a chunk of it is not what was written");
            pack.Preparing = false;
            pack.Prepared = true;
            pack.PreparedAt = time.GetTimestamp();
            var full = (long)pack.Width * pack.PaddedLength;
            space.AddStaged(full - file.Bytes);
            file.Bytes = full;
            if (pack.Tagged && !pack.Shards.Select(static place => place.Tag).SequenceEqual(tags))
            {
                pack.LocalIsSuspect = true;
                logger.LogError("The staged data of pack {Pack} has changed since its shards were made; it is not uploaded.", pack.Ordinal);
                return false;
            }
            for (var shard = 0; shard < tags.Length; shard++)
                pack.Shards[shard].Tag = tags[shard];
            pack.Tagged = true;
            index.MarkDirty(pack);
            return true;
        }
    }

    private async Task MaintainLoopAsync(CancellationToken stopping)
    {
        while (true)
        {
            var wake = _wake.Next;
            await reaper.ReapAsync(stopping).ConfigureAwait(false);
            foreach (var lane in lanes.All)
            {
                if (lane.DownFor >= options.ReplaceAfter)
                    uploader.MoveAway(lane);
            }
            PlaceRest();
            // A commit may have made it safe to evict what was uploaded before it.
            cache.Enforce();
            space.UpdateDisk();
            uploader.Progress.Fire();
            await Task.WhenAny(wake, Task.Delay(Tick, time, stopping)).ConfigureAwait(false);
            stopping.ThrowIfCancellationRequested();
        }
    }

    private async Task HealLoopAsync(CancellationToken stopping)
    {
        while (true)
        {
            var wake = _wake.Next;
            await healer.HealAsync(stopping).ConfigureAwait(false);
            await Task.WhenAny(wake, Task.Delay(Tick, time, stopping)).ConfigureAwait(false);
            stopping.ThrowIfCancellationRequested();
        }
    }

    private void PlaceRest()
    {
        List<Pack> homeless;
        lock (index.Gate)
            homeless = [.. index.Incomplete.Where(static pack => pack.Prepared && pack.Shards.Any(static place => place.Cloud == ShardPlace.Nowhere))];
        foreach (var pack in homeless)
            uploader.PlaceRest(pack);
    }

    // What was stored before this start can be deduplicated against as well, as soon as it has been read in.
    private async Task FillDedupAsync(CancellationToken stopping)
    {
        List<Pack> packs;
        lock (index.Gate)
            packs = [.. index.Packs.Where(static pack => pack is { State: PackState.Sealed, NamedSequence: 0 })];
        foreach (var pack in packs)
        {
            for (uint page = 0; page * ChunkPage.Capacity < pack.ChunkCount; page++)
            {
                stopping.ThrowIfCancellationRequested();
                lock (index.Gate)
                {
                    if (!pack.Gone)
                        index.VisitPage(pack, page, (number, record) => AddToDedup(pack, number, record));
                }
            }
            await Task.Yield();
        }
    }

    private void AddToDedup(Pack pack, uint number, in ChunkRecord record)
    {
        if (record.References > 0)
            dedup.Add(record.Id, new ChunkRef(pack.Ordinal, number));
    }

    private async Task GuardAsync(Func<CancellationToken, Task> work, CancellationToken stopping)
    {
        try
        {
            await work(stopping).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The end that Stop asked for.
        }
        catch (Exception exception)
        {
            logger.LogCritical(exception, "The background work on packs has ended; mount again.");
            throw;
        }
    }
}
