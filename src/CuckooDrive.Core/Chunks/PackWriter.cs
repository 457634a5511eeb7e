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
    private readonly HashSet<LocalPackFile> _unsynced = [];
    private uint _nextOrdinal = firstOrdinal;
    private Pack? _open;
    private long _deduplicated;

    public long Deduplicated => Volatile.Read(ref _deduplicated);

    /// <summary>Called without the gate when the last write of a pack that takes no more ends.</summary>
    public Action<Pack>? WritesEnded { get; set; }

    /// <exception cref="IOException">The staging disk failed or is full; nothing was stored.</exception>
    public ChunkRef Append(ReadOnlySpan<byte> plain)
    {
        ArgumentOutOfRangeException.ThrowIfZero(plain.Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(plain.Length, PackLayout.MaximumChunkLength);
        var id = hasher.Compute(plain);
        if (TryDeduplicate(id, plain.Length, out var equal))
            return equal;
        var codec = ChunkCodec.Raw;
        var payload = options.Compression ? ChunkCodec.Compress(plain, ChunkScratch.Payload, out codec) : plain;
        var record = new ChunkRecord
        {
            Id = id,
            PlainLength = plain.Length,
            SealedLength = payload.Length + PackLayout.SealOverhead,
            Codec = codec,
        };
        Pack pack;
        LocalPackFile file;
        uint number;
        lock (index.Gate)
        {
            pack = TakePlace(ref record);
            file = pack.Local!;
            number = index.Append(pack, record);
            pack.PendingWrites++;
        }
        var chunk = new ChunkRef(pack.Ordinal, number);
        var written = false;
        try
        {
            var sealedChunk = ChunkScratch.Sealed.AsSpan(0, record.SealedLength);
            ciphers.Of(pack).Seal(number, codec, plain.Length, payload, sealedChunk);
            files.Write(file, file.Position(record.Shard, record.Offset), sealedChunk);
            written = true;
        }
        finally
        {
            EndWrite(pack, chunk, id, written);
        }
        return chunk;
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

    /// <summary>Hands out the files with writes that no sync covers. Under the gate.</summary>
    public List<LocalPackFile> TakeUnsynced()
    {
        List<LocalPackFile> files = [.. _unsynced];
        _unsynced.Clear();
        return files;
    }

    private bool TryDeduplicate(ChunkId id, int length, out ChunkRef equal)
    {
        lock (index.Gate)
        {
            var way = 0;
            while (dedup.TryFind(id, ref way, out equal))
            {
                // The entry is a hint: its pack may have gone since.
                if (!index.TryLocate(equal, out var found) || found.Record.Id != id || found.Record.PlainLength != length ||
                    !IsSound(found.Pack) || !index.TryHold(equal))
                    continue;
                _deduplicated++;
                return true;
            }
        }
        return false;
    }

    // New data must not come to depend on a pack that has already lost more than it can.
    private static bool IsSound(Pack pack) => pack.IsWholeLocally || pack.BadShards <= pack.Redundancy.ParityShards;

    private Pack TakePlace(ref ChunkRecord record)
    {
        var pack = _open;
        if (pack is not null && (pack.ChunkCount >= Pack.MaximumChunks || EmptiestRoom(pack) < record.SealedLength))
        {
            _full.Add(pack);
            pack = _open = null;
        }
        pack ??= _open = OpenPack();
        var shard = Emptiest(pack);
        ref var place = ref pack.Shards[shard];
        record.Shard = (byte)shard;
        record.Offset = place.Used;
        place.Used += record.SealedLength;
        pack.Local!.Bytes += record.SealedLength;
        space.AddStaged(record.SealedLength);
        return pack;
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

    private void EndWrite(Pack pack, ChunkRef chunk, ChunkId id, bool written)
    {
        bool ended;
        lock (index.Gate)
        {
            pack.PendingWrites--;
            _unsynced.Add(pack.Local!);
            if (written)
                dedup.Add(id, chunk);
            else
                index.ReleaseHold(chunk);
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
