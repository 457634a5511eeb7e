using Microsoft.Extensions.Logging;

namespace CuckooDrive.Core.Chunks;

/// <summary>
/// The read path: memory, the local disk, the clouds. A chunk is loaded once for all who want it at a time, and a reader who
/// gives up does not end the load for the others.
/// </summary>
internal sealed class ChunkReader(
    ChunkStoreOptions options,
    PackIndex index,
    PackFiles files,
    DiskCache diskCache,
    MemoryChunkCache memory,
    ChunkOpener opener,
    CloudChunkReader clouds,
    ILogger logger,
    CancellationToken stopping)
{
    /// <summary>From this size on a chunk wanted whole is not kept in memory.</summary>
    private const int DirectRead = 32 * 1024;

    private long _damagedLocal;

    /// <summary>Chunks of whole local files that did not authenticate.</summary>
    public long DamagedLocalChunks => Volatile.Read(ref _damagedLocal);

    /// <summary>Called without the gate when a whole local file did not give a chunk that lies in it.</summary>
    public Action<Pack>? LocalDamaged { get; set; }

    public ValueTask ReadAsync(ChunkRef chunk, int offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        if (offset == 0 && destination.Length >= DirectRead && options.ReadLocalInline && TryReadDirectly(chunk, destination.Span))
            return ValueTask.CompletedTask;
        var load = memory.Begin(chunk, out var cached);
        if (cached is not null)
        {
            CopyAndRelease(cached, offset, destination);
            return ValueTask.CompletedTask;
        }
        if (load is not null)
            return WaitAsync(load, isOwner: false, chunk, offset, destination, cancellationToken);
        if (!options.ReadLocalInline)
            return WaitAsync(Task.Run(() => LoadAsync(chunk), CancellationToken.None), isOwner: true, chunk, offset, destination, cancellationToken);
        ChunkLocation location;
        try
        {
            location = Locate(chunk);
            if (TryReadLocal(location) is { } local)
            {
                memory.Finish(local);
                CopyAndRelease(local, offset, destination);
                return ValueTask.CompletedTask;
            }
        }
        catch (Exception exception)
        {
            memory.Fail(chunk, exception);
            throw;
        }
        return WaitAsync(LoadFromCloudsAsync(location), isOwner: true, chunk, offset, destination, cancellationToken);
    }

    /// <summary>
    /// A large chunk that is wanted whole and lies on the local disk goes straight to where it is wanted: kept in memory it
    /// would only push out what is read in parts, and the kernel has it in its page cache from now on. False when it must
    /// go the usual way, also when it is damaged here.
    /// </summary>
    private bool TryReadDirectly(ChunkRef chunk, Span<byte> destination)
    {
        if (memory.IsKnown(chunk))
            return false;
        var location = Locate(chunk);
        if (location.Record.PlainLength != destination.Length || location.Pack.Local is not { IsWhole: true } file)
            return false;
        var sealedChunk = ChunkScratch.Sealed.AsSpan(0, location.Record.SealedLength);
        try
        {
            files.Read(file, file.Position(location.Record.Shard, location.Record.Offset), sealedChunk);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The usual way reads it again and reports what is wrong.
            return false;
        }
        return opener.TryOpen(location, sealedChunk, destination);
    }

    /// <summary>Where a chunk is; for one that the metadata does not know, an error that says so.</summary>
    public ChunkLocation Locate(ChunkRef chunk)
    {
        lock (index.Gate)
        {
            if (!index.TryLocate(chunk, out var location))
                throw new ChunkUnavailableException($"There is no chunk {chunk.Number} in pack {chunk.Pack}.");
            diskCache.Touch(location.Pack);
            return location;
        }
    }

    /// <summary>The chunk from the local disk, or null when it is not there or not right there.</summary>
    public CachedChunk? TryReadLocal(in ChunkLocation location)
    {
        var file = location.Pack.Local;
        if (file is null)
            return null;
        var sealedChunk = ChunkScratch.Sealed.AsSpan(0, location.Record.SealedLength);
        try
        {
            files.Read(file, file.Position(location.Record.Shard, location.Record.Offset), sealedChunk);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // An evicted file is no news; a failing disk is.
            if (exception is not FileNotFoundException)
                logger.LogWarning("The local copy of pack {Pack} cannot be read: {Message}", location.Pack.Ordinal, exception.Message);
            LocalDamaged?.Invoke(location.Pack);
            return null;
        }
        // A hole: no sealed chunk begins with 16 zeros but by a chance of 2^-128.
        if (!file.IsWhole && !sealedChunk[..16].ContainsAnyExcept((byte)0))
            return null;
        var chunk = opener.TryOpen(location, sealedChunk);
        if (chunk is null && file.IsWhole)
        {
            Interlocked.Increment(ref _damagedLocal);
            logger.LogWarning("Chunk {Chunk} of pack {Pack} is damaged on the local disk; the clouds are asked for it.", location.Number, location.Pack.Ordinal);
            LocalDamaged?.Invoke(location.Pack);
        }
        return chunk;
    }

    /// <summary>Loads a chunk that <see cref="MemoryChunkCache.Begin"/> gave to the caller, who becomes an owner of the result.</summary>
    public async Task<CachedChunk> LoadAsync(ChunkRef chunk)
    {
        ChunkLocation location;
        try
        {
            location = Locate(chunk);
            if (TryReadLocal(location) is { } local)
            {
                memory.Finish(local);
                return local;
            }
        }
        catch (Exception exception)
        {
            memory.Fail(chunk, exception);
            throw;
        }
        return await LoadFromCloudsAsync(location).ConfigureAwait(false);
    }

    public async Task<CachedChunk> LoadFromCloudsAsync(ChunkLocation location)
    {
        try
        {
            var loaded = await clouds.ReadAsync(location, stopping).ConfigureAwait(false);
            memory.Finish(loaded);
            return loaded;
        }
        catch (Exception exception)
        {
            memory.Fail(location.Chunk, exception);
            throw;
        }
    }

    // A reader that is cancelled while it owns the load leaves the buffer to the collector.
    private async ValueTask WaitAsync(
        Task<CachedChunk> load, bool isOwner, ChunkRef chunk, int offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        var loaded = await load.WaitAsync(cancellationToken).ConfigureAwait(false);
        if (isOwner || loaded.TryShare())
            CopyAndRelease(loaded, offset, destination);
        else
            await ReadAsync(chunk, offset, destination, cancellationToken).ConfigureAwait(false);
    }

    private static void CopyAndRelease(CachedChunk chunk, int offset, Memory<byte> destination)
    {
        try
        {
            chunk.Memory.Slice(offset, destination.Length).CopyTo(destination);
        }
        finally
        {
            chunk.Release();
        }
    }
}
