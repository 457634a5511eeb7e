using CuckooDrive.Clouds;
using CuckooDrive.Format;
using Microsoft.Extensions.Logging;

namespace CuckooDrive.Core.Chunks;

/// <summary>
/// Removes dead packs: once nothing on the clouds can name them any more, their objects, then the local file, then the
/// rows. Deleting is idempotent and the pack's row says "dead" until it is done, so a crash only repeats it.
/// </summary>
internal sealed class PackReaper(
    ChunkStoreOptions options,
    PackIndex index,
    PackFiles files,
    DiskCache cache,
    CloudLanes lanes,
    SpaceManager space,
    ILogger logger)
{
    private const int Parallel = 4;

    private long _journaled;

    /// <summary>The clouds hold the journal up to here. Under the gate.</summary>
    public void Journaled(long sequence) => _journaled = Math.Max(_journaled, sequence);

    /// <summary>A journal on the clouds, or one on its way there, may name the pack alive: its shards must stay, or still arrive. Under the gate.</summary>
    public bool IsNeededByJournal(Pack pack) => pack.DeathSequence == long.MaxValue || (pack.MaybeJournaled && pack.DeathSequence > _journaled);

    /// <summary>The journal on the clouds names the sealed pack. Under the gate.</summary>
    public bool IsJournaled(Pack pack) => pack.SealSequence <= _journaled;

    /// <summary>Deletes what may be deleted now; what a cloud refuses stays for the next call. Never fails.</summary>
    public async Task ReapAsync(CancellationToken stopping)
    {
        List<Pack> ready;
        lock (index.Gate)
            ready = [.. index.DeadPacks.Where(pack => !pack.Gone && !IsNeededByJournal(pack) && !IsBusy(pack))];
        if (ready.Count == 0)
            return;
        await System.Threading.Tasks.Parallel.ForEachAsync(
            ready, new ParallelOptions { MaxDegreeOfParallelism = Parallel, CancellationToken = stopping },
            async (pack, token) => await ReapAsync(pack, token).ConfigureAwait(false)).ConfigureAwait(false);
    }

    private async Task ReapAsync(Pack pack, CancellationToken stopping)
    {
        lock (index.Gate)
            pack.Deleting = true;
        for (var shard = 0; shard < pack.Width; shard++)
        {
            var place = pack.Shards[shard];
            if (place.State == ShardState.Gone || !await TryDeleteAsync(pack, shard, place, stopping).ConfigureAwait(false))
                continue;
            CrashPoint.Reach(CrashStep.ShardDeleted);
            lock (index.Gate)
            {
                if (place.State == ShardState.Stored)
                    lanes.Find(place.Cloud)?.AddStored(-pack.PaddedLength);
                pack.Shards[shard].State = ShardState.Gone;
                index.MarkDirty(pack);
            }
        }
        Forget(pack);
    }

    private async Task<bool> TryDeleteAsync(Pack pack, int shard, ShardPlace place, CancellationToken stopping)
    {
        // A shard that no upload was ever tried for, or whose cloud is no part of the drive any more.
        if ((!pack.Tagged && pack.NamedSequence != 0) || lanes.Find(place.Cloud) is not { IsUsable: true } lane)
            return true;
        if (lane.TimeUntilAvailable > TimeSpan.Zero)
            return false;
        try
        {
            var name = ObjectNames.Shard(pack.Id, shard);
            await lane.CallAsync(token => DeleteAsync(lane, name, token), options.ReadTimeout, stopping).ConfigureAwait(false);
            lane.ReportAnswer();
            return true;
        }
        catch (CloudException exception)
        {
            if (lane.IsReachable)
                logger.LogWarning("A dead pack stays at {Cloud} for now: {Message}", lane.Member.Name, exception.Message);
            lane.ReportFailure(exception.Message, exception.RetryAfter);
            return false;
        }
    }

    private static async Task<bool> DeleteAsync(CloudLane lane, string name, CancellationToken cancellationToken)
    {
        await lane.Storage.DeleteAsync(name, cancellationToken).ConfigureAwait(false);
        return true;
    }

    private void Forget(Pack pack)
    {
        lock (index.Gate)
        {
            if (pack.Shards.Any(static place => place.State != ShardState.Gone))
                return;
            pack.Gone = true;
            index.MarkDirty(pack);
        }
        CrashPoint.Reach(CrashStep.PackForgotten);
        DropLocal(pack);
        space.ReportProgress();
    }

    /// <summary>Deletes the local file of a pack that is gone.</summary>
    public void DropLocal(Pack pack)
    {
        LocalPackFile? file;
        lock (index.Gate)
        {
            file = cache.Remove(pack);
            if (file is { IsStaged: true })
            {
                file.IsStaged = false;
                space.AddStaged(-file.Bytes);
            }
        }
        try
        {
            if (file is not null)
                files.Delete(file);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // No row names it: the next start deletes it.
            logger.LogWarning("The file of the dead pack {Pack} stays until the next start: {Message}", pack.Ordinal, exception.Message);
        }
    }

    private static bool IsBusy(Pack pack) => pack.Preparing || pack.PendingWrites > 0 || pack.Shards.Any(static place => place.Busy);
}
