using Microsoft.Extensions.Logging;

namespace CuckooDrive.Core.Chunks;

/// <summary>
/// Ciphertext on the local disk of packs that are completely on the clouds, least recently used pack first to go. Nothing
/// leaves whose presence on the clouds is not durably recorded. Fields are guarded by the index's gate.
/// </summary>
internal sealed class DiskCache(PackIndex index, PackFiles files, long limit, ILogger logger)
{
    private readonly LinkedList<Pack> _order = [];
    private long _bytes;

    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>Takes a file into account as the most recently used. Under the gate.</summary>
    public void Add(Pack pack)
    {
        if (pack.CacheNode is not null || pack.Local is null)
            return;
        pack.CacheNode = _order.AddFirst(pack);
        Volatile.Write(ref _bytes, _bytes + pack.Local.Bytes);
    }

    /// <summary>Under the gate.</summary>
    public void Touch(Pack pack)
    {
        if (pack.CacheNode is not { } node || _order.First == node)
            return;
        _order.Remove(node);
        _order.AddFirst(node);
    }

    /// <summary>Forgets a pack's file, which the caller deletes. Under the gate.</summary>
    public LocalPackFile? Remove(Pack pack)
    {
        var file = pack.Local;
        pack.Local = null;
        if (pack.CacheNode is { } node)
        {
            _order.Remove(node);
            pack.CacheNode = null;
            Volatile.Write(ref _bytes, _bytes - file!.Bytes);
        }
        return file;
    }

    /// <summary>Keeps a sealed chunk that was read from a cloud, or repairs one in a whole file. Without the gate.</summary>
    public void Keep(in ChunkLocation location, ReadOnlySpan<byte> sealedChunk)
    {
        try
        {
            if (FileFor(location.Pack) is not { } file)
                return;
            files.Write(file, file.Position(location.Record.Shard, location.Record.Offset), sealedChunk);
            if (file.IsWhole)
                return;
            lock (index.Gate)
            {
                file.Bytes += sealedChunk.Length;
                if (location.Pack.CacheNode is not null && location.Pack.Local == file)
                    Volatile.Write(ref _bytes, _bytes + sealedChunk.Length);
            }
            Enforce();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The cache is a convenience: a full or failing disk costs speed, no data.
            logger.LogWarning("The disk cache could not keep a chunk: {Message}", exception.Message);
        }
    }

    /// <summary>Deletes what is beyond the limit. Without the gate.</summary>
    public void Enforce() => Enforce(limit);

    /// <summary>Deletes about so many bytes, as far as they are in the clouds as well: the disk is needed for something else. Without the gate.</summary>
    public void GiveUp(long bytes) => Enforce(Math.Max(Bytes - bytes, 0));

    private void Enforce(long most)
    {
        while (true)
        {
            LocalPackFile? victim = null;
            lock (index.Gate)
            {
                if (_bytes <= most)
                    return;
                for (var node = _order.Last; node is not null && victim is null; node = node.Previous)
                {
                    if (!node.Value.IsWholeLocally || (node.Value.CompleteDurable && node.Value.StoredShards >= node.Value.DataShards))
                        victim = Remove(node.Value);
                }
            }
            if (victim is null)
                return;
            try
            {
                files.Delete(victim);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                logger.LogWarning("The disk cache could not delete {File}: {Message}", victim.Path, exception.Message);
            }
        }
    }

    private LocalPackFile? FileFor(Pack pack)
    {
        lock (index.Gate)
        {
            if (pack.Local is { } file)
                return file;
            if (limit <= 0 || pack.Gone)
                return null;
            pack.Local = files.CreatePart(pack.Id);
            Add(pack);
            return pack.Local;
        }
    }
}
