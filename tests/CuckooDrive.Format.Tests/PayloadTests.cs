using System.Buffers.Binary;
using CsCheck;
using CuckooDrive.Format.Tests.Support;

namespace CuckooDrive.Format.Tests;

/// <summary>For each payload: what is written is read, the same value has one encoding, and no other bytes are an error.</summary>
public sealed class PayloadTests
{
    private delegate byte[]? Reencode(ReadOnlySpan<byte> payload);

    [Fact]
    public void Journal_segments_come_back() => Payloads.Segments.Sample(segment =>
    {
        var bytes = segment.Encode();
        Assert.True(JournalSegment.TryDecode(bytes, out var read));
        Assert.Equivalent(segment, read, strict: true);
        AssertStrict(bytes, payload => JournalSegment.TryDecode(payload, out var other) ? other.Encode() : null);
    }, iter: 100);

    [Fact]
    public void Leases_come_back() => Payloads.Leases.Sample(lease =>
    {
        var bytes = lease.Encode();
        Assert.True(Lease.TryDecode(bytes, out var read));
        Assert.Equal(lease, read);
        AssertStrict(bytes, payload => Lease.TryDecode(payload, out var other) ? other.Encode() : null);
    }, iter: 100);

    [Fact]
    public void Members_come_back() => Payloads.Members.Sample(member =>
    {
        var bytes = member.Encode();
        Assert.True(Member.TryDecode(bytes, out var read));
        Assert.Equivalent(member, read, strict: true);
        AssertStrict(bytes, payload => Member.TryDecode(payload, out var other) ? other.Encode() : null);
    }, iter: 100);

    [Fact]
    public void Roots_come_back() => Payloads.Roots.Sample(root =>
    {
        var bytes = root.Encode();
        Assert.True(RootObject.TryDecode(bytes, out var read));
        Assert.Equal(bytes, read.Encode());
        Assert.Equal(root.Pages, read.Pages);
        Assert.Equal(root.Clouds, read.Clouds);
        Assert.Equal((root.Epoch, root.Index, root.Device, root.Time, root.Sequence), (read.Epoch, read.Index, read.Device, read.Time, read.Sequence));
        Assert.Equal((root.NextJournalEpoch, root.NextJournalIndex), (read.NextJournalEpoch, read.NextJournalIndex));
        Assert.Equal(root.Previous, read.Previous);
        Assert.Equal(root.PreviousJournal, read.PreviousJournal);
        Assert.Equal(root.Packs.Select(pack => (pack.Id, pack.Ordinal, pack.DataShards, pack.ParityShards, pack.PaddedLength)), read.Packs.Select(pack => (pack.Id, pack.Ordinal, pack.DataShards, pack.ParityShards, pack.PaddedLength)));
        AssertStrict(bytes, payload => RootObject.TryDecode(payload, out var other) ? other.Encode() : null);
    }, iter: 60);

    [Fact]
    public void Counts_cannot_ask_for_more_than_there_is()
    {
        var root = new RootObject
        {
            Epoch = 1,
            Index = 2,
            Sequence = 3,
            Previous = ObjectHash.None,
            NextJournalEpoch = 1,
            NextJournalIndex = 5,
            PreviousJournal = ObjectHash.None,
        }.Encode();
        foreach (var at in new[] { root.Length - 12, root.Length - 8, root.Length - 4 })
        {
            foreach (var count in new[] { 1, 1000, int.MaxValue, -1, int.MinValue })
            {
                var bytes = (byte[])root.Clone();
                BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(at), count);
                var before = GC.GetAllocatedBytesForCurrentThread();
                Assert.False(RootObject.TryDecode(bytes, out _));
                Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 100_000);
            }
        }
    }

    [Fact]
    public void Nonsense_in_a_root_is_refused()
    {
        var page = new RootPage { Pack = 0, Number = 1, Shard = 0, Offset = 0, SealedLength = 100, PlainLength = 84, Codec = 0 };
        AssertRoot(page, true);
        AssertRoot(page with { Pack = 1 }, false);
        AssertRoot(page with { Shard = 2 }, false);
        AssertRoot(page with { Offset = 4096 - 99 }, false);
        AssertRoot(page with { Offset = 4096 - 100 }, true);
        AssertRoot(page with { SealedLength = 15 }, false);
        AssertRoot(page with { PlainLength = 0 }, false);
        AssertRoot(page with { PlainLength = PackLayout.MaximumChunkLength + 1 }, false);
        AssertRoot(page with { PlainLength = -1 }, false);
        AssertRoot(page, false, paddedLength: 5000);
        AssertRoot(page, false, paddedLength: 0);
    }

    [Fact]
    public void Writers_refuse_what_readers_would()
    {
        Assert.Throws<ArgumentException>(() => new Member { Cloud = 1, Id = new byte[15] }.Encode());
        Assert.Throws<ArgumentException>(() => new Member { Cloud = 1, Id = new byte[16], Name = new string('é', 128) }.Encode());
        Assert.Throws<ArgumentException>(() => new JournalSegment { Epoch = 1, Index = 1, FirstSequence = 1, LastSequence = 1, Previous = [], Operations = [] }.Encode());
        Assert.Throws<ArgumentException>(() => Root(default, 4096, shards: 2).Encode());
    }

    private static void AssertRoot(RootPage page, bool accepted, int paddedLength = 4096) =>
        Assert.Equal(accepted, RootObject.TryDecode(Root(page, paddedLength, shards: 3).Encode(), out _));

    private static RootObject Root(RootPage page, int paddedLength, int shards) => new()
    {
        Epoch = 1,
        Index = 2,
        Sequence = 3,
        Previous = ObjectHash.None,
        NextJournalEpoch = 1,
        NextJournalIndex = 5,
        PreviousJournal = ObjectHash.None,
        Clouds = [0, 1, 2],
        Packs =
        [
            new RootPack
            {
                Id = Samples.Pack(),
                Ordinal = 1,
                DataShards = 2,
                ParityShards = 1,
                PaddedLength = paddedLength,
                Shards = [.. Enumerable.Range(0, shards).Select(i => new RootShard((ushort)i, new byte[16]))],
            },
        ],
        Pages = [page],
    };

    /// <summary>Every cut, an extra byte, another version; and mutated bytes either fail or are the one encoding of another value.</summary>
    private static void AssertStrict(byte[] bytes, Reencode reencode)
    {
        for (var length = 0; length < bytes.Length; length += 1 + length / 64)
            Assert.Null(reencode(bytes.AsSpan(0, length)));
        Assert.Null(reencode([.. bytes, 0]));
        Assert.Null(reencode([2, .. bytes.AsSpan(1)]));
        var random = new Random(bytes.Length);
        for (var i = 0; i < 200; i++)
        {
            var mutated = (byte[])bytes.Clone();
            for (var changes = random.Next(1, 4); changes > 0; changes--)
                mutated[random.Next(mutated.Length)] = (byte)random.Next(256);
            if (reencode(mutated) is { } again)
                Assert.Equal(mutated, again);
            var noise = new byte[random.Next(200)];
            random.NextBytes(noise);
            if (reencode([1, .. noise]) is { } encoded)
                Assert.Equal([1, .. noise], encoded);
        }
    }
}
