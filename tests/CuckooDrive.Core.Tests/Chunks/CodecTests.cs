using CsCheck;
using CuckooDrive.Core.Chunks;
using CuckooDrive.Core.Placement;
using CuckooDrive.Format;
using Xunit;

namespace CuckooDrive.Core.Tests.Chunks;

public class CodecTests
{
    private static readonly Gen<ChunkRecord> GenRecord =
        Gen.Select(Gen.Byte.Array[16], Gen.Int[0, 8_000_000], Gen.Int[17, 131_088], Gen.Int[1, 131_072], Gen.UInt, Gen.Long[0, long.MaxValue], Gen.Long[0, long.MaxValue], Gen.Byte)
            .Select((id, offset, length, plain, references, birth, death, shard) => new ChunkRecord
            {
                Id = new ChunkId(id),
                Offset = offset,
                SealedLength = length,
                PlainLength = plain,
                References = references,
                Birth = birth,
                Death = death,
                Shard = shard,
                Codec = (byte)(shard >> 4),
            });

    private static readonly Gen<Pack> GenPack =
        Gen.Select(Gen.UInt, Gen.Byte.Array[16], Gen.Int[1, 10], Gen.Int[0, 10], Gen.Int[1, 3], Gen.Int[0, PackLayout.ShardCapacity], Gen.Long[0, long.MaxValue])
            .SelectMany((ordinal, id, k, m, state, used, live) =>
                Gen.Select(Gen.UShort, Gen.Int[0, 4], Gen.Int[0, PackLayout.ShardCapacity], Gen.ULong, Gen.String[Gen.Char['a', 'z'], 0, 64])
                    .Array[k + m].Select(places =>
                    {
                        var pack = new Pack(ordinal, new PackId(id), new Redundancy(k, m))
                        {
                            State = (PackState)state,
                            PaddedLength = PackLayout.PaddedLength(used),
                            ChunkCount = (uint)used,
                            LiveBytes = live,
                            Tagged = live % 2 == 0,
                        };
                        for (var i = 0; i < places.Length; i++)
                        {
                            var (cloud, shardState, shardUsed, tag, hash) = places[i];
                            pack.Shards[i] = new ShardPlace { Cloud = cloud, State = (ShardState)shardState, Used = shardUsed, Tag = new Bytes16(tag, ~tag), Hash = hash.Length == 0 ? null : hash };
                        }
                        return pack;
                    }));

    [Fact]
    public void A_page_is_written_and_read_back_and_written_the_same() => GenRecord.Array[0, 64].Sample(records =>
    {
        var encoded = ChunkPageCodec.Encode(records, new byte[ChunkPageCodec.MaximumLength]).ToArray();
        var decoded = new ChunkRecord[64];
        Assert.Equal(records.Length, ChunkPageCodec.Decode(encoded, decoded));
        Assert.Equal(encoded, ChunkPageCodec.Encode(decoded.AsSpan(0, records.Length), new byte[ChunkPageCodec.MaximumLength]).ToArray());
    });

    [Fact]
    public void A_pack_is_written_and_read_back_and_written_the_same() => GenPack.Sample(pack =>
    {
        var encoded = PackCodec.Encode(pack, new byte[PackCodec.MaximumLength]).ToArray();
        var decoded = PackCodec.Decode(pack.Ordinal, encoded);
        Assert.Equal(encoded, PackCodec.Encode(decoded, new byte[PackCodec.MaximumLength]).ToArray());
    });

    [Fact]
    public void Cut_and_extended_rows_are_refused() => Gen.Select(GenRecord.Array[1, 64], GenPack, Gen.Int[0, 4000]).Sample((records, pack, cut) =>
    {
        var page = ChunkPageCodec.Encode(records, new byte[ChunkPageCodec.MaximumLength]).ToArray();
        var row = PackCodec.Encode(pack, new byte[PackCodec.MaximumLength]).ToArray();
        Assert.Throws<InvalidDataException>(() => Read(page[..(cut % page.Length)], isPage: true));
        Assert.Throws<InvalidDataException>(() => Read([.. page, 0], isPage: true));
        Assert.Throws<InvalidDataException>(() => Read(row[..(cut % row.Length)], isPage: false));
        Assert.Throws<InvalidDataException>(() => Read([.. row, 0], isPage: false));
    });

    [Fact]
    public void A_row_with_a_changed_byte_is_refused_or_is_one_that_would_be_written() =>
        Gen.Select(GenRecord.Array[1, 64], GenPack, Gen.Int[0, 4000], Gen.Byte).Sample((records, pack, at, value) =>
        {
            var page = ChunkPageCodec.Encode(records, new byte[ChunkPageCodec.MaximumLength]).ToArray();
            page[at % page.Length] = value;
            AssertCanonicalOrRefused(page, isPage: true);
            var row = PackCodec.Encode(pack, new byte[PackCodec.MaximumLength]).ToArray();
            row[at % row.Length] = value;
            AssertCanonicalOrRefused(row, isPage: false);
        });

    [Fact]
    public void Any_bytes_give_a_record_or_one_kind_of_error() => Gen.Byte.Array[0, 300].Sample(bytes =>
    {
        if (bytes.Length > 0)
            bytes[0] = 1;
        AssertCanonicalOrRefused(bytes, isPage: true);
        AssertCanonicalOrRefused(bytes, isPage: false);
    });

    private static void AssertCanonicalOrRefused(byte[] bytes, bool isPage)
    {
        try
        {
            Assert.Equal(bytes, Read(bytes, isPage));
        }
        catch (InvalidDataException)
        {
            // The one error that is allowed.
        }
    }

    private static byte[] Read(byte[] bytes, bool isPage)
    {
        if (!isPage)
            return PackCodec.Encode(PackCodec.Decode(0, bytes), new byte[PackCodec.MaximumLength]).ToArray();
        var records = new ChunkRecord[64];
        var count = ChunkPageCodec.Decode(bytes, records);
        return ChunkPageCodec.Encode(records.AsSpan(0, count), new byte[ChunkPageCodec.MaximumLength]).ToArray();
    }
}
