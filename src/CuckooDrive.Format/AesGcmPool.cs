using System.Security.Cryptography;

namespace CuckooDrive.Format;

/// <summary>
/// AES-256-GCM under one key for many threads at once. An <see cref="AesGcm"/> is not safe for concurrent use and costs a
/// key schedule and a native context, so instances are kept in slots near the processor that used them last. In the steady
/// state nothing is locked or allocated.
/// </summary>
internal sealed class AesGcmPool : IDisposable
{
    public const int NonceLength = 12;
    public const int TagLength = 16;

    private static readonly int SlotCount = Math.Clamp(Environment.ProcessorCount, 1, 64);

    private readonly AesGcm?[] _slots = new AesGcm?[SlotCount];
    private readonly Lock _gate = new();
    private readonly byte[] _key = GC.AllocateUninitializedArray<byte>(DriveKeys.KeyLength, pinned: true);
    private volatile bool _disposed;

    public AesGcmPool(ReadOnlySpan<byte> key) => key.CopyTo(_key);

    public void Encrypt(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> plain, Span<byte> cipher, Span<byte> tag, ReadOnlySpan<byte> additional)
    {
        var gcm = Rent();
        gcm.Encrypt(nonce, plain, cipher, tag, additional);
        Return(gcm);
    }

    /// <summary>False when the tag does not match; <paramref name="plain"/> is then zeroed.</summary>
    public bool TryDecrypt(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> cipher, ReadOnlySpan<byte> tag, Span<byte> plain, ReadOnlySpan<byte> additional)
    {
        var gcm = Rent();
        try
        {
            gcm.Decrypt(nonce, cipher, tag, plain, additional);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
        finally
        {
            Return(gcm);
        }
    }

    /// <summary>Calls that run meanwhile end normally; later ones fail with <see cref="ObjectDisposedException"/>.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            CryptographicOperations.ZeroMemory(_key);
        }
        for (var i = 0; i < _slots.Length; i++)
            Interlocked.Exchange(ref _slots[i], null)?.Dispose();
    }

    /// <summary>For several calls of one thread; to be given back by <see cref="Return"/>, but after an exception.</summary>
    public AesGcm Rent()
    {
        var start = Thread.GetCurrentProcessorId() % SlotCount;
        for (var i = 0; i < SlotCount; i++)
        {
            ref var slot = ref _slots[(start + i) % SlotCount];
            if (Volatile.Read(ref slot) is not null && Interlocked.Exchange(ref slot, null) is { } gcm)
                return gcm;
        }
        return Create();
    }

    private AesGcm Create()
    {
        // The lock keeps Dispose from zeroing the key under the constructor: that would seal with a key of zeros.
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return new AesGcm(_key, TagLength);
        }
    }

    public void Return(AesGcm gcm)
    {
        var start = Thread.GetCurrentProcessorId() % SlotCount;
        for (var i = 0; i < SlotCount; i++)
        {
            if (_disposed)
                break;
            if (Interlocked.CompareExchange(ref _slots[(start + i) % SlotCount], gcm, null) is null)
            {
                // Dispose may have swept the slot just before: sweep it again.
                if (_disposed)
                    Interlocked.Exchange(ref _slots[(start + i) % SlotCount], null)?.Dispose();
                return;
            }
        }
        gcm.Dispose();
    }
}
