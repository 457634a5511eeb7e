using System.Security.Cryptography;

namespace CuckooDrive.Format;

/// <summary>
/// The master key of an unlocked drive and the subkeys that follow from it by HKDF-SHA256 (RFC 5869), with the drive id as
/// salt. Thread safe until disposed. The keys lie in pinned memory that is zeroed by <see cref="Dispose"/>.
/// </summary>
public sealed class DriveKeys : IDisposable
{
    /// <summary>Bytes of the master key and of a subkey.</summary>
    public const int KeyLength = 32;

    /// <summary>Bytes of a drive id.</summary>
    public const int DriveIdLength = 16;

    private const int MaximumContextLength = 256;

    private readonly byte[] _master = GC.AllocateArray<byte>(KeyLength, pinned: true);
    private readonly byte[] _extracted = GC.AllocateArray<byte>(KeyLength, pinned: true);
    private readonly byte[] _driveId = new byte[DriveIdLength];
    private volatile bool _disposed;

    private DriveKeys(ReadOnlySpan<byte> master, ReadOnlySpan<byte> driveId)
    {
        master.CopyTo(_master);
        driveId.CopyTo(_driveId);
        HKDF.Extract(HashAlgorithmName.SHA256, master, driveId, _extracted);
    }

    /// <summary>The drive's public 16-byte id.</summary>
    public ReadOnlySpan<byte> DriveId => _driveId;

    internal ReadOnlySpan<byte> Master
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _master;
        }
    }

    /// <summary>Copies what it is given.</summary>
    /// <exception cref="ArgumentException">The master key is not 32 bytes long, or the drive id not 16.</exception>
    public static DriveKeys FromMaster(ReadOnlySpan<byte> master, ReadOnlySpan<byte> driveId)
    {
        if (master.Length != KeyLength)
            throw new ArgumentException("A master key has 32 bytes.", nameof(master));
        if (driveId.Length != DriveIdLength)
            throw new ArgumentException("A drive id has 16 bytes.", nameof(driveId));
        return new DriveKeys(master, driveId);
    }

    /// <summary>
    /// Fills <paramref name="output"/> with key material for a purpose and a context of up to 256 bytes. Not for hot paths.
    /// The derivation's info is "cuckoodrive/1/" + label + NUL + context: labels hold no NUL, so no two pairs of purpose and
    /// context give the same info.
    /// </summary>
    public void Derive(KeyPurpose purpose, ReadOnlySpan<byte> context, Span<byte> output)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(context.Length, MaximumContextLength, nameof(context));
        var label = Label(purpose);
        Span<byte> info = stackalloc byte[64 + MaximumContextLength];
        label.CopyTo(info);
        info[label.Length] = 0;
        context.CopyTo(info[(label.Length + 1)..]);
        HKDF.Expand(HashAlgorithmName.SHA256, _extracted, output, info[..(label.Length + 1 + context.Length)]);
        ThrowIfDisposed();
    }

    /// <summary>
    /// Called after key bytes were used: had <see cref="Dispose"/> zeroed them meanwhile, the result would be a key that
    /// anybody can compute. The barrier orders the use before the check.
    /// </summary>
    internal void ThrowIfDisposed()
    {
        Interlocked.MemoryBarrier();
        ObjectDisposedException.ThrowIf(_disposed, this);
    }

    public void Dispose()
    {
        _disposed = true;
        Interlocked.MemoryBarrier(); // whoever reads a zero sees the flag
        CryptographicOperations.ZeroMemory(_master);
        CryptographicOperations.ZeroMemory(_extracted);
    }

    /// <summary>Never the keys.</summary>
    public override string ToString() => "***";

    private static ReadOnlySpan<byte> Label(KeyPurpose purpose) => purpose switch
    {
        KeyPurpose.Pack => "cuckoodrive/1/pack"u8,
        KeyPurpose.ShardTag => "cuckoodrive/1/shard-tag"u8,
        KeyPurpose.ChunkId => "cuckoodrive/1/chunk-id"u8,
        KeyPurpose.Journal => "cuckoodrive/1/journal"u8,
        KeyPurpose.Root => "cuckoodrive/1/root"u8,
        KeyPurpose.Lease => "cuckoodrive/1/lease"u8,
        KeyPurpose.Member => "cuckoodrive/1/member"u8,
        KeyPurpose.LocalMetadata => "cuckoodrive/1/local-metadata"u8,
        KeyPurpose.NameHash => "cuckoodrive/1/name-hash"u8,
        KeyPurpose.Header => "cuckoodrive/1/header"u8,
        KeyPurpose.Configuration => "cuckoodrive/1/configuration"u8,
        _ => throw new ArgumentOutOfRangeException(nameof(purpose)),
    };
}
