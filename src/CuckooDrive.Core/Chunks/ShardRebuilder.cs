using CuckooDrive.Core.Placement;
using CuckooDrive.Format;

namespace CuckooDrive.Core.Chunks;

/// <summary>
/// Brings back whole shards of a pack from whatever sources are right: the local file, or any k shards on the clouds. What
/// it gives is verified by the pack's tags, or, where those are not known, by opening every chunk.
/// </summary>
internal sealed class ShardRebuilder(PackIndex index, PackFiles files, PackPreparer preparer, ShardRangeReader ranges, ChunkOpener opener)
{
    private const int PieceLength = 1 << 20;

    /// <summary>The data shards of a pack; null when there are not enough right sources. <paramref name="damaged"/> hears of stored shards that are not right.</summary>
    public async Task<byte[][]?> ReadDataAsync(Pack pack, Action<int, ShardState> damaged, CancellationToken cancellationToken) =>
        ReadLocal(pack) ?? await ReadCloudsAsync(pack, damaged, cancellationToken).ConfigureAwait(false);

    /// <summary>One shard out of the data shards; null when it contradicts the recorded tag.</summary>
    public byte[]? Make(Pack pack, byte[][] data, int shard, out Bytes16 tag)
    {
        var content = shard < pack.DataShards ? data[shard] : MakeParity(pack, data, shard);
        tag = preparer.Tag(pack, shard, content);
        return pack.Tagged && tag != pack.Shards[shard].Tag ? null : content;
    }

    /// <summary>Whether the shard at its cloud is exactly what was stored there; false also when that cannot be told.</summary>
    public async Task<bool> IsSoundAsync(Pack pack, int shard, CancellationToken cancellationToken)
    {
        if (!pack.Tagged)
            return false;
        var (content, _) = await ReadShardAsync(pack, shard, cancellationToken).ConfigureAwait(false);
        return content is not null && preparer.Tag(pack, shard, content) == pack.Shards[shard].Tag;
    }

    private byte[][]? ReadLocal(Pack pack)
    {
        if (pack.Local is not { IsWhole: true } file)
            return null;
        var data = new byte[pack.DataShards][];
        try
        {
            for (var shard = 0; shard < data.Length; shard++)
                files.Read(file, file.Position(shard, 0), data[shard] = new byte[pack.PaddedLength]);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // A failing local disk is one source less; the clouds are asked.
            return null;
        }
        return IsRight(pack, data) ? data : null;
    }

    private async Task<byte[][]?> ReadCloudsAsync(Pack pack, Action<int, ShardState> damaged, CancellationToken cancellationToken)
    {
        var indexes = new List<int>();
        var contents = new List<ReadOnlyMemory<byte>>();
        for (var shard = 0; shard < pack.Width; shard++)
        {
            // Also when there are enough: a pack that has lost a shard cannot afford another bad one that nobody has noticed.
            if (pack.Shards[shard].State != ShardState.Stored || (indexes.Count == pack.DataShards && !pack.Tagged))
                continue;
            var (content, finding) = await ReadShardAsync(pack, shard, cancellationToken).ConfigureAwait(false);
            if (content is not null && pack.Tagged && preparer.Tag(pack, shard, content) != pack.Shards[shard].Tag)
                (content, finding) = (null, ShardState.Damaged);
            if (content is null)
            {
                if (finding != ShardState.Pending)
                    damaged(shard, finding);
                continue;
            }
            if (indexes.Count == pack.DataShards)
                continue;
            indexes.Add(shard);
            contents.Add(content);
        }
        if (indexes.Count < pack.DataShards)
            return null;
        var data = Enumerable.Range(0, pack.DataShards).Select(_ => new byte[pack.PaddedLength]).ToArray();
        new ErasureCode(pack.DataShards, pack.Redundancy.ParityShards).Reconstruct(
            indexes.ToArray(), contents.ToArray(), Enumerable.Range(0, data.Length).ToArray(), data.Select(static shard => shard.AsMemory()).ToArray());
        return IsRight(pack, data) ? data : null;
    }

    private async Task<(byte[]? Content, ShardState Finding)> ReadShardAsync(Pack pack, int shard, CancellationToken cancellationToken)
    {
        var content = new byte[pack.PaddedLength];
        for (var offset = 0; offset < content.Length; offset += PieceLength)
        {
            var length = Math.Min(PieceLength, content.Length - offset);
            var piece = await ranges.ReadAsync(pack, shard, offset, length, cancellationToken).ConfigureAwait(false);
            if (piece.Bytes is null)
                return (null, piece.Finding);
            piece.Bytes.CopyTo(content, offset);
        }
        return (content, ShardState.Stored);
    }

    private bool IsRight(Pack pack, byte[][] data)
    {
        if (pack.Tagged)
        {
            for (var shard = 0; shard < data.Length; shard++)
            {
                if (preparer.Tag(pack, shard, data[shard]) != pack.Shards[shard].Tag)
                    return false;
            }
            return true;
        }
        return EveryChunkOpens(pack, data);
    }

    private bool EveryChunkOpens(Pack pack, byte[][] data)
    {
        var locations = new List<ChunkLocation>();
        lock (index.Gate)
            index.Visit(pack, (number, record) => locations.Add(new ChunkLocation(pack, number, record)));
        foreach (var location in locations)
        {
            var record = location.Record;
            if (record.References == 0)
                continue;
            if (opener.TryOpen(location, data[record.Shard].AsSpan(record.Offset, record.SealedLength)) is not { } chunk)
                return false;
            chunk.Release();
        }
        return true;
    }

    private static byte[] MakeParity(Pack pack, byte[][] data, int shard)
    {
        var content = new byte[pack.PaddedLength];
        new ErasureCode(pack.DataShards, pack.Redundancy.ParityShards).Reconstruct(
            Enumerable.Range(0, data.Length).ToArray(), data.Select(static part => (ReadOnlyMemory<byte>)part).ToArray(), [shard], [content]);
        return content;
    }
}
