using System.Buffers.Binary;
using System.Security.Cryptography;

namespace CuckooDrive.Format;

/// <summary>
/// Seals and opens the chunks of one pack with AES-256-GCM, and tags its shards. The key follows from the pack's random id,
/// the nonce is the chunk's number: a number must be sealed at most once in the life of an id. Thread safe, allocates
/// nothing per call; calls that run during <see cref="Dispose"/> end normally, later ones fail.
/// </summary>
public sealed class PackCipher : IDisposable
{
    private const int AdditionalLength = PackId.Length + 4 + 1 + 4;

    private readonly AesGcmPool _chunks;
    private readonly AesGcmPool _tags;

    public PackCipher(DriveKeys keys, PackId pack)
    {
        Pack = pack;
        Span<byte> id = stackalloc byte[PackId.Length];
        pack.Write(id);
        Span<byte> key = stackalloc byte[DriveKeys.KeyLength];
        keys.Derive(KeyPurpose.Pack, id, key);
        _chunks = new AesGcmPool(key);
        keys.Derive(KeyPurpose.ShardTag, id, key);
        _tags = new AesGcmPool(key);
        CryptographicOperations.ZeroMemory(key);
    }

    public PackId Pack { get; }

    /// <summary>
    /// Writes <paramref name="payload"/> encrypted, and 16 bytes of tag, to the start of <paramref name="target"/>; with the codec
    /// <see cref="ChunkCodec.Blocks"/> a tag behind each block (<see cref="PackLayout.SealedLength"/>). But for that codec the two
    /// may be the same memory; they may not overlap otherwise.
    /// </summary>
    /// <param name="number">The chunk's number in the pack, used once.</param>
    /// <param name="codec">How the payload came from the plaintext (see <see cref="ChunkCodec"/>).</param>
    /// <param name="plainLength">Bytes of the plaintext; with <see cref="ChunkCodec.Blocks"/> of the payload too.</param>
    /// <exception cref="ArgumentOutOfRangeException">Blocks of another length than the plaintext's, which would never open again.</exception>
    public void Seal(uint number, byte codec, int plainLength, ReadOnlySpan<byte> payload, Span<byte> target)
    {
        if (codec == ChunkCodec.Blocks)
            ArgumentOutOfRangeException.ThrowIfNotEqual(payload.Length, plainLength);
        Span<byte> nonce = stackalloc byte[AesGcmPool.NonceLength];
        Span<byte> additional = stackalloc byte[AdditionalLength];
        Bind(number, codec, plainLength, nonce, additional);
        var gcm = _chunks.Rent();
        var blockLength = codec == ChunkCodec.Blocks ? PackLayout.BlockLength : int.MaxValue;
        for (var block = 0; !payload.IsEmpty || block == 0; block++)
        {
            var length = Math.Min(payload.Length, blockLength);
            BindBlock(block, nonce);
            gcm.Encrypt(nonce, payload[..length], target[..length], target.Slice(length, PackLayout.SealOverhead), additional);
            payload = payload[length..];
            target = target[(length + PackLayout.SealOverhead)..];
        }
        _chunks.Return(gcm);
    }

    /// <summary>
    /// Opens what <see cref="Seal"/> wrote with the same arguments into the start of <paramref name="payload"/>
    /// (<see cref="PackLayout.PayloadLength"/>). False, and no byte of content, for anything else.
    /// </summary>
    public bool TryOpen(uint number, byte codec, int plainLength, ReadOnlySpan<byte> sealedChunk, Span<byte> payload)
    {
        var length = PackLayout.PayloadLength(codec, sealedChunk.Length);
        // Blocks are authentic one by one: only their plain length tells that none is missing at the end.
        if (length < 0 || (codec == ChunkCodec.Blocks && length != plainLength))
            return false;
        payload = payload[..length];
        if (codec != ChunkCodec.Blocks)
            return TryOpenOne(number, codec, plainLength, 0, sealedChunk, payload);
        for (var (block, from) = (0, 0); from < length; block++, from += PackLayout.BlockLength)
        {
            var part = payload.Slice(from, Math.Min(length - from, PackLayout.BlockLength));
            var sealedBlock = sealedChunk.Slice(from + (block * PackLayout.SealOverhead), part.Length + PackLayout.SealOverhead);
            if (TryOpenOne(number, codec, plainLength, block, sealedBlock, part))
                continue;
            payload.Clear();
            return false;
        }
        return true;
    }

    /// <summary>
    /// Opens one block of a chunk of the codec <see cref="ChunkCodec.Blocks"/> into <paramref name="payload"/> (<paramref name="sealedBlock"/>
    /// less 16 bytes). False, and no byte of content, when it is not that block of that chunk.
    /// </summary>
    public bool TryOpenBlock(uint number, int plainLength, int block, ReadOnlySpan<byte> sealedBlock, Span<byte> payload) =>
        TryOpenOne(number, ChunkCodec.Blocks, plainLength, block, sealedBlock, payload);

    private bool TryOpenOne(uint number, byte codec, int plainLength, int block, ReadOnlySpan<byte> sealedBlock, Span<byte> payload)
    {
        Span<byte> nonce = stackalloc byte[AesGcmPool.NonceLength];
        Span<byte> additional = stackalloc byte[AdditionalLength];
        Bind(number, codec, plainLength, nonce, additional);
        BindBlock(block, nonce);
        return _chunks.TryDecrypt(nonce, sealedBlock[..payload.Length], sealedBlock[payload.Length..], payload, additional);
    }

    /// <summary>
    /// The keyed tag of a whole padded shard, 16 bytes: tells a changed, cut or swapped shard without opening its chunks.
    /// Tags are secret (they lie in sealed metadata only), see docs/decisions/0001-chunk-ids.md.
    /// </summary>
    public void ShardTag(int shardIndex, ReadOnlySpan<byte> wholeShard, Span<byte> tag)
    {
        Span<byte> nonce = stackalloc byte[AesGcmPool.NonceLength];
        nonce.Clear();
        BinaryPrimitives.WriteInt32LittleEndian(nonce, shardIndex);
        _tags.Encrypt(nonce, default, default, tag[..PackLayout.ShardTagLength], wholeShard);
    }

    public void Dispose()
    {
        _chunks.Dispose();
        _tags.Dispose();
    }

    private static void BindBlock(int block, Span<byte> nonce) => BinaryPrimitives.WriteInt32LittleEndian(nonce[4..], block);

    private void Bind(uint number, byte codec, int plainLength, Span<byte> nonce, Span<byte> additional)
    {
        nonce.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(nonce, number);
        Pack.Write(additional);
        BinaryPrimitives.WriteUInt32LittleEndian(additional[16..], number);
        additional[20] = codec;
        BinaryPrimitives.WriteInt32LittleEndian(additional[21..], plainLength);
    }
}
