using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;

namespace CuckooDrive.Format;

/// <summary>
/// Keyed hashes of names, the keys of directory entries and extended attributes: HMAC-SHA256 of the parent's number
/// (u64, little-endian) and the name's bytes, cut to 16 bytes. The hashes can be seen on the local disk and as directory
/// cookies, so unlike chunk ids they need a pseudo-random function. Thread safe, allocates nothing.
/// </summary>
public sealed class NameHasher : IDisposable
{
    /// <summary>Bytes of a hash.</summary>
    public const int HashLength = 16;

    private const int StackLimit = 8 + 255;

    private readonly byte[] _key = GC.AllocateUninitializedArray<byte>(DriveKeys.KeyLength, pinned: true);
    private volatile bool _disposed;

    public NameHasher(DriveKeys keys) => keys.Derive(KeyPurpose.NameHash, default, _key);

    /// <summary>Writes 16 bytes to the start of <paramref name="hash"/>.</summary>
    public void Compute(ulong parent, ReadOnlySpan<byte> name, Span<byte> hash)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        var length = 8 + name.Length;
        byte[]? rented = null;
        var message = length <= StackLimit ? stackalloc byte[StackLimit] : rented = ArrayPool<byte>.Shared.Rent(length);
        BinaryPrimitives.WriteUInt64LittleEndian(message, parent);
        name.CopyTo(message[8..]);
        Span<byte> full = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(_key, message[..length], full);
        full[..HashLength].CopyTo(hash);
        // Had Dispose zeroed the key meanwhile, the hash would be the key of a row that nobody finds again.
        Interlocked.MemoryBarrier();
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (rented is not null)
            ArrayPool<byte>.Shared.Return(rented);
    }

    public void Dispose()
    {
        _disposed = true;
        Interlocked.MemoryBarrier(); // whoever reads a zero sees the flag
        CryptographicOperations.ZeroMemory(_key);
    }
}
