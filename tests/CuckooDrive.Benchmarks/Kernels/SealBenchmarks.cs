using BenchmarkDotNet.Attributes;
using CuckooDrive.Format;

namespace CuckooDrive.Benchmarks.Kernels;

/// <summary>AES-256-GCM of chunks, and naming them for deduplication.</summary>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1001", Justification = "BenchmarkDotNet calls the cleanup.")]
public class SealBenchmarks
{
    private readonly DriveKeys _keys = DriveKeys.FromMaster(new byte[DriveKeys.KeyLength], new byte[DriveKeys.DriveIdLength]);
    private byte[] _plain = [];
    private byte[] _sealed = [];
    private byte[] _opened = [];
    private PackCipher _cipher = null!;
    private ChunkHasher _hasher = null!;

    [Params(4096, PackLayout.MaximumChunkLength)]
    public int Length { get; set; }

    [GlobalSetup]
    public void Prepare()
    {
        _plain = new byte[Length];
        new Random(1).NextBytes(_plain);
        _sealed = new byte[Length + PackLayout.SealOverhead];
        _opened = new byte[Length];
        _cipher = new PackCipher(_keys, PackId.New());
        _hasher = new ChunkHasher(_keys);
        Seal();
    }

    [GlobalCleanup]
    public void Clean()
    {
        _cipher.Dispose();
        _hasher.Dispose();
    }

    // One number again and again: nothing of this is kept.
    [Benchmark]
    public void Seal() => _cipher.Seal(0, ChunkCodec.Raw, Length, _plain, _sealed);

    [Benchmark]
    public bool Open() => _cipher.TryOpen(0, ChunkCodec.Raw, Length, _sealed, _opened);

    [Benchmark]
    public ChunkId Hash() => _hasher.Compute(_plain);
}
