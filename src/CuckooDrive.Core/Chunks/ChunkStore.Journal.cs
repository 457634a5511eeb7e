using System.Buffers.Binary;
using CuckooDrive.Format;

namespace CuckooDrive.Core.Chunks;

/// <content>What journal segments and roots say about packs.</content>
public sealed partial class ChunkStore
{
    public byte[] CompletePackRow(uint pack, ReadOnlySpan<byte> row)
    {
        var recorded = PackCodec.Decode(pack, row);
        lock (_index.Gate)
        {
            if (_index.Find(pack) is not { } known || known.Id != recorded.Id || known.State == PackState.Open || known.Deleting || known.Gone ||
                recorded.State == PackState.Open)
                return row.ToArray();
            for (var shard = 0; shard < known.Width; shard++)
            {
                ref var place = ref recorded.Shards[shard];
                var current = known.Shards[shard];
                (place.Cloud, place.State, place.Tag, place.Hash) = (current.Cloud, current.State, current.Tag, current.Hash);
            }
            recorded.Tagged = known.Tagged;
        }
        Span<byte> target = stackalloc byte[PackCodec.MaximumLength];
        return PackCodec.Encode(recorded, target).ToArray();
    }

    public (RootPack Pack, RootPage Page) Describe(ChunkRef chunk)
    {
        lock (_index.Gate)
        {
            var (pack, number, record) = _index.Locate(chunk);
            var shards = new RootShard[pack.Width];
            for (var shard = 0; shard < shards.Length; shard++)
            {
                var place = pack.Shards[shard];
                var tag = new byte[PackLayout.ShardTagLength];
                place.Tag.Write(tag);
                shards[shard] = new RootShard(place.State == ShardState.Stored ? place.Cloud : RootShard.NoCloud, tag);
            }
            var described = new RootPack
            {
                Id = pack.Id,
                Ordinal = pack.Ordinal,
                DataShards = (byte)pack.DataShards,
                ParityShards = (byte)pack.Redundancy.ParityShards,
                PaddedLength = pack.PaddedLength,
                Shards = shards,
            };
            var page = new RootPage
            {
                Pack = 0,
                Number = number,
                Shard = record.Shard,
                Offset = record.Offset,
                SealedLength = record.SealedLength,
                PlainLength = record.PlainLength,
                Codec = record.Codec,
                Id = record.Id,
            };
            return (described, page);
        }
    }
}
