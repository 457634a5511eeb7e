namespace CuckooDrive.Core.Chunks;

/// <summary>A chunk's plaintext in a pooled buffer, shared by the cache and its readers, returned to the pool by the last.</summary>
internal sealed class CachedChunk(ChunkRef chunk, int length)
{
    private byte[]? _buffer = BufferPool.Shared.Rent(length);
    private int _owners = 1;

    public readonly ChunkRef Chunk = chunk;
    public readonly int Length = length;
    public CachedChunk? Newer;
    public CachedChunk? Older;

    public int Size => _buffer?.Length ?? 0;

    /// <summary>Valid for an owner.</summary>
    public Memory<byte> Memory => _buffer.AsMemory(0, Length);

    /// <summary>Makes the caller an owner too; false when the last one has left already.</summary>
    public bool TryShare()
    {
        var owners = Volatile.Read(ref _owners);
        while (owners > 0)
        {
            var seen = Interlocked.CompareExchange(ref _owners, owners + 1, owners);
            if (seen == owners)
                return true;
            owners = seen;
        }
        return false;
    }

    public void Release()
    {
        if (Interlocked.Decrement(ref _owners) > 0)
            return;
        var buffer = Interlocked.Exchange(ref _buffer, null);
        if (buffer is not null)
            BufferPool.Shared.Return(buffer);
    }
}

/// <summary>
/// Plaintext chunks in memory under a hard limit, least recently used first to go, and the loads under way, so that
/// concurrent readers of a chunk decrypt it once. Thread safe.
/// </summary>
internal sealed class MemoryChunkCache(long limit)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ChunkRef, CachedChunk> _chunks = [];
    private readonly Dictionary<ChunkRef, TaskCompletionSource<CachedChunk>> _loads = [];
    private CachedChunk? _newest;
    private CachedChunk? _oldest;
    private long _bytes;

    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>The chunk with the caller as an owner, or null.</summary>
    public CachedChunk? TryGet(ChunkRef chunk)
    {
        lock (_gate)
        {
            if (!_chunks.TryGetValue(chunk, out var cached) || !cached.TryShare())
                return null;
            Unlink(cached);
            LinkNewest(cached);
            return cached;
        }
    }

    /// <summary>
    /// Says how to get a chunk: it is in memory (<paramref name="cached"/>, the caller an owner); or somebody loads it
    /// (the returned task); or, with neither, the caller must load it and end with <see cref="Finish"/> or <see cref="Fail"/>.
    /// </summary>
    public Task<CachedChunk>? Begin(ChunkRef chunk, out CachedChunk? cached)
    {
        lock (_gate)
        {
            cached = null;
            if (_chunks.TryGetValue(chunk, out var present) && present.TryShare())
            {
                Unlink(present);
                LinkNewest(present);
                cached = present;
                return null;
            }
            if (_loads.TryGetValue(chunk, out var load))
                return load.Task;
            _loads.Add(chunk, new TaskCompletionSource<CachedChunk>(TaskCreationOptions.RunContinuationsAsynchronously));
            return null;
        }
    }

    /// <summary>Whether a load would be new; used to choose what to prefetch.</summary>
    public bool IsKnown(ChunkRef chunk)
    {
        lock (_gate)
            return _chunks.ContainsKey(chunk) || _loads.ContainsKey(chunk);
    }

    /// <summary>Ends a load of the caller's, who stays an owner of <paramref name="loaded"/>.</summary>
    public void Finish(CachedChunk loaded)
    {
        TaskCompletionSource<CachedChunk>? load;
        lock (_gate)
        {
            _loads.Remove(loaded.Chunk, out load);
            Insert(loaded);
        }
        load?.SetResult(loaded);
    }

    public void Fail(ChunkRef chunk, Exception exception)
    {
        TaskCompletionSource<CachedChunk>? load;
        lock (_gate)
            _loads.Remove(chunk, out load);
        if (load is null)
            return;
        load.SetException(exception);
        // Nobody need have waited for it.
        _ = load.Task.Exception;
    }

    public void Clear()
    {
        lock (_gate)
        {
            while (_oldest is { } victim)
                Drop(victim);
        }
    }

    private void Insert(CachedChunk loaded)
    {
        if (loaded.Size > limit || !loaded.TryShare())
            return;
        if (_chunks.TryGetValue(loaded.Chunk, out var older))
            Drop(older);
        _chunks[loaded.Chunk] = loaded;
        LinkNewest(loaded);
        Volatile.Write(ref _bytes, _bytes + loaded.Size);
        while (_bytes > limit && _oldest is { } victim)
            Drop(victim);
    }

    private void Drop(CachedChunk victim)
    {
        Unlink(victim);
        _chunks.Remove(victim.Chunk);
        Volatile.Write(ref _bytes, _bytes - victim.Size);
        victim.Release();
    }

    private void LinkNewest(CachedChunk cached)
    {
        cached.Older = _newest;
        cached.Newer = null;
        if (_newest is not null)
            _newest.Newer = cached;
        _newest = cached;
        _oldest ??= cached;
    }

    private void Unlink(CachedChunk cached)
    {
        if (cached.Newer is null)
            _newest = cached.Older;
        else
            cached.Newer.Older = cached.Older;
        if (cached.Older is null)
            _oldest = cached.Newer;
        else
            cached.Older.Newer = cached.Newer;
        cached.Newer = cached.Older = null;
    }
}
