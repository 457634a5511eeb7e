using System.Buffers.Binary;
using BenchmarkDotNet.Attributes;
using CuckooDrive.Core.Metadata;
using CuckooDrive.Format;

namespace CuckooDrive.Benchmarks.Kernels;

/// <summary>Commits to the embedded metadata store, durable ones too, and point look-ups, in the temporary folder.</summary>
public class MetadataBenchmarks
{
    private const int RowLength = 100;
    private const int StoredRows = 100_000;
    private readonly DriveKeys _keys = DriveKeys.FromMaster(new byte[DriveKeys.KeyLength], new byte[DriveKeys.DriveIdLength]);
    private readonly MetadataBatch _batch = new();
    private readonly byte[] _value = new byte[RowLength];
    private readonly byte[] _key = new byte[MetadataKey.MaximumLength];
    private readonly Random _random = new(1);
    private string _folder = "";
    private SqliteMetadataStore _store = null!;
    private ulong _next = StoredRows;

    [GlobalSetup]
    public void Prepare()
    {
        _folder = Directory.CreateTempSubdirectory("cuckoo-bench-").FullName;
        _store = SqliteMetadataStore.Create(Path.Combine(_folder, "store"), _keys);
        Fill(StoredRows, () => _next++);
        _store.Commit(_batch, durable: true);
        _store.TrimJournal(_store.Sequence);
    }

    [GlobalCleanup]
    public void Clean()
    {
        _store.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>What a second of creating files gives, rewriting rows so that the store does not grow.</summary>
    [Benchmark]
    [Arguments(1000)]
    public long CommitRows(int rows) => Commit(rows, durable: false);

    /// <summary>What an fsync of a small file gives.</summary>
    [Benchmark]
    [Arguments(4)]
    public long CommitDurably(int rows) => Commit(rows, durable: true);

    [Benchmark]
    public byte[]? LookUp() => _store.Get(MetadataKey.Inode(_key, PickInode()));

    private long Commit(int rows, bool durable)
    {
        Fill(rows, PickInode);
        var sequence = _store.Commit(_batch, durable);
        _store.TrimJournal(sequence);
        return sequence;
    }

    private void Fill(int rows, Func<ulong> inode)
    {
        _batch.Clear();
        for (var row = 0; row < rows; row++)
        {
            var number = inode();
            BinaryPrimitives.WriteUInt64LittleEndian(_value, number);
            _batch.Put(MetadataKey.Inode(_key, number), _value);
        }
    }

    private ulong PickInode() => StoredRows + (ulong)_random.Next(StoredRows);
}
