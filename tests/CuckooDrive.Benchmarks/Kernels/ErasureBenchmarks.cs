using BenchmarkDotNet.Attributes;
using CuckooDrive.Format;

namespace CuckooDrive.Benchmarks.Kernels;

/// <summary>Parity of a stripe of 1 MiB for each shard, on every path that this processor has.</summary>
public class ErasureBenchmarks
{
    private const int ShardLength = 1 << 20;
    private ErasureCode _code = null!;
    private ReadOnlyMemory<byte>[] _data = [];
    private Memory<byte>[] _parity = [];

    [ParamsSource(nameof(Paths))]
    public string Path { get; set; } = "";

    [Params("3+1", "4+2")]
    public string Shards { get; set; } = "";

    public static IEnumerable<string> Paths => GaloisKernel.Supported().Select(NameOf);

    [GlobalSetup]
    public void Prepare()
    {
        var counts = Shards.Split('+').Select(int.Parse).ToArray();
        _code = new ErasureCode(counts[0], counts[1], GaloisKernel.Supported().Single(kernel => NameOf(kernel) == Path));
        var random = new Random(1);
        _data = [.. Enumerable.Range(0, counts[0]).Select(_ => (ReadOnlyMemory<byte>)MakeShard(random))];
        _parity = [.. Enumerable.Range(0, counts[1]).Select(_ => (Memory<byte>)new byte[ShardLength])];
    }

    [Benchmark]
    public void Encode() => _code.Encode(_data, _parity);

    private static byte[] MakeShard(Random random)
    {
        var shard = new byte[ShardLength];
        random.NextBytes(shard);
        return shard;
    }

    private static string NameOf(GaloisKernel kernel) => kernel.GetType().Name.Replace("Kernel", "", StringComparison.Ordinal);
}
