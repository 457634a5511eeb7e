using CuckooDrive.Format;
using Microsoft.Extensions.Logging;

namespace CuckooDrive.Core.Chunks;

/// <summary>
/// Brings packs and files together at the start: nothing is running yet. A pack that was open is sealed with what its
/// committed directory says, never continued; a file that no row names is what a crash left before its commit.
/// </summary>
internal sealed class PackRecovery(PackIndex index, PackFiles files, DiskCache cache, CloudLanes lanes, SpaceManager space, ILogger logger)
{
    public void Run()
    {
        lock (index.Gate)
        {
            index.TreatAllAsCommitted();
            AttachFiles();
            foreach (var pack in index.Packs.ToList())
                Recover(pack);
        }
        cache.Enforce();
    }

    private void AttachFiles()
    {
        var byId = index.Packs.ToDictionary(static pack => pack.Id);
        foreach (var (id, file) in files.Recover(byId.ContainsKey))
        {
            var pack = byId[id];
            if (pack.Local is { } other)
            {
                // A whole file is worth more than one with holes.
                var (kept, dropped) = other.IsWhole ? (other, file) : (file, other);
                pack.Local = kept;
                files.Delete(dropped);
                continue;
            }
            pack.Local = file;
        }
    }

    private void Recover(Pack pack)
    {
        foreach (ref readonly var place in pack.Shards.AsSpan())
        {
            if (place.State == ShardState.Stored)
                lanes.Find(place.Cloud)?.AddStored(pack.PaddedLength);
        }
        if (pack.State == PackState.Open)
            SealWithWhatIsKnown(pack);
        if (pack.Local is not { } file)
            return;
        // What is not completely on the clouds is staged, wherever the crash left its file.
        file.IsStaged = file.IsWhole && !pack.IsComplete;
        if (file.IsStaged)
            space.AddStaged(file.Bytes);
        else
            cache.Add(pack);
    }

    private void SealWithWhatIsKnown(Pack pack)
    {
        foreach (ref var place in pack.Shards.AsSpan())
            place.Used = 0;
        long live = 0;
        index.Visit(pack, (_, record) =>
        {
            ref var used = ref pack.Shards[record.Shard].Used;
            used = Math.Max(used, record.Offset + record.SealedLength);
            live += record.References > 0 ? record.SealedLength : 0;
        });
        if (live != pack.LiveBytes)
            logger.LogWarning("Pack {Pack} said {Said} live bytes and has {Has}.", pack.Ordinal, pack.LiveBytes, live);
        pack.PaddedLength = PackLayout.PaddedLength(pack.MaximumUsed);
        pack.State = PackState.Sealed;
        pack.SealSequence = long.MaxValue;
        lanes.TryPlace(pack);
        index.MarkDirty(pack);
    }
}
