using System.Buffers.Binary;
using CuckooDrive.Format;

namespace CuckooDrive.Core.Chunks;

/// <summary>
/// From a chunk's id to where an equal chunk may be: a bounded hint, verified by the caller against the chunk's record.
/// Buckets of eight entries of 12 bytes; a full bucket forgets an entry. Grows by doubling up to its limit. Guarded by the index's gate.
/// </summary>
internal sealed class DedupIndex
{
    private const int Ways = 8;
    private const int SmallestBuckets = 128;

    private readonly int _maximumBuckets;
    private Entry[] _entries;
    private int _used;
    private uint _victim;

    /// <param name="limit">Entries at most, rounded to a power of two; 0 turns deduplication off.</param>
    public DedupIndex(int limit)
    {
        _maximumBuckets = limit <= 0 ? 0 : (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(limit / Ways, 1));
        _entries = new Entry[Math.Min(SmallestBuckets, _maximumBuckets) * Ways];
    }

    public bool IsEnabled => _maximumBuckets > 0;

    /// <summary>The next candidate for an id from position <paramref name="way"/> on; false when there is none.</summary>
    public bool TryFind(ChunkId id, ref int way, out ChunkRef chunk)
    {
        chunk = default;
        if (!IsEnabled)
            return false;
        var (print, bucket) = Locate(id);
        for (; way < Ways; way++)
        {
            ref readonly var entry = ref _entries[bucket + way];
            if (entry.Print != print || entry.Chunk == Entry.Nothing)
                continue;
            chunk = new ChunkRef(entry.Pack, entry.Chunk - 1);
            way++;
            return true;
        }
        return false;
    }

    public void Add(ChunkId id, ChunkRef chunk)
    {
        if (!IsEnabled)
            return;
        if (_used > _entries.Length / 2 && _entries.Length < _maximumBuckets * Ways)
            Grow();
        var (print, bucket) = Locate(id);
        Insert(bucket, new Entry(print, chunk.Pack, chunk.Number + 1));
    }

    public void Remove(ChunkId id, ChunkRef chunk)
    {
        if (!IsEnabled)
            return;
        var (print, bucket) = Locate(id);
        for (var way = 0; way < Ways; way++)
        {
            ref var entry = ref _entries[bucket + way];
            if (entry.Print != print || entry.Pack != chunk.Pack || entry.Chunk != chunk.Number + 1)
                continue;
            entry = default;
            _used--;
        }
    }

    private void Insert(int bucket, Entry added)
    {
        for (var way = 0; way < Ways; way++)
        {
            ref var entry = ref _entries[bucket + way];
            if (entry.Chunk == Entry.Nothing)
            {
                entry = added;
                _used++;
                return;
            }
            // The newer chunk of the same content replaces the older: it is the likelier one to stay.
            if (entry.Print == added.Print)
            {
                entry = added;
                return;
            }
        }
        _entries[bucket + (int)(_victim++ % Ways)] = added;
    }

    private void Grow()
    {
        var old = _entries;
        _entries = new Entry[old.Length * 2];
        _used = 0;
        foreach (var entry in old)
        {
            if (entry.Chunk != Entry.Nothing)
                Insert(Bucket(entry.Print), entry);
        }
    }

    private (uint Print, int Bucket) Locate(ChunkId id)
    {
        Span<byte> bytes = stackalloc byte[ChunkId.Length];
        id.Write(bytes);
        var print = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        return (print, Bucket(print));
    }

    private int Bucket(uint print) => (int)(print & (uint)(_entries.Length / Ways - 1)) * Ways;

    /// <param name="Print">Of the id: a few of a bucket's entries in ten thousand look equal and are not, which the caller's check tells.</param>
    /// <param name="Chunk">The number plus one, so that an empty entry is all zero.</param>
    private record struct Entry(uint Print, uint Pack, uint Chunk)
    {
        public const uint Nothing = 0;
    }
}
