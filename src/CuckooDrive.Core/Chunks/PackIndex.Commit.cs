using CuckooDrive.Core.Metadata;

namespace CuckooDrive.Core.Chunks;

/// <content>What changed since the last commit, and what a commit settles.</content>
internal sealed partial class PackIndex
{
    private readonly List<ChunkPage> _dirtyPages = [];
    private readonly List<Pack> _dirtyPacks = [];
    private readonly List<ChunkPage> _pagesInCommit = [];
    private readonly List<CollectedPack> _packsInCommit = [];
    private bool _sealsInCommit;

    /// <summary>The last commit that left no pack open: the journal may be shipped up to here at any time.</summary>
    private long _lastSealCommit;

    public bool HasChanges => _dirtyPages.Count > 0 || _dirtyPacks.Count > 0;

    public void MarkDirty(Pack pack)
    {
        if (pack.Dirty)
            return;
        pack.Dirty = true;
        _dirtyPacks.Add(pack);
    }

    /// <summary>Puts every changed row into the batch. Packs must have been sealed before, as far as they are to be.</summary>
    public void Collect(MetadataBatch batch, bool allSealed)
    {
        TakeBackUnfinishedCommit();
        _sealsInCommit = allSealed;
        var sequence = _metadata.Sequence + 1;
        CollectPacks(batch);
        CollectPages(batch, sequence);
    }

    /// <summary>Settles the last collected batch; <paramref name="settled"/> hears of every pack in it.</summary>
    public void Committed(long sequence, Action<Pack> settled)
    {
        foreach (var page in _pagesInCommit)
            page.InCommit = false;
        _pagesInCommit.Clear();
        foreach (var collected in _packsInCommit)
        {
            Settle(collected, sequence);
            settled(collected.Pack);
        }
        _packsInCommit.Clear();
        if (_sealsInCommit)
            _lastSealCommit = sequence;
        _sealsInCommit = false;
    }

    /// <summary>At the start: every pack loaded from the store may be named by a journal that is on its way or there.</summary>
    public void TreatAllAsCommitted()
    {
        _lastSealCommit = _metadata.Sequence;
        foreach (var pack in _packs.Values)
        {
            pack.NamedSequence = 0;
            if (pack.State != PackState.Open)
                pack.SealSequence = _metadata.Sequence;
            if (pack.State == PackState.Dead)
                pack.DeathSequence = _metadata.Sequence;
            pack.MaybeJournaled = true;
            pack.CompleteDurable = pack.IsComplete;
        }
    }

    private void CollectPacks(MetadataBatch batch)
    {
        Span<byte> key = stackalloc byte[MetadataKey.MaximumLength];
        Span<byte> value = stackalloc byte[PackCodec.MaximumLength];
        foreach (var pack in _dirtyPacks)
        {
            pack.Dirty = false;
            if (pack.State == PackState.Sealed && pack.LiveBytes == 0 && pack.HeldChunks == 0)
            {
                pack.State = PackState.Dead;
                DeadPacks.Add(pack);
                // Never committed: nobody can know of it, so it goes without a trace.
                pack.Gone = pack.NamedSequence == long.MaxValue && !pack.InCommit;
            }
            if (pack.Gone)
                DeleteRows(batch, pack);
            else
                batch.Put(MetadataKey.Pack(key, pack.Ordinal), PackCodec.Encode(pack, value));
            pack.InCommit = true;
            _packsInCommit.Add(new CollectedPack(pack, pack.State, pack.IsComplete, pack.Gone));
        }
        _dirtyPacks.Clear();
    }

    private void CollectPages(MetadataBatch batch, long sequence)
    {
        Span<byte> key = stackalloc byte[MetadataKey.MaximumLength];
        Span<byte> value = stackalloc byte[ChunkPageCodec.MaximumLength];
        foreach (var page in _dirtyPages)
        {
            page.Dirty = false;
            if (!_packs.TryGetValue(page.Pack, out var pack) || pack.Gone)
                continue;
            foreach (ref var record in page.Records.AsSpan(0, page.Count))
            {
                if (record.Birth == 0)
                    record.Birth = sequence;
                if (record.IsAlive)
                    record.Death = 0;
                else if (record.Death == 0)
                    record.Death = sequence;
            }
            batch.Put(MetadataKey.Chunks(key, page.Pack, page.Index), ChunkPageCodec.Encode(page.Records.AsSpan(0, page.Count), value));
            page.InCommit = true;
            _pagesInCommit.Add(page);
        }
        _dirtyPages.Clear();
    }

    private void DeleteRows(MetadataBatch batch, Pack pack)
    {
        Span<byte> key = stackalloc byte[MetadataKey.MaximumLength];
        batch.Delete(MetadataKey.Pack(key, pack.Ordinal));
        for (uint first = 0; first < pack.ChunkCount; first += ChunkPage.Capacity)
            batch.Delete(MetadataKey.Chunks(key, pack.Ordinal, first / ChunkPage.Capacity));
    }

    private void Settle(in CollectedPack collected, long sequence)
    {
        var pack = collected.Pack;
        pack.InCommit = false;
        if (collected.Gone)
        {
            DropPages(pack);
            _packs.Remove(pack.Ordinal);
            Incomplete.Remove(pack);
            DeadPacks.Remove(pack);
            return;
        }
        if (pack.NamedSequence == long.MaxValue)
            pack.NamedSequence = sequence;
        if (collected.State != PackState.Open && pack.SealSequence == long.MaxValue)
            pack.SealSequence = sequence;
        if (collected.State == PackState.Dead && pack.DeathSequence == long.MaxValue)
        {
            pack.DeathSequence = sequence;
            pack.MaybeJournaled |= _lastSealCommit >= pack.NamedSequence;
        }
        pack.CompleteDurable |= collected.IsComplete;
    }

    // A commit that failed: its rows are still only in memory, so they belong to the next one.
    private void TakeBackUnfinishedCommit()
    {
        foreach (var page in _pagesInCommit)
        {
            page.InCommit = false;
            MarkDirty(page);
        }
        _pagesInCommit.Clear();
        foreach (var collected in _packsInCommit)
        {
            collected.Pack.InCommit = false;
            MarkDirty(collected.Pack);
        }
        _packsInCommit.Clear();
    }

    private void MarkDirty(ChunkPage page)
    {
        if (page.Dirty)
            return;
        page.Dirty = true;
        _dirtyPages.Add(page);
    }

    /// <summary>A pack as the batch has it: what it became since is not durable yet.</summary>
    private readonly record struct CollectedPack(Pack Pack, PackState State, bool IsComplete, bool Gone);
}
