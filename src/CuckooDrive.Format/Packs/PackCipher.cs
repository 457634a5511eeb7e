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
    /// Writes <paramref name="payload"/> encrypted, and 16 bytes of tag, to the start of <paramref name="target"/>. The two
    /// may be the same memory, not overlap otherwise.
    /// </summary>
    /// <param name="number">The chunk's number in the pack, used once.</param>
    /// <param name="codec">How the payload came from the plaintext (see <see cref="ChunkCodec"/>).</param>
    /// <param name="plainLength">Bytes of the plaintext.</param>
    public void Seal(uint number, byte codec, int plainLength, ReadOnlySpan<byte> payload, Span<byte> target)
    {
        Span<byte> nonce = stackalloc byte[AesGcmPool.NonceLength];
        Span<byte> additional = stackalloc byte[AdditionalLength];
        Bind(number, codec, plainLength, nonce, additional);
        _chunks.Encrypt(nonce, payload, target[..payload.Length], target.Slice(payload.Length, PackLayout.SealOverhead), additional);
    }

    /// <summary>
    /// Opens what <see cref="Seal"/> wrote with the same arguments into the start of <paramref name="payload"/>
    /// (<paramref name="sealedChunk"/> less 16 bytes). False, and no byte of content, for anything else.
    /// </summary>
    public bool TryOpen(uint number, byte codec, int plainLength, ReadOnlySpan<byte> sealedChunk, Span<byte> payload)
    {
        var length = sealedChunk.Length - PackLayout.SealOverhead;
        if (length < 0)
            return false;
        Span<byte> nonce = stackalloc byte[AesGcmPool.NonceLength];
        Span<byte> additional = stackalloc byte[AdditionalLength];
        Bind(number, codec, plainLength, nonce, additional);
        return _chunks.TryDecrypt(nonce, sealedChunk[..length], sealedChunk[length..], payload[..length], additional);
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
