using System.Buffers.Binary;
using CuckooDrive.Core.Chunks;
using CuckooDrive.Core.Metadata;

namespace CuckooDrive.Core.Drives;

/// <summary>
/// Folds the journal's batches into the operations of segments: of several changes of a key only the last remains, keys in
/// order, in parts of a bounded size. Packs get the places of their shards, see <see cref="IChunkStore.CompletePackRow"/>.
/// Not thread safe.
/// </summary>
internal sealed class SegmentBuilder(IMetadataStore store, IChunkStore chunks, int partSize = SegmentBuilder.DefaultPartSize)
{
    public const int DefaultPartSize = 4 << 20;

    private readonly SortedDictionary<byte[], byte[]?> _rows = new(KeyOrder.Instance);
    private Dictionary<uint, byte[]> _sentPacks = [];
    private Dictionary<uint, byte[]> _newPacks = [];
    private long _size;

    /// <summary>
    /// Hands over the parts of all batches after <paramref name="after"/> up to and including <paramref name="upTo"/>, in
    /// order, each with whether more follow. None when nothing is left that the clouds do not have.
    /// </summary>
    public void Build(long after, long upTo, Action<byte[], bool> part)
    {
        byte[]? ready = null;
        _newPacks = [];
        store.ReadJournal(after, (sequence, batch) =>
        {
            if (sequence > upTo)
                return false;
            Add(batch, TakePart);
            return true;
        });
        TakePart();
        if (ready is not null)
            part(ready, false);

        void TakePart()
        {
            var operations = Encode();
            if (operations.Length == 0)
                return;
            if (ready is not null)
                part(ready, true);
            ready = operations;
        }
    }

    /// <summary>
    /// The segments of the last <see cref="Build"/> are decided: their pack rows need not be sent again as long as they stay
    /// the same, which they do when the store merely records what was sent already.
    /// </summary>
    public void Accept() => _sentPacks = _newPacks;

    private void Add(ReadOnlySpan<byte> batch, Action takePart)
    {
        foreach (var operation in MetadataBatch.Read(batch))
        {
            var key = operation.Key.ToArray();
            var value = operation.IsDelete ? null : operation.Value.ToArray();
            _rows[key] = value;
            _size += key.Length + 8 + (value?.Length ?? 0);
            // A part may end within a batch: the parts of one round are applied together or not at all.
            if (_size >= partSize)
                takePart();
        }
    }

    private byte[] Encode()
    {
        // What it will take or a little more: a buffer that grows leaves large arrays behind.
        var batch = new MetadataBatch((int)_size);
        foreach (var (key, value) in _rows)
        {
            if (value is null)
                batch.Delete(key);
            else if (key[0] != MetadataKey.TypePack)
                batch.Put(key, value);
            else
                EncodePack(batch, key, value);
        }
        _rows.Clear();
        _size = 0;
        return batch.Encoded.ToArray();
    }

    private void EncodePack(MetadataBatch batch, byte[] key, byte[] value)
    {
        var pack = BinaryPrimitives.ReadUInt32BigEndian(key.AsSpan(1));
        var complete = chunks.CompletePackRow(pack, value);
        // An earlier part of this round counts more than the last round: a row that has become again what it was is a change after it.
        if ((!_newPacks.TryGetValue(pack, out var sent) && !_sentPacks.TryGetValue(pack, out sent)) || !sent.AsSpan().SequenceEqual(complete))
            batch.Put(key, complete);
        _newPacks[pack] = complete;
    }

    private sealed class KeyOrder : IComparer<byte[]>
    {
        public static readonly KeyOrder Instance = new();

        public int Compare(byte[]? x, byte[]? y) => x.AsSpan().SequenceCompareTo(y);
    }
}
