using CuckooDrive.Format.Tests.Support;

namespace CuckooDrive.Format.Tests.Vectors;

internal static class ObjectVectors
{
    private const ulong Device = 0x1122334455667788;
    private const long Time = 1_767_225_600_000; // 2026-01-01

    public static IEnumerable<ObjectVector> Write(string master, string driveId)
    {
        using var keys = Samples.Keys();
        var sealer = new ObjectSealer(keys, new FixedRandom("objects"));
        ObjectVector Case(string note, KeyPurpose purpose, string name, byte[] bytes, ObjectOpenError error, byte[]? plain = null, bool? valid = null) =>
            new(note, master, driveId, purpose.ToString(), name, VectorWriter.Hex(bytes), error.ToString(), plain is null ? null : VectorWriter.Hex(plain), valid);

        ObjectVector Good(string note, KeyPurpose purpose, string name, byte[] plain, bool valid = true) =>
            Case(note, purpose, name, sealer.Seal(purpose, name, plain), ObjectOpenError.None, plain, valid);

        var segment = Segment().Encode();
        var journal = ObjectNames.Journal(3, 4);
        yield return Good("journal segment", KeyPurpose.Journal, journal, segment);
        yield return Good("root", KeyPurpose.Root, ObjectNames.Root(3, 1), Root().Encode());
        yield return Good("lease", KeyPurpose.Lease, ObjectNames.Lease(3, Device), new Lease { Epoch = 3, Device = Device, Time = Time, Duration = 60_000, DeviceName = "laptop" }.Encode());
        yield return Good("member", KeyPurpose.Member, ObjectNames.Member(2), new Member { Cloud = 2, Id = Samples.Random(16, "member"), Time = Time, Name = "NAS", FailureDomain = "home" }.Encode());

        yield return Good("right key, journal segment cut short inside", KeyPurpose.Journal, journal, segment[..^1], false);
        yield return Good("right key, journal segment extended inside", KeyPurpose.Journal, journal, [.. segment, 0], false);
        yield return Good("right key, later payload version", KeyPurpose.Journal, journal, [2, .. segment.AsSpan(1)], false);
        yield return Good("right key, root with a page outside its shard", KeyPurpose.Root, ObjectNames.Root(3, 1), BadRoot().Encode(), false);

        var good = sealer.Seal(KeyPurpose.Journal, journal, segment);
        ObjectVector Bad(string note, byte[] bytes, ObjectOpenError error) => Case(note, KeyPurpose.Journal, journal, bytes, error);
        yield return Bad("empty", [], ObjectOpenError.Truncated);
        yield return Bad("truncated in its header", good[..60], ObjectOpenError.Truncated);
        yield return Bad("truncated by one byte", good[..^1], ObjectOpenError.Truncated);
        yield return Bad("extended by one byte", [.. good, 0], ObjectOpenError.Extended);
        yield return Bad("another magic", Samples.WithFlippedBit(good, 0), ObjectOpenError.NotAnObject);
        yield return Bad("wrong version", Samples.WithFlippedBit(good, 4 * 8 + 1), ObjectOpenError.UnsupportedVersion);
        yield return Bad("salt changed", Samples.WithFlippedBit(good, 12 * 8), ObjectOpenError.WrongKey);
        yield return Bad("ciphertext changed", Samples.WithFlippedBit(good, 200 * 8), ObjectOpenError.Damaged);
        yield return Bad("tag changed", Samples.WithFlippedBit(good, good.Length * 8 - 1), ObjectOpenError.Damaged);
        yield return Bad("swapped with the next segment", sealer.Seal(KeyPurpose.Journal, ObjectNames.Journal(3, 5), segment), ObjectOpenError.WrongContext);
        yield return Bad("swapped with a root", sealer.Seal(KeyPurpose.Root, ObjectNames.Root(3, 4), Root().Encode()), ObjectOpenError.WrongKind);
        using var otherKeys = Samples.Keys("other");
        yield return Bad("sealed with another drive's key", new ObjectSealer(otherKeys, new FixedRandom("other objects")).Seal(KeyPurpose.Journal, journal, segment), ObjectOpenError.WrongKey);
    }

    private static JournalSegment Segment() => new()
    {
        Epoch = 3,
        Index = 4,
        Device = Device,
        Time = Time,
        FirstSequence = 100,
        LastSequence = 107,
        Continues = true,
        Previous = Samples.Random(32, "previous segment"),
        Operations = Samples.Random(120, "operations"),
    };

    private static RootObject Root() => new()
    {
        Epoch = 3,
        Index = 1,
        Device = Device,
        Time = Time,
        Sequence = 99,
        Previous = ObjectHash.None,
        NextJournalEpoch = 3,
        NextJournalIndex = 4,
        PreviousJournal = Samples.Random(32, "previous segment"),
        Clouds = [0, 1, 2, 3],
        Packs = [Pack()],
        Pages =
        [
            new RootPage { Pack = 0, Number = 0, Shard = 0, Offset = 0, SealedLength = 900, PlainLength = 4000, Codec = ChunkCodec.Zstd, Id = new ChunkId(Samples.Random(16, "page 0")) },
            new RootPage { Pack = 0, Number = 1, Shard = 2, Offset = 4000, SealedLength = 1120, PlainLength = 1104, Codec = ChunkCodec.Raw, Id = new ChunkId(Samples.Random(16, "page 1")) },
        ],
    };

    private static RootObject BadRoot()
    {
        var root = Root();
        return root with { Pages = [root.Pages[0] with { Offset = 5000 }] };
    }

    private static RootPack Pack() => new()
    {
        Id = Samples.Pack(),
        Ordinal = 17,
        DataShards = 3,
        ParityShards = 1,
        PaddedLength = PackLayout.PaddedLength(5100),
        Shards = [.. Enumerable.Range(0, 4).Select(i => new RootShard((ushort)i, Samples.Random(16, $"tag {i}")))],
    };
}
