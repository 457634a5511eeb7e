namespace CuckooDrive.Format;

/// <summary>A pack that holds pages of a checkpoint.</summary>
public sealed record RootPack
{
    internal const int MinimumEncodedLength = 26 + ShardLength;

    private const int ShardLength = 2 + PackLayout.ShardTagLength;

    public required PackId Id { get; init; }

    /// <summary>The pack's number in the metadata.</summary>
    public required uint Ordinal { get; init; }

    /// <summary>k.</summary>
    public required byte DataShards { get; init; }

    /// <summary>m.</summary>
    public required byte ParityShards { get; init; }

    /// <summary>Bytes of each shard (see <see cref="PackLayout.PaddedLength"/>).</summary>
    public required int PaddedLength { get; init; }

    /// <summary>k + m places, data shards first.</summary>
    public required IReadOnlyList<RootShard> Shards { get; init; }

    internal void Write(PayloadWriter writer)
    {
        if (Shards.Count != DataShards + ParityShards)
            throw new ArgumentException("A pack has k + m shards.");
        Span<byte> id = stackalloc byte[PackId.Length];
        Id.Write(id);
        writer.Bytes(id, PackId.Length);
        writer.U32(Ordinal);
        writer.U8(DataShards);
        writer.U8(ParityShards);
        writer.I32(PaddedLength);
        foreach (var shard in Shards)
        {
            writer.U16(shard.Cloud);
            writer.Bytes(shard.Tag, PackLayout.ShardTagLength);
        }
    }

    internal static RootPack Read(ref PayloadReader reader)
    {
        var id = reader.PackId();
        var ordinal = reader.U32();
        var k = reader.U8();
        var m = reader.U8();
        var paddedLength = reader.I32(PackLayout.ShardCapacity);
        reader.Require(k >= 1 && k + m <= PackLayout.MaximumShards && PackLayout.IsPaddedLength(paddedLength));
        var shards = new RootShard[reader.Failed ? 0 : k + m];
        for (var i = 0; i < shards.Length; i++)
            shards[i] = new RootShard(reader.U16(), reader.Bytes(PackLayout.ShardTagLength));
        return new RootPack
        {
            Id = id,
            Ordinal = ordinal,
            DataShards = k,
            ParityShards = m,
            PaddedLength = paddedLength,
            Shards = shards,
        };
    }
}

/// <summary>Where a shard lies, and its tag (16 bytes, see <see cref="PackCipher.ShardTag"/>).</summary>
public sealed record RootShard(ushort Cloud, byte[] Tag)
{
    /// <summary>The cloud of a shard that no cloud holds.</summary>
    public const ushort NoCloud = ushort.MaxValue;
}
