namespace CuckooDrive.Core.Chunks;

/// <content>Reference counts and holds.</content>
internal sealed partial class PackIndex
{
    public void AddReference(ChunkRef chunk)
    {
        var pack = PackOf(chunk);
        ref var record = ref RecordOf(chunk, out var page);
        if (pack.State == PackState.Dead)
            throw new InvalidOperationException($"Chunk {chunk.Number} of the dead pack {chunk.Pack} got a reference: its data is lost.");
        if (record.References++ == 0)
        {
            pack.LiveBytes += record.SealedLength;
            LiveBytes += record.SealedLength;
            if (record.Holds > 0)
                pack.HeldChunks--;
        }
        MarkDirty(page);
        MarkDirty(pack);
    }

    public void RemoveReference(ChunkRef chunk)
    {
        var pack = PackOf(chunk);
        ref var record = ref RecordOf(chunk, out var page);
        if (record.References == 0)
            throw new InvalidOperationException($"Chunk {chunk.Number} of pack {chunk.Pack} has no reference to give back.");
        if (--record.References == 0)
        {
            pack.LiveBytes -= record.SealedLength;
            LiveBytes -= record.SealedLength;
            if (record.Holds > 0)
                pack.HeldChunks++;
        }
        MarkDirty(page);
        MarkDirty(pack);
    }

    /// <summary>Holds once more a chunk that the caller holds.</summary>
    public void AddHold(ChunkRef chunk) => RecordOf(chunk, out _).Holds++;

    /// <summary>Holds a chunk that is alive; false for a dead one, which must not be used again.</summary>
    public bool TryHold(ChunkRef chunk)
    {
        var pack = PackOf(chunk);
        ref var record = ref RecordOf(chunk, out var page);
        if (!record.IsAlive || pack.State == PackState.Dead || record.Holds == ushort.MaxValue)
            return false;
        // References > 0 when Holds is 0, so this hold does not yet count as the chunk's only life.
        if (record.Holds++ == 0)
            page.HeldChunks++;
        return true;
    }

    public void ReleaseHold(ChunkRef chunk)
    {
        var pack = PackOf(chunk);
        ref var record = ref RecordOf(chunk, out var page);
        if (record.Holds == 0)
            throw new InvalidOperationException($"Chunk {chunk.Number} of pack {chunk.Pack} is not held.");
        if (--record.Holds > 0)
            return;
        page.HeldChunks--;
        if (record.References > 0)
            return;
        pack.HeldChunks--;
        MarkDirty(page);
        MarkDirty(pack);
    }
}
