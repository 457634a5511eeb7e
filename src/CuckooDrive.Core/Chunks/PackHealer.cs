using System.Runtime.ExceptionServices;
using CuckooDrive.Clouds;
using CuckooDrive.Format;
using Microsoft.Extensions.Logging;

namespace CuckooDrive.Core.Chunks;

/// <summary>
/// Makes packs whole again whose shards are missing or damaged, or of which this machine has only the record: finds shards
/// that are there after all, rebuilds the others and stores them, on another cloud where theirs does not answer.
/// One pack at a time, and a pack that cannot be healed now is left alone for longer each time.
/// </summary>
internal sealed class PackHealer(
    ChunkStoreOptions options,
    PackIndex index,
    CloudLanes lanes,
    ShardRebuilder rebuilder,
    ShardUploader uploader,
    PackReaper reaper,
    SpaceManager space,
    TimeProvider time,
    ILogger logger)
{
    private readonly Dictionary<Pack, (int Tries, long NotBefore)> _waiting = [];
    private bool _retry;

    /// <summary>The next look leaves no pack out because of an earlier failure. Thread safe.</summary>
    public void RetryNow() => Volatile.Write(ref _retry, true);

    /// <summary>Looks once at every pack that needs it. Never fails for a cloud's sake.</summary>
    public async Task HealAsync(CancellationToken stopping)
    {
        List<Pack> sick;
        lock (index.Gate)
            sick = [.. index.Incomplete.Where(IsSick)];
        if (Interlocked.Exchange(ref _retry, false))
            _waiting.Clear();
        foreach (var gone in _waiting.Keys.Except(sick).ToList())
            _waiting.Remove(gone);
        foreach (var pack in sick)
        {
            var (tries, notBefore) = _waiting.GetValueOrDefault(pack);
            if (tries > 0 && time.GetTimestamp() < notBefore)
                continue;
            if (await HealAsync(pack, stopping).ConfigureAwait(false))
            {
                _waiting.Remove(pack);
                continue;
            }
            var pause = Math.Min(options.InitialBackoff.TotalSeconds * Math.Pow(2, Math.Min(tries, 20)), options.MaximumBackoff.TotalSeconds);
            _waiting[pack] = (tries + 1, time.GetTimestamp() + (long)(pause * time.TimestampFrequency));
        }
    }

    // What the uploader brings to its clouds is not sick, only not finished.
    private bool IsSick(Pack pack) =>
        IsNeeded(pack) && !pack.Preparing && pack.SealSequence != long.MaxValue &&
        (pack.BadShards > 0 || !pack.IsWholeLocally || (pack.LocalIsSuspect && pack.Prepared));

    // A dead pack that a journal on its way still names is waited for like any other.
    private bool IsNeeded(Pack pack) =>
        !pack.Deleting && !pack.Gone && (pack.State == PackState.Sealed || (pack.State == PackState.Dead && reaper.IsNeededByJournal(pack)));

    private async Task<bool> HealAsync(Pack pack, CancellationToken stopping)
    {
        var started = time.GetTimestamp();
        byte[][]? data = null;
        try
        {
            // First what needs no cloud: a suspect file may hold enough that is right.
            data = pack.LocalIsSuspect ? rebuilder.ReadLocal(pack) : null;
            await FindAsync(pack, stopping).ConfigureAwait(false);
            await RecheckAsync(pack, stopping).ConfigureAwait(false);
            if (Wanted(pack).Count > 0)
            {
                data ??= await rebuilder.ReadDataAsync(pack, (shard, finding) => Mark(pack, shard, finding), stopping).ConfigureAwait(false);
                data ??= Renew(pack);
                if (data is null)
                    return Judge(pack, started);
                Tag(pack, data);
                // Reading may have shown more of them to be bad.
                await RestoreAsync(pack, Wanted(pack), data, stopping).ConfigureAwait(false);
            }
        }
        catch (Exception exception) when (exception is CloudException or IOException or InvalidDataException or UnauthorizedAccessException)
        {
            logger.LogWarning("Pack {Pack} cannot be healed now: {Message}", pack.Ordinal, exception.Message);
            return Judge(pack, data is null ? started : null);
        }
        Judge(pack, null);
        return Finish(pack);
    }

    /// <summary>Notes how an attempt has ended: null when enough was found to make everything of it.</summary>
    /// <returns>False: it is not healed.</returns>
    private bool Judge(Pack pack, long? unhealed)
    {
        bool isNews;
        long bytes;
        lock (index.Gate)
        {
            isNews = !pack.IsLost;
            pack.UnhealedAt = unhealed;
            isNews &= pack.IsLost;
            bytes = pack.LiveBytes;
        }
        if (isNews)
        {
            logger.LogError("Pack {Pack} cannot be read on this machine's disk and is not on enough clouds: {Bytes} bytes of files in it cannot be read.",
                pack.Ordinal, bytes);
        }
        uploader.Progress.Fire();
        return false;
    }

    // With a local file, pending shards are the uploader's.
    private static List<int> Wanted(Pack pack) =>
    [
        .. Enumerable.Range(0, pack.Width).Where(shard => pack.Shards[shard] is { Busy: false, State: not ShardState.Stored } place &&
            (place.State != ShardState.Pending || !pack.IsWholeLocally || pack.LocalIsSuspect)),
    ];

    /// <summary>A shard whose arrival was never recorded here may be on its cloud, or on another one.</summary>
    private async Task FindAsync(Pack pack, CancellationToken stopping)
    {
        if (pack.IsWholeLocally && !pack.LocalIsSuspect)
            return;
        for (var shard = 0; shard < pack.Width; shard++)
        {
            if (pack.Shards[shard].State != ShardState.Pending)
                continue;
            var name = ObjectNames.Shard(pack.Id, shard);
            foreach (var lane in lanes.All.Where(static lane => lane.IsUsable).OrderBy(lane => lane.Member.Id == pack.Shards[shard].Cloud ? 0 : 1))
            {
                if (lane.TimeUntilAvailable > TimeSpan.Zero)
                    continue;
                var found = await AskAsync(lane, token => lane.Storage.StatAsync(name, token), stopping).ConfigureAwait(false);
                if (found?.Length != pack.PaddedLength)
                    continue;
                MarkStored(pack, shard, lane, found);
                break;
            }
        }
    }

    /// <summary>One wrong answer does not make a shard bad: it is looked at as a whole before anything is done about it.</summary>
    private async Task RecheckAsync(Pack pack, CancellationToken stopping)
    {
        for (var shard = 0; shard < pack.Width; shard++)
        {
            if (pack.Shards[shard].State is not (ShardState.Missing or ShardState.Damaged) || lanes.Find(pack.Shards[shard].Cloud) is not { IsReachable: true } lane ||
                !await rebuilder.IsSoundAsync(pack, shard, stopping).ConfigureAwait(false))
                continue;
            MarkStored(pack, shard, lane, null);
        }
    }

    /// <summary>All that can be restored: a cloud that refuses one shard must not keep the others from theirs.</summary>
    /// <exception cref="CloudException">Of the last one that could not.</exception>
    private async Task RestoreAsync(Pack pack, List<int> shards, byte[][] data, CancellationToken stopping)
    {
        ExceptionDispatchInfo? refused = null;
        foreach (var shard in shards)
        {
            try
            {
                await RestoreAsync(pack, shard, data, stopping).ConfigureAwait(false);
            }
            catch (CloudException exception)
            {
                refused = ExceptionDispatchInfo.Capture(exception);
            }
        }
        refused?.Throw();
    }

    private async Task RestoreAsync(Pack pack, int shard, byte[][] data, CancellationToken stopping)
    {
        if (rebuilder.Make(pack, data, shard, out _) is not { } content)
        {
            logger.LogError("Shard {Shard} of pack {Pack} was rebuilt and contradicts its tag.", shard, pack.Ordinal);
            return;
        }
        if (Take(pack, shard) is not { } lane)
            return;
        try
        {
            await ReplaceAsync(pack, shard, lane, content, stopping).ConfigureAwait(false);
        }
        finally
        {
            lock (index.Gate)
                pack.Shards[shard].Busy = false;
        }
    }

    /// <summary>Reserves a cloud for a shard that is to be restored; null when there is none, or nothing to restore any more.</summary>
    private CloudLane? Take(Pack pack, int shard)
    {
        lock (index.Gate)
        {
            ref var place = ref pack.Shards[shard];
            if (place.Busy || place.State == ShardState.Stored || !IsNeeded(pack) || Home(pack, shard) is not { } lane)
                return null;
            // Recorded before the upload, so that no other shard of the pack finds its place in the same failure domain meanwhile.
            place.Cloud = lane.Member.Id;
            place.Busy = true;
            return lane;
        }
    }

    private async Task ReplaceAsync(Pack pack, int shard, CloudLane lane, byte[] content, CancellationToken stopping)
    {
        var name = ObjectNames.Shard(pack.Id, shard);
        // Only what is known to be wrong, or is not there, gives way to what is known to be right.
        await AskAsync(lane, async token =>
        {
            await lane.Storage.DeleteAsync(name, token).ConfigureAwait(false);
            return true;
        }, stopping).ConfigureAwait(false);
        var write = WatchedUpload.WriteAsync(lane, name, CloudContent.FromMemory(content), options, time, stopping);
        var stored = await ReportAsync(lane, write, content.Length).ConfigureAwait(false);
        MarkStored(pack, shard, lane, stored);
        logger.LogInformation("Shard {Shard} of pack {Pack} was rebuilt and stored at {Cloud}.", shard, pack.Ordinal, lane.Member.Name);
    }

    /// <summary>A pack whose record came without tags gets them from its data, which every chunk in it vouches for.</summary>
    private void Tag(Pack pack, byte[][] data)
    {
        if (pack.Tagged)
            return;
        var tags = new Bytes16[pack.Width];
        for (var shard = 0; shard < tags.Length; shard++)
            rebuilder.Make(pack, data, shard, out tags[shard]);
        lock (index.Gate)
        {
            for (var shard = 0; shard < tags.Length; shard++)
                pack.Shards[shard].Tag = tags[shard];
            pack.Tagged = true;
            index.MarkDirty(pack);
        }
    }

    /// <summary>
    /// Gives up the tags of a pack of which no shard is anywhere yet, when the local file contradicts them and gives every chunk in use all the same:
    /// only what nobody needs is damaged.
    /// </summary>
    private byte[][]? Renew(Pack pack)
    {
        if (!pack.Tagged || !pack.LocalIsSuspect || pack.StoredShards > 0 || rebuilder.ReadInUse(pack) is not { } data)
            return null;
        lock (index.Gate)
            pack.Tagged = false;
        return data;
    }

    private CloudLane? Home(Pack pack, int shard)
    {
        if (lanes.Find(pack.Shards[shard].Cloud) is { TakesShards: true, IsReachable: true, Free: > 0 } lane)
            return lane;
        return lanes.TryReplace(pack, shard) is { } cloud ? lanes.Find(cloud) : null;
    }

    private Task<T> AskAsync<T>(CloudLane lane, Func<CancellationToken, Task<T>> call, CancellationToken stopping) =>
        ReportAsync(lane, lane.CallAsync(call, options.ReadTimeout, stopping), 0);

    /// <summary>Notes on its lane how a call to a cloud ends, which was to store so many bytes.</summary>
    private static async Task<T> ReportAsync<T>(CloudLane lane, Task<T> call, long bytes)
    {
        try
        {
            var answer = await call.ConfigureAwait(false);
            lane.ReportAnswer();
            return answer;
        }
        catch (CloudException exception)
        {
            lane.Report(exception, bytes);
            throw;
        }
    }

    private void Mark(Pack pack, int shard, ShardState finding)
    {
        lock (index.Gate)
        {
            if (pack.Shards[shard].State != ShardState.Stored)
                return;
            pack.Shards[shard].State = finding;
            lanes.Find(pack.Shards[shard].Cloud)?.AddStored(-pack.PaddedLength);
            index.MarkDirty(pack);
        }
    }

    private void MarkStored(Pack pack, int shard, CloudLane lane, CloudObject? stored)
    {
        lock (index.Gate)
        {
            ref var place = ref pack.Shards[shard];
            // Its pack may have died and been deleted meanwhile.
            if (place.State is ShardState.Stored or ShardState.Gone)
                return;
            place.Cloud = lane.Member.Id;
            place.State = ShardState.Stored;
            place.Hash = stored is null ? place.Hash : ShardUploader.RecordableHash(stored);
            lane.AddStored(pack.PaddedLength);
            index.MarkDirty(pack);
        }
    }

    private bool Finish(Pack pack)
    {
        LocalPackFile? staged;
        lock (index.Gate)
        {
            if (!pack.IsComplete)
                return false;
            index.Incomplete.Remove(pack);
            staged = pack.Local is { IsStaged: true } file ? file : null;
        }
        if (staged is not null)
            uploader.HandToCache(pack, staged);
        space.ReportProgress();
        uploader.Progress.Fire();
        return true;
    }
}
