using System.Buffers.Binary;
using System.Security.Cryptography;

namespace CuckooDrive.Format;

/// <summary>
/// Seals values of the local metadata store: nonce (12 bytes), AES-256-GCM ciphertext, tag (16 bytes), with the row's key as
/// additional data so that values cannot be swapped between rows. Thread safe, allocates nothing per call.
/// </summary>
/// <remarks>
/// A nonce is a 64-bit random prefix, new for each instance and after each 2^32 values, and a 32-bit counter. Fully random
/// nonces would bound the life of a drive's one key at about 2^32 values; this way only prefixes can collide, and 2^20 of
/// them (a million mounts, or 2^52 values) do so with probability 2^-25.
/// </remarks>
public sealed class ValueSealer : IDisposable
{
    /// <summary>What sealing adds to a value, in bytes.</summary>
    public const int Overhead = AesGcmPool.NonceLength + AesGcmPool.TagLength;

    private readonly AesGcmPool _pool;
    private readonly RandomSource _random;
    private Nonces _nonces;

    public ValueSealer(DriveKeys keys)
        : this(keys, RandomSource.Secure)
    {
    }

    internal ValueSealer(DriveKeys keys, RandomSource random, long firstCounter = 0)
    {
        Span<byte> key = stackalloc byte[DriveKeys.KeyLength];
        keys.Derive(KeyPurpose.LocalMetadata, default, key);
        _pool = new AesGcmPool(key);
        CryptographicOperations.ZeroMemory(key);
        _random = random;
        _nonces = new Nonces(random, firstCounter);
    }

    /// <summary>Writes the sealed value to the start of <paramref name="target"/> and returns its length, <see cref="Overhead"/> more than the value's.</summary>
    public int Seal(ReadOnlySpan<byte> key, ReadOnlySpan<byte> plain, Span<byte> target)
    {
        target = target[..(plain.Length + Overhead)];
        var nonce = target[..AesGcmPool.NonceLength];
        NextNonce(nonce);
        _pool.Encrypt(nonce, plain, target.Slice(AesGcmPool.NonceLength, plain.Length), target[^AesGcmPool.TagLength..], key);
        return target.Length;
    }

    /// <summary>
    /// Opens into the start of <paramref name="plain"/> (<paramref name="sealedValue"/> less <see cref="Overhead"/> bytes).
    /// False for anything that was not sealed for this row's key.
    /// </summary>
    public bool TryOpen(ReadOnlySpan<byte> key, ReadOnlySpan<byte> sealedValue, Span<byte> plain, out int length)
    {
        length = sealedValue.Length - Overhead;
        if (length >= 0 && _pool.TryDecrypt(sealedValue[..AesGcmPool.NonceLength],
            sealedValue.Slice(AesGcmPool.NonceLength, length), sealedValue[^AesGcmPool.TagLength..], plain[..length], key))
            return true;
        length = 0;
        return false;
    }

    public void Dispose() => _pool.Dispose();

    private void NextNonce(Span<byte> target)
    {
        while (true)
        {
            var nonces = Volatile.Read(ref _nonces);
            if (nonces.TryTake(target))
                return;
            Interlocked.CompareExchange(ref _nonces, new Nonces(_random, 0), nonces);
        }
    }

    private sealed class Nonces
    {
        private readonly ulong _prefix;
        private long _taken;

        public Nonces(RandomSource random, long taken)
        {
            Span<byte> bytes = stackalloc byte[8];
            random.Fill(bytes);
            _prefix = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
            _taken = taken;
        }

        public bool TryTake(Span<byte> target)
        {
            var number = Interlocked.Increment(ref _taken) - 1;
            if (number > uint.MaxValue)
                return false;
            BinaryPrimitives.WriteUInt64LittleEndian(target, _prefix);
            BinaryPrimitives.WriteUInt32LittleEndian(target[8..], (uint)number);
            return true;
        }
    }
}
