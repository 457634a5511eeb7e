using CsCheck;

namespace CuckooDrive.Format.Tests.Support;

/// <summary>Random payloads, and the same few fixed ones for vectors.</summary>
internal static class Payloads
{
    private static readonly Gen<byte[]> Hash = Gen.Byte.Array[ObjectHash.Length];
    private static readonly Gen<string> Text = Gen.String[0, 60].Where(IsShortEnough);

    public static readonly Gen<JournalSegment> Segments = Gen.Select(
        Gen.Select(Gen.ULong, Gen.ULong, Gen.ULong, Gen.Long),
        Gen.Select(Gen.Long[0, long.MaxValue / 2], Gen.Long[0, long.MaxValue / 2]),
        Gen.Bool, Hash, Gen.Byte.Array[0, 500],
        (numbers, sequence, continues, previous, operations) => new JournalSegment
        {
            Epoch = numbers.Item1,
            Index = numbers.Item2,
            Device = numbers.Item3,
            Time = numbers.Item4,
            FirstSequence = sequence.Item1,
            LastSequence = sequence.Item1 + sequence.Item2,
            Continues = continues,
            Previous = previous,
            Operations = operations,
        });

    public static readonly Gen<Lease> Leases = Gen.Select(Gen.ULong, Gen.ULong, Gen.Long, Gen.UInt, Text,
        (epoch, device, time, duration, name) => new Lease { Epoch = epoch, Device = device, Time = time, Duration = duration, DeviceName = name });

    public static readonly Gen<Member> Members = Gen.Select(Gen.UShort, Gen.Byte.Array[16], Gen.Long, Text, Text,
        (cloud, id, time, name, domain) => new Member { Cloud = cloud, Id = id, Time = time, Name = name, FailureDomain = domain });

    public static readonly Gen<RootObject> Roots = Gen.Select(
        Gen.Select(Gen.ULong, Gen.ULong, Gen.ULong, Gen.Long),
        Gen.Select(Gen.Long[0, long.MaxValue], Gen.ULong, Gen.ULong),
        Gen.Select(Hash, Hash),
        Gen.UShort.Array[0, 10],
        Gen.Select(Gen.Byte.Array[16], Gen.UInt, Gen.Int[1, 20], Gen.Int[0, 10], Gen.Int[0, PackLayout.ShardCapacity]).Select(Pack).Array[0, 5],
        Gen.Select(Gen.Int, Gen.UInt, Gen.Int, Gen.Int, Gen.Byte.Array[16]).Array[0, 20],
        (numbers, next, hashes, clouds, packs, pages) => new RootObject
        {
            Epoch = numbers.Item1,
            Index = numbers.Item2,
            Device = numbers.Item3,
            Time = numbers.Item4,
            Sequence = next.Item1,
            NextJournalEpoch = next.Item2,
            NextJournalIndex = next.Item3,
            Previous = hashes.Item1,
            PreviousJournal = hashes.Item2,
            Clouds = clouds,
            Packs = packs,
            Pages = packs.Length == 0 ? [] : [.. pages.Select(page => Page(packs, page))],
        });

    private static bool IsShortEnough(string text) =>
        System.Text.Encoding.UTF8.GetByteCount(text) <= 255 && !text.Any(char.IsSurrogate);

    private static RootPack Pack((byte[] Id, uint Ordinal, int K, int M, int Used) from) => new()
    {
        Id = new PackId(from.Id),
        Ordinal = from.Ordinal,
        DataShards = (byte)from.K,
        ParityShards = (byte)from.M,
        PaddedLength = PackLayout.PaddedLength(from.Used),
        Shards = [.. Enumerable.Range(0, from.K + from.M).Select(i => new RootShard((ushort)i, Samples.Random(16, $"tag {i}")))],
    };

    private static RootPage Page(RootPack[] packs, (int Pack, uint Number, int Offset, int Length, byte[] Id) from)
    {
        var pack = (int)((uint)from.Pack % (uint)packs.Length);
        var room = packs[pack].PaddedLength;
        var length = 17 + (int)((uint)from.Length % 4000);
        return new RootPage
        {
            Pack = pack,
            Number = from.Number,
            Shard = (byte)(from.Number % packs[pack].DataShards),
            Offset = (int)((uint)from.Offset % (uint)(room - length)),
            SealedLength = length,
            PlainLength = 1 + (int)((uint)from.Length % PackLayout.MaximumChunkLength),
            Codec = (byte)(from.Number % 2),
            Id = new ChunkId(from.Id),
        };
    }
}
