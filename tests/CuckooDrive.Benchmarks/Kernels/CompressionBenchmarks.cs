using BenchmarkDotNet.Attributes;
using CuckooDrive.Benchmarks.Work;
using CuckooDrive.Format;

namespace CuckooDrive.Benchmarks.Kernels;

/// <summary>Compression of one chunk of text, and finding out that a chunk of random data does not shrink.</summary>
public class CompressionBenchmarks
{
    private readonly byte[] _text = new DataPool(DataKind.Text, 1).Take(1, 0, PackLayout.MaximumChunkLength).ToArray();
    private readonly byte[] _random = new DataPool(DataKind.Random, 1).Take(1, 0, PackLayout.MaximumChunkLength).ToArray();
    private readonly byte[] _scratch = new byte[PackLayout.MaximumChunkLength];
    private readonly byte[] _plain = new byte[PackLayout.MaximumChunkLength];
    private readonly byte[] _payload;
    private readonly byte _codec;

    public CompressionBenchmarks() => _payload = ChunkCodec.Compress(_text, _scratch, out _codec).ToArray();

    [Benchmark]
    public int CompressText() => ChunkCodec.Compress(_text, _scratch, out _).Length;

    [Benchmark]
    public int CompressRandom() => ChunkCodec.Compress(_random, _scratch, out _).Length;

    [Benchmark]
    public bool DecompressText() => ChunkCodec.Decompress(_codec, _payload, _plain);
}
