using System.Buffers.Binary;
using System.Runtime.InteropServices;
using CuckooDrive.Core.Chunks;
using CuckooDrive.Core.Metadata;
using CuckooDrive.Format;

namespace CuckooDrive.Testing.Chunks;

/// <summary>
/// A strict chunk store in memory for tests of the volume: reference counts are rows of the metadata as in the real one, a
/// count below zero or a read of a dead chunk throws, and <see cref="Crash"/> gives the store that a machine would find
/// after losing power: without what was not synced, with the counts that were committed.
/// </summary>
public sealed class MemoryChunkStore : IChunkStore
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ChunkRef, byte[]> _durable;
    private readonly Dictionary<ChunkRef, byte[]> _unsynced = [];
    private readonly Dictionary<ChunkRef, int> _references = [];
    private readonly Dictionary<ChunkRef, int> _holds = [];
    private readonly HashSet<ChunkRef> _changed = [];
    private readonly List<ChunkRef> _prefetched = [];
    private uint _next;

    public MemoryChunkStore(IMetadataStore store)
        : this(store, [], 0)
    {
    }

    private MemoryChunkStore(IMetadataStore store, Dictionary<ChunkRef, byte[]> durable, uint next)
    {
        _durable = durable;
        _next = next;
        ReadOnlySpan<byte> from = [MetadataKey.TypeChunks], to = [MetadataKey.TypeChunks + 1];
        store.Scan(from, to, (key, value) =>
        {
            _references.Add(new ChunkRef(BinaryPrimitives.ReadUInt32BigEndian(key[1..]), BinaryPrimitives.ReadUInt32BigEndian(key[5..])), BinaryPrimitives.ReadInt32LittleEndian(value));
            return true;
        });
    }

    /// <summary>Makes every append fail as a full disk does.</summary>
    public bool IsFull { get; set; }

    /// <summary>Called at the start of each append, sync and read, to inject failures or delays.</summary>
    public Action<string>? Hook { get; set; }

    public IReadOnlyDictionary<ChunkRef, int> References => _references;

    public long ReservedBytes { get; private set; }

    public int HoldCount => _holds.Count;

    public MemoryChunkStore Crash(IMetadataStore store)
    {
        lock (_lock)
            return new MemoryChunkStore(store, new Dictionary<ChunkRef, byte[]>(_durable), _next + 1000);
    }

    public ValueTask<bool> ReserveAsync(long bytes, CancellationToken cancellationToken)
    {
        lock (_lock)
            ReservedBytes += bytes;
        return new(true);
    }

    public void Unreserve(long bytes)
    {
        lock (_lock)
        {
            ReservedBytes -= bytes;
            if (ReservedBytes < 0 || bytes < 0)
                throw new InvalidOperationException("More was given back than reserved.");
        }
    }

    public void Append(ReadOnlySpan<ReadOnlyMemory<byte>> plain, Span<ChunkRef> chunks)
    {
        Hook?.Invoke("append");
        if (IsFull)
            throw new IOException("The disk is full.", 28);
        if (plain.Length is 0 or > IChunkStore.MaximumBatch)
            throw new ArgumentOutOfRangeException(nameof(plain));
        for (var i = 0; i < plain.Length; i++)
            chunks[i] = Append(plain[i]);
    }

    private ChunkRef Append(ReadOnlyMemory<byte> plain)
    {
        if (plain.Length is 0 or > IChunkStore.MaximumChunkLength)
            throw new ArgumentOutOfRangeException(nameof(plain));
        lock (_lock)
        {
            var chunk = new ChunkRef(_next / 100, _next++ % 100);
            _unsynced.Add(chunk, plain.ToArray());
            _holds.Add(chunk, 1);
            return chunk;
        }
    }

    public void AddReference(ChunkRef chunk)
    {
        lock (_lock)
        {
            Find(chunk);
            CollectionsMarshal.GetValueRefOrAddDefault(_references, chunk, out _)++;
            _changed.Add(chunk);
        }
    }

    public void RemoveReference(ChunkRef chunk)
    {
        lock (_lock)
        {
            ref var count = ref CollectionsMarshal.GetValueRefOrNullRef(_references, chunk);
            if (System.Runtime.CompilerServices.Unsafe.IsNullRef(ref count) || --count < 0)
                throw new InvalidOperationException($"{chunk} lost a reference that it did not have.");
            _changed.Add(chunk);
        }
    }

    public void ReleaseHold(ChunkRef chunk)
    {
        lock (_lock)
        {
            if (!_holds.Remove(chunk))
                throw new InvalidOperationException($"{chunk} has no hold.");
        }
    }

    public ValueTask ReadAsync(ChunkRef chunk, int offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        Hook?.Invoke("read");
        lock (_lock)
            Find(chunk).AsSpan(offset, destination.Length).CopyTo(destination.Span);
        return default;
    }

    /// <summary>What was to be fetched ahead, in order.</summary>
    public IReadOnlyList<ChunkRef> Prefetched
    {
        get
        {
            lock (_lock)
                return [.. _prefetched];
        }
    }

    /// <summary>How many chunks it lets be fetched ahead at a time.</summary>
    public int PrefetchRoom { get; set; } = int.MaxValue;

    public int Prefetch(ReadOnlySpan<ChunkRef> chunks)
    {
        var taken = chunks[..Math.Min(chunks.Length, PrefetchRoom)];
        lock (_lock)
            _prefetched.AddRange(taken);
        return taken.Length;
    }

    public void CollectChanges(MetadataBatch batch, bool sealOpenPacks)
    {
        lock (_lock)
        {
            Span<byte> key = stackalloc byte[MetadataKey.MaximumLength];
            foreach (var chunk in _changed)
            {
                var rowKey = MetadataKey.Chunks(key, chunk.Pack, chunk.Number);
                if (_references.TryGetValue(chunk, out var count) && count > 0)
                    batch.Put(rowKey, BitConverter.GetBytes(count));
                else
                    batch.Delete(rowKey);
            }
            _changed.Clear();
        }
    }

    public void SyncStaging()
    {
        Hook?.Invoke("sync");
        lock (_lock)
        {
            foreach (var (chunk, data) in _unsynced)
                _durable.Add(chunk, data);
            _unsynced.Clear();
        }
    }

    public void Committed(long sequence) => Hook?.Invoke("committed");

    public void Journaled(long sequence)
    {
    }

    public Task WaitForUploadsAsync(long sequence, bool full, CancellationToken cancellationToken) => Task.CompletedTask;

    public ChunkState GetState(ChunkRef chunk) => ChunkState.Local;

    public byte[] CompletePackRow(uint pack, ReadOnlySpan<byte> row) => row.ToArray();

    public (RootPack Pack, RootPage Page) Describe(ChunkRef chunk) =>
        throw new NotSupportedException("Chunks in memory have no place on a cloud.");

    public DriveSpace GetSpace() => new(1L << 40, 1L << 39);

    public ValueTask DisposeAsync() => default;

    private byte[] Find(ChunkRef chunk) =>
        _unsynced.TryGetValue(chunk, out var data) || _durable.TryGetValue(chunk, out data)
            ? data
            : throw new ChunkUnavailableException($"{chunk} does not exist.");
}
