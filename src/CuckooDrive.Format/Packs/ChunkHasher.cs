using System.Security.Cryptography;

namespace CuckooDrive.Format;

/// <summary>
/// Names chunks by their content for deduplication: GMAC (GHASH of AES-256-GCM, which also covers the length) under a key of
/// its own with a fixed nonce. That is a universal hash: nobody without the key can find two chunks with one id, provided
/// that ids stay secret, which they do. docs/decisions/0001-chunk-ids.md weighs it. Thread safe, allocates nothing.
/// </summary>
public sealed class ChunkHasher : IDisposable
{
    private readonly AesGcmPool _pool;

    public ChunkHasher(DriveKeys keys)
    {
        Span<byte> key = stackalloc byte[DriveKeys.KeyLength];
        keys.Derive(KeyPurpose.ChunkId, default, key);
        _pool = new AesGcmPool(key);
        CryptographicOperations.ZeroMemory(key);
    }

    public ChunkId Compute(ReadOnlySpan<byte> plain)
    {
        Span<byte> nonce = stackalloc byte[AesGcmPool.NonceLength];
        nonce.Clear();
        Span<byte> id = stackalloc byte[ChunkId.Length];
        _pool.Encrypt(nonce, default, default, id, plain);
        return new ChunkId(id);
    }

    public void Dispose() => _pool.Dispose();
}
