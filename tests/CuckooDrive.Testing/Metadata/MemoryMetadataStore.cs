using CuckooDrive.Core.Metadata;

namespace CuckooDrive.Testing.Metadata;

/// <summary>A metadata store in memory. <see cref="Crash"/> gives what a machine would find after losing power.</summary>
public sealed class MemoryMetadataStore : IMetadataStore
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<byte[], byte[]> _rows = new(Comparer<byte[]>.Create((a, b) => a.AsSpan().SequenceCompareTo(b)));
    private readonly SortedDictionary<long, byte[]> _journal = [];

    public long Sequence { get; private set; }

    /// <summary>Called before a batch is applied ("before") and after it ("after"); may throw.</summary>
    public Action<string>? Hook { get; set; }

    /// <summary>Called with the first key of every scan.</summary>
    public Action<byte[]>? Scanned { get; set; }

    public MemoryMetadataStore Crash()
    {
        lock (_lock)
        {
            var copy = new MemoryMetadataStore { Sequence = Sequence };
            foreach (var (key, value) in _rows)
                copy._rows.Add(key, value);
            foreach (var (sequence, batch) in _journal)
                copy._journal.Add(sequence, batch);
            return copy;
        }
    }

    public byte[]? Get(ReadOnlySpan<byte> key)
    {
        lock (_lock)
            return _rows.GetValueOrDefault(key.ToArray());
    }

    public void Scan(ReadOnlySpan<byte> from, ReadOnlySpan<byte> to, RowVisitor visit)
    {
        Scanned?.Invoke(from.ToArray());
        List<KeyValuePair<byte[], byte[]>> rows;
        lock (_lock)
            rows = [.. _rows];
        foreach (var (key, value) in rows)
        {
            if (key.AsSpan().SequenceCompareTo(from) < 0)
                continue;
            if (key.AsSpan().SequenceCompareTo(to) >= 0 || !visit(key, value))
                return;
        }
    }

    public long Commit(MetadataBatch batch, bool durable)
    {
        Hook?.Invoke("before");
        lock (_lock)
        {
            foreach (var operation in MetadataBatch.Read(batch.Encoded))
            {
                if (operation.IsDelete)
                    _rows.Remove(operation.Key.ToArray());
                else
                    _rows[operation.Key.ToArray()] = operation.Value.ToArray();
            }
            _journal.Add(++Sequence, batch.Encoded.ToArray());
        }
        Hook?.Invoke("after");
        return Sequence;
    }

    public void ReadJournal(long after, JournalVisitor visit)
    {
        foreach (var (sequence, batch) in _journal.ToArray())
        {
            if (sequence > after && !visit(sequence, batch))
                return;
        }
    }

    public void TrimJournal(long sequence)
    {
        foreach (var old in _journal.Keys.Where(s => s <= sequence).ToArray())
            _journal.Remove(old);
    }

    public void Dispose()
    {
    }
}
