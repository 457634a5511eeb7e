namespace CuckooDrive.Core.Metadata;

/// <summary>The store at one commit. Not thread safe; the holder disposes it.</summary>
public sealed class SqliteSnapshot : IDisposable
{
    private readonly SqliteReader _reader;

    internal SqliteSnapshot(SqliteReader reader, long sequence)
    {
        _reader = reader;
        Sequence = sequence;
        try
        {
            reader.Renew(sequence);
        }
        catch
        {
            reader.Dispose();
            throw;
        }
    }

    /// <summary>The last commit that it shows.</summary>
    public long Sequence { get; }

    public byte[]? Get(ReadOnlySpan<byte> key) => _reader.Get(key);

    public void Scan(ReadOnlySpan<byte> from, ReadOnlySpan<byte> to, RowVisitor visit) => _reader.Scan(from, to, visit);

    internal IReadOnlyList<string> CheckIntegrity() => _reader.CheckIntegrity();

    public void Dispose() => _reader.Dispose();
}
