using System.Buffers.Binary;
using CuckooDrive.Core.Metadata;
using CuckooDrive.Format;

namespace CuckooDrive.Core.Chunks;

/// <summary>Where a chunk is: a copy, good without the gate.</summary>
internal readonly record struct ChunkLocation(Pack Pack, uint Number, ChunkRecord Record)
{
    public ChunkRef Chunk => new(Pack.Ordinal, Number);
}

/// <summary>
/// The packs (all in memory) and their chunk directories (pages, loaded when needed, the least recently used leave beyond a
/// limit), with their reference counts. The durable truth is the metadata store plus what <see cref="Collect"/> hands out.
/// All members are called under <see cref="Gate"/>, which is held for microseconds and never over I/O to clouds; a page's load from
/// the metadata store is the one thing that may take longer.
/// </summary>
internal sealed partial class PackIndex
{
    private readonly IMetadataStore _metadata;
    private readonly int _pageLimit;
    private readonly Dictionary<uint, Pack> _packs = [];
    private readonly Dictionary<ulong, ChunkPage> _pages = [];
    private readonly LinkedList<ChunkPage> _pageOrder = [];
    private readonly ChunkRecord[] _visited = new ChunkRecord[ChunkPage.Capacity];

    public PackIndex(IMetadataStore metadata, int pageLimit)
    {
        _metadata = metadata;
        _pageLimit = Math.Max(pageLimit, 16);
        LoadPacks();
    }

    /// <summary>Last in the order of locks: volume gate, inode, this.</summary>
    public Lock Gate { get; } = new();

    public IReadOnlyCollection<Pack> Packs => _packs.Values;

    /// <summary>Packs whose shards are not all known to be on their clouds, open ones included.</summary>
    public HashSet<Pack> Incomplete { get; } = [];

    /// <summary>Packs with nothing alive in them that have not been removed yet.</summary>
    public HashSet<Pack> DeadPacks { get; } = [];

    /// <summary>What staged packs have yet to write to the local disk: their padding and parity. Under the gate.</summary>
    public long OwedBytes
    {
        get
        {
            var owed = 0L;
            foreach (var pack in Incomplete)
            {
                if (!pack.Prepared && pack.Local is { IsStaged: true } file)
                    owed += Math.Max(0, ((long)pack.Width * PackLayout.PaddedLength(pack.MaximumUsed)) - file.Bytes);
            }
            return owed;
        }
    }

    /// <summary>Sealed bytes of all chunks with references.</summary>
    public long LiveBytes { get; private set; }

    public int PagesInMemory => _pages.Count;

    public Pack? Find(uint ordinal) => _packs.GetValueOrDefault(ordinal);

    public void Add(Pack pack)
    {
        _packs.Add(pack.Ordinal, pack);
        Incomplete.Add(pack);
        MarkDirty(pack);
    }

    /// <exception cref="InvalidDataException">The metadata names a chunk that does not exist.</exception>
    public ChunkLocation Locate(ChunkRef chunk) => new(PackOf(chunk), chunk.Number, RecordOf(chunk, out _));

    /// <summary>Like <see cref="Locate"/>, or false for a chunk that does not exist.</summary>
    public bool TryLocate(ChunkRef chunk, out ChunkLocation location)
    {
        location = default;
        if (!_packs.TryGetValue(chunk.Pack, out var pack) || chunk.Number >= pack.ChunkCount)
            return false;
        location = new ChunkLocation(pack, chunk.Number, RecordOf(chunk, out _));
        return true;
    }

    /// <summary>Appends a record to the pack's directory, with one hold, and returns its number.</summary>
    public uint Append(Pack pack, in ChunkRecord record)
    {
        var number = pack.ChunkCount;
        // The page first: reading it may fail, and then nothing is counted.
        var page = number % ChunkPage.Capacity == 0
            ? AddPage(new ChunkPage(pack.Ordinal, number / ChunkPage.Capacity))
            : Page(pack.Ordinal, number / ChunkPage.Capacity);
        pack.ChunkCount++;
        ref var slot = ref page.Records[page.Count++];
        slot = record;
        slot.Holds = 1;
        page.HeldChunks++;
        pack.HeldChunks++;
        MarkDirty(page);
        MarkDirty(pack);
        return number;
    }

