namespace CuckooDrive.Format;

/// <summary>A page of a checkpoint: one chunk.</summary>
public readonly record struct RootPage
{
    internal const int EncodedLength = 4 + 4 + 1 + 4 + 4 + 4 + 1 + ChunkIdLength;

    private const int ChunkIdLength = Format.ChunkId.Length;

    /// <summary>The pack's place in <see cref="RootObject.Packs"/>.</summary>
    public required int Pack { get; init; }

    /// <summary>The chunk's number in the pack.</summary>
    public required uint Number { get; init; }

    /// <summary>The data shard that holds it.</summary>
    public required byte Shard { get; init; }

    /// <summary>Where it begins in the shard, in bytes.</summary>
    public required int Offset { get; init; }

    /// <summary>Bytes in the shard, with the tags.</summary>
    public required int SealedLength { get; init; }

    /// <summary>Bytes of the plaintext.</summary>
    public required int PlainLength { get; init; }

    /// <summary>See <see cref="ChunkCodec"/>.</summary>
    public required byte Codec { get; init; }

    /// <summary>The page's id: the next checkpoint refers to the same chunk where a page has not changed.</summary>
    public ChunkId Id { get; init; }

    internal void Write(PayloadWriter writer)
    {
        writer.I32(Pack);
        writer.U32(Number);
        writer.U8(Shard);
        writer.I32(Offset);
        writer.I32(SealedLength);
        writer.I32(PlainLength);
        writer.U8(Codec);
        Span<byte> id = stackalloc byte[ChunkIdLength];
        Id.Write(id);
        writer.Bytes(id, ChunkIdLength);
    }

    internal static RootPage Read(ref PayloadReader reader, IReadOnlyList<RootPack> packs)
    {
        var page = new RootPage
        {
            Pack = reader.I32(packs.Count - 1),
            Number = reader.U32(),
            Shard = reader.U8(),
            Offset = reader.I32(PackLayout.ShardCapacity),
            SealedLength = reader.I32(PackLayout.MaximumSealedLength),
            PlainLength = reader.I32(PackLayout.MaximumChunkLength),
            Codec = reader.U8(),
            Id = reader.ChunkId(),
        };
        if (reader.Failed)
            return default;
        var pack = packs[page.Pack];
        reader.Require(page.Shard < pack.DataShards
            && page.Offset + page.SealedLength <= pack.PaddedLength
            && page.SealedLength >= PackLayout.SealOverhead
            && page.PlainLength > 0);
        return page;
    }
}
