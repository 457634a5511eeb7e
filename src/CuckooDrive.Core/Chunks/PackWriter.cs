using CuckooDrive.Core.Placement;
using CuckooDrive.Format;

namespace CuckooDrive.Core.Chunks;

/// <summary>
/// The append path: deduplicates, compresses, finds a place in the open pack, seals and writes it there. Places are given
/// out under the index's gate; hashing, compression, sealing and writing run outside of it, in as many threads as call.
/// </summary>
internal sealed class PackWriter(
    ChunkStoreOptions options,
    Redundancy redundancy,
    PackIndex index,
    PackFiles files,
    PackCiphers ciphers,
    ChunkHasher hasher,
    DedupIndex dedup,
    SpaceManager space,
    uint firstOrdinal)
{
    private readonly List<Pack> _full = [];
    private readonly HashSet<Pack> _unsynced = [];
    private uint _nextOrdinal = firstOrdinal;
    private Pack? _open;
    private long _deduplicated;

    public long Deduplicated => Volatile.Read(ref _deduplicated);

    /// <summary>Called without the gate when the last write of a pack that takes no more ends.</summary>
    public Action<Pack>? WritesEnded { get; set; }

    /// <inheritdoc cref="IChunkStore.Append(ReadOnlySpan{ReadOnlyMemory{byte}}, Span{ChunkRef})"/>
    public void Append(ReadOnlySpan<ReadOnlyMemory<byte>> plain, Span<ChunkRef> chunks)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(plain.Length, IChunkStore.MaximumBatch);
        foreach (var piece in plain)
        {
            ArgumentOutOfRangeException.ThrowIfZero(piece.Length);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(piece.Length, PackLayout.MaximumChunkLength);
        }
        var done = 0;
        try
        {
            while (done < plain.Length)
            {
                var count = AppendRun.CountFitting(plain[done..]);
                Append(AppendRun.OfThread, plain.Slice(done, count), chunks.Slice(done, count));
                done += count;
            }
        }
        catch
        {
            lock (index.Gate)
            {
                foreach (var chunk in chunks[..done])
                    index.ReleaseHold(chunk);
            }
            throw;
        }
    }

    private void Append(AppendRun run, ReadOnlySpan<ReadOnlyMemory<byte>> plain, Span<ChunkRef> chunks)
    {
        run.Begin(plain, hasher);
        if (!FindStored(run, chunks))
            return;
        Pack? pack = null;
        var written = false;
        try
        {
            run.Compress(plain, options.Compression);
            long position;
            lock (index.Gate)
            {
                pack = OpenPackWith(run.Length);
                position = TakePlaces(pack, run, chunks);
            }
            var cipher = ciphers.Of(pack);
            for (var i = 0; i < run.Count; i++)
            {
                if (run[i].IsNew)
                    run.Seal(i, plain[i].Span, cipher, chunks[i].Number);
            }
            files.Write(pack.Local!, position, run.Sealed);
            written = true;
        }
        finally
        {
            if (pack is null)
                ReleaseStored(run, chunks);
            else
                EndWrite(pack, run, chunks, written);
        }
    }

    /// <summary>Hands out the packs that take no more chunks, with <paramref name="openToo"/> the open one as well. Under the gate.</summary>
    public List<Pack> TakeClosed(bool openToo)
    {
        if (openToo && _open is { ChunkCount: > 0 })
        {
            _full.Add(_open);
            _open = null;
        }
        List<Pack> closed = [.. _full];
        _full.Clear();
        return closed;
    }

    /// <summary>Hands out the packs with writes that no sync covers. Under the gate.</summary>
    public List<Pack> TakeUnsynced()
    {
        List<Pack> packs = [.. _unsynced];
        _unsynced.Clear();
        return packs;
    }

    /// <summary>No sync covers their writes after all. Under the gate.</summary>
    public void PutBackUnsynced(IEnumerable<Pack> packs) => _unsynced.UnionWith(packs);

    /// <summary>Takes a hold on what is stored already; false when that is all.</summary>
    private bool FindStored(AppendRun run, Span<ChunkRef> chunks)
    {
        var anyNew = false;
        lock (index.Gate)
        {
            for (var i = 0; i < run.Count; i++)
            {
                if (!run[i].IsRepeated)
                    run[i].IsStored = TryDeduplicate(run.Record(i), out chunks[i]);
                else if (run[run[i].Original].IsStored)
                    run[i] = new AppendRun.Piece { IsStored = TryDeduplicate(run.Record(i), out chunks[i]) };
                anyNew |= !run[i].IsStored;
            }
        }
        return anyNew;
    }

    private void ReleaseStored(AppendRun run, Span<ChunkRef> chunks)
    {
        lock (index.Gate)
        {
            for (var i = 0; i < run.Count; i++)
            {
                if (run[i].IsStored)
                    index.ReleaseHold(chunks[i]);
            }
        }
    }

    private bool TryDeduplicate(in ChunkRecord record, out ChunkRef equal)
    {
        var way = 0;
        while (dedup.TryFind(record.Id, ref way, out equal))
        {
            // The entry is a hint: its pack may have gone since.
            if (!index.TryLocate(equal, out var found) || found.Record.Id != record.Id || found.Record.PlainLength != record.PlainLength ||
                !IsSound(found.Pack) || !index.TryHold(equal))
                continue;
            _deduplicated++;
            return true;
        }
        return false;
    }

    // New data must not come to depend on a pack that has already lost more than it can, here and at the clouds.
    private static bool IsSound(Pack pack) => (pack.IsWholeLocally && !pack.LocalIsSuspect) || pack.StoredShards >= pack.DataShards;

    /// <summary>The open pack if it has room for so many bytes in one shard, or another.</summary>
    private Pack OpenPackWith(int length)
    {
        if (_open is { } pack && (pack.ChunkCount + IChunkStore.MaximumBatch > Pack.MaximumChunks || EmptiestRoom(pack) < length))
        {
            _full.Add(pack);
            _open = null;
        }
        return _open ??= OpenPack();
    }

    /// <summary>Numbers the pieces and places them side by side in one shard; returns where in the file that is.</summary>
    private long TakePlaces(Pack pack, AppendRun run, Span<ChunkRef> chunks)
    {
        var shard = Emptiest(pack);
        ref var place = ref pack.Shards[shard];
        var start = place.Used;
        for (var i = 0; i < run.Count; i++)
        {
            if (run[i].IsNew)
            {
                ref var record = ref run.Record(i);
                (record.Shard, record.Offset) = ((byte)shard, start + run[i].Position);
                chunks[i] = new ChunkRef(pack.Ordinal, index.Append(pack, record));
            }
            else if (run[i].IsRepeated)
            {
                chunks[i] = chunks[run[i].Original];
                index.AddHold(chunks[i]);
                _deduplicated++;
            }
        }
        place.Used += run.Length;
        pack.PendingWrites++;
        pack.Local!.Bytes += run.Length;
        space.AddStaged(run.Length);
        return pack.Local.Position(shard, start);
    }

    private Pack OpenPack()
    {
        var id = PackId.New();
        var file = files.CreateStaged(id);
        var pack = new Pack(_nextOrdinal, id, redundancy) { Local = file };
        _nextOrdinal = checked(_nextOrdinal + 1);
        index.Add(pack);
        return pack;
    }

    private void EndWrite(Pack pack, AppendRun run, Span<ChunkRef> chunks, bool written)
    {
        bool ended;
        lock (index.Gate)
        {
            pack.PendingWrites--;
            _unsynced.Add(pack);
            for (var i = 0; i < run.Count; i++)
            {
                if (!written)
                    index.ReleaseHold(chunks[i]);
                else if (run[i].IsNew)
                    dedup.Add(run.Record(i).Id, chunks[i]);
            }
            ended = pack.PendingWrites == 0 && pack.State != PackState.Open;
        }
        if (ended)
            WritesEnded?.Invoke(pack);
    }

    private int EmptiestRoom(Pack pack) => options.ShardCapacity - pack.Shards[Emptiest(pack)].Used;

    private static int Emptiest(Pack pack)
    {
        var best = 0;
        for (var shard = 1; shard < pack.DataShards; shard++)
        {
            if (pack.Shards[shard].Used < pack.Shards[best].Used)
                best = shard;
        }
        return best;
    }
}
