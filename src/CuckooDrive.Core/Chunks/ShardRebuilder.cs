using CuckooDrive.Core.Placement;
using CuckooDrive.Format;
using Microsoft.Extensions.Logging;

namespace CuckooDrive.Core.Chunks;

/// <summary>
/// Brings back whole shards of a pack from whatever sources are right: the local file, or any k shards on the clouds. What
/// it gives is verified by the pack's tags, or, where those are not known, by opening every chunk.
/// </summary>
internal sealed class ShardRebuilder(PackIndex index, PackFiles files, PackPreparer preparer, ShardRangeReader ranges, ChunkOpener opener, ILogger logger)
{
    private const int PieceLength = 1 << 20;

    /// <summary>The data shards of a pack; null when there are not enough right sources. <paramref name="damaged"/> hears of stored shards that are not right.</summary>
    public async Task<byte[][]?> ReadDataAsync(Pack pack, Action<int, ShardState> damaged, CancellationToken cancellationToken)
    {
        if (!pack.Tagged && ReadInUse(pack) is { } whole)
            return whole;
        var found = pack.Tagged ? FindLocal(pack) : [];
        if (found.Count < pack.DataShards)
            await FindAtCloudsAsync(pack, found, damaged, cancellationToken).ConfigureAwait(false);
        return Assemble(pack, found);
    }

    /// <summary>
    /// The data shards by the local file alone, with the help of the parity in it; null when too little of it is right. Without tags nothing
    /// tells which shards are: the data as a whole is, or is not.
    /// </summary>
    public byte[][]? ReadLocal(Pack pack) => pack.Tagged ? Assemble(pack, FindLocal(pack)) : ReadInUse(pack);

    /// <summary>The data as it lies in the local file, whatever the tags say; null unless it gives every chunk that is in use.</summary>
    public byte[][]? ReadInUse(Pack pack)
    {
        if (pack.Local is not { IsWhole: true } file)
            return null;
        var data = new List<byte[]>();
        for (var shard = 0; shard < pack.DataShards; shard++)
        {
            if (ReadLocalShard(pack, file, shard) is not { } content)
                return null;
            data.Add(content);
        }
        return EveryChunkOpens(pack, [.. data]) ? [.. data] : null;
    }

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

    /// <summary>Shards out of the local file that their tags say are right, no more than are needed.</summary>
    private SortedList<int, byte[]> FindLocal(Pack pack)
    {
        var found = new SortedList<int, byte[]>();
        if (pack.Local is not { IsWhole: true } file)
            return found;
        for (var shard = 0; shard < pack.Width && found.Count < pack.DataShards; shard++)
        {
            if (ReadLocalShard(pack, file, shard) is { } content && preparer.Tag(pack, shard, content) == pack.Shards[shard].Tag)
                found.Add(shard, content);
        }
        return found;
    }

    private byte[]? ReadLocalShard(Pack pack, LocalPackFile file, int shard)
    {
        var content = new byte[pack.PaddedLength];
        var isData = shard < pack.DataShards;
        try
        {
            files.Read(file, file.Position(shard, 0), content.AsSpan(0, isData ? pack.Shards[shard].Used : content.Length));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // A failing local disk is one source less; the others are asked.
            return null;
        }
        if (isData)
            preparer.PadContent(pack, shard, content);
        return content;
    }

    private async Task FindAtCloudsAsync(Pack pack, SortedList<int, byte[]> found, Action<int, ShardState> damaged, CancellationToken cancellationToken)
    {
        for (var shard = 0; shard < pack.Width; shard++)
        {
            // Also when there are enough: a pack that has lost a shard cannot afford another bad one that nobody has noticed.
            if (pack.Shards[shard].State != ShardState.Stored || (found.Count == pack.DataShards && !pack.Tagged))
                continue;
            var (content, finding) = await ReadShardAsync(pack, shard, cancellationToken).ConfigureAwait(false);
            if (content is not null && pack.Tagged && preparer.Tag(pack, shard, content) != pack.Shards[shard].Tag)
                (content, finding) = (null, ShardState.Damaged);
            if (content is not null && found.Count < pack.DataShards)
                found.TryAdd(shard, content);
            else if (content is null && finding != ShardState.Pending)
                damaged(shard, finding);
        }
    }

    /// <summary>The data shards out of any k; null when there are fewer, or they are not the pack's after all.</summary>
    private byte[][]? Assemble(Pack pack, SortedList<int, byte[]> found)
    {
        if (found.Count < pack.DataShards)
            return null;
        if (found.Keys[^1] < pack.DataShards)
            return IsRight(pack, [.. found.Values]) ? [.. found.Values] : null;
        var data = Enumerable.Range(0, pack.DataShards).Select(_ => new byte[pack.PaddedLength]).ToArray();
        new ErasureCode(pack.DataShards, pack.Redundancy.ParityShards).Reconstruct(
            [.. found.Keys], [.. found.Values.Select(static shard => (ReadOnlyMemory<byte>)shard)],
            Enumerable.Range(0, data.Length).ToArray(), data.Select(static shard => shard.AsMemory()).ToArray());
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
        try
        {
            lock (index.Gate)
                index.Visit(pack, (number, record) => locations.Add(new ChunkLocation(pack, number, record)));
        }
        catch (Exception exception) when (exception is IOException or InvalidDataException)
        {
            // Nothing vouches for the data while the pack's records cannot be read.
            logger.LogError("The records of pack {Pack} cannot be read: {Message}", pack.Ordinal, exception.Message);
            return false;
        }
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