    /// <summary>Visits every chunk of a pack without keeping its pages in memory.</summary>
    public void Visit(Pack pack, Action<uint, ChunkRecord> visit)
    {
        for (uint page = 0; page * ChunkPage.Capacity < pack.ChunkCount; page++)
            VisitPage(pack, page, visit);
    }

    public void VisitPage(Pack pack, uint index, Action<uint, ChunkRecord> visit)
    {
        var records = _visited;
        int count;
        if (_pages.TryGetValue(Key(pack.Ordinal, index), out var page))
        {
            page.Records.CopyTo(records, 0);
            count = page.Count;
        }
        else
            count = Load(pack.Ordinal, index, records);
        for (var i = 0; i < count; i++)
            visit((index * ChunkPage.Capacity) + (uint)i, records[i]);
    }

    private Pack PackOf(ChunkRef chunk) => _packs.TryGetValue(chunk.Pack, out var pack) && chunk.Number < pack.ChunkCount
        ? pack
        : throw new InvalidDataException($"There is no chunk {chunk.Number} in pack {chunk.Pack}: the metadata is damaged.");

    private ref ChunkRecord RecordOf(ChunkRef chunk, out ChunkPage page)
    {
        page = Page(chunk.Pack, chunk.Number / ChunkPage.Capacity);
        var slot = (int)(chunk.Number % ChunkPage.Capacity);
        if (slot >= page.Count)
            throw new InvalidDataException($"The directory of pack {chunk.Pack} lacks chunk {chunk.Number}: the metadata is damaged.");
        return ref page.Records[slot];
    }

    private ChunkPage Page(uint pack, uint index)
    {
        if (_pages.TryGetValue(Key(pack, index), out var page))
        {
            if (page.Node is { } node && _pageOrder.First != node)
            {
                _pageOrder.Remove(node);
                _pageOrder.AddFirst(node);
            }
            return page;
        }
        page = new ChunkPage(pack, index);
        page.Count = Load(pack, index, page.Records);
        return AddPage(page);
    }

    private int Load(uint pack, uint index, ChunkRecord[] records)
    {
        Span<byte> key = stackalloc byte[MetadataKey.MaximumLength];
        var value = _metadata.Get(MetadataKey.Chunks(key, pack, index)) ??
            throw new InvalidDataException($"Page {index} of the directory of pack {pack} is missing: the metadata is damaged.");
        return ChunkPageCodec.Decode(value, records);
    }

    private ChunkPage AddPage(ChunkPage page)
    {
        _pages.Add(Key(page.Pack, page.Index), page);
        page.Node = _pageOrder.AddFirst(page);
        if (_pages.Count > _pageLimit)
            EvictPages();
        return page;
    }

    // Pages that may not leave are moved to the front, a few at each call, so that they are not looked at again and again.
    private void EvictPages()
    {
        for (var tries = 0; tries < 8 && _pages.Count > _pageLimit; tries++)
        {
            var node = _pageOrder.Last!;
            _pageOrder.Remove(node);
            if (node.Value.CanLeave && node != _pageOrder.First)
                _pages.Remove(Key(node.Value.Pack, node.Value.Index));
            else
                _pageOrder.AddFirst(node);
        }
    }

    private void DropPages(Pack pack)
    {
        for (uint first = 0; first < pack.ChunkCount; first += ChunkPage.Capacity)
        {
            if (_pages.Remove(Key(pack.Ordinal, first / ChunkPage.Capacity), out var page) && page.Node is { } node)
                _pageOrder.Remove(node);
        }
    }

    private void LoadPacks()
    {
        _metadata.Scan([MetadataKey.TypePack], [MetadataKey.TypePack + 1], (key, value) =>
        {
            var ordinal = BinaryPrimitives.ReadUInt32BigEndian(key[1..]);
            var pack = PackCodec.Decode(ordinal, value);
            _packs.Add(ordinal, pack);
            LiveBytes += pack.LiveBytes;
            if (pack.State == PackState.Dead)
                DeadPacks.Add(pack);
            else if (!pack.IsComplete)
                Incomplete.Add(pack);
            return true;
        });
    }

    private static ulong Key(uint pack, uint page) => ((ulong)pack << 32) | page;
}
