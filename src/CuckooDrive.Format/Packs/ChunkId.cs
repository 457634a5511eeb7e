using System.Diagnostics.CodeAnalysis;

namespace CuckooDrive.Format;

/// <summary>
/// The keyed hash of a chunk's plaintext (see <see cref="ChunkHasher"/>): equal ids mean equal content. Secret: it lies
/// only inside sealed metadata.
/// </summary>
public readonly struct ChunkId : IEquatable<ChunkId>
{
    /// <summary>Bytes of an id.</summary>
    public const int Length = Bytes16.Length;

    private readonly Bytes16 _bits;

    /// <summary>Reads 16 bytes.</summary>
    /// <exception cref="ArgumentException">The span is not exactly 16 bytes long.</exception>
    public ChunkId(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Length)
            throw new ArgumentException("A chunk id has 16 bytes.", nameof(bytes));
        _bits = Bytes16.Read(bytes);
    }

    /// <summary>Copies the 16 bytes to the start of <paramref name="target"/>.</summary>
    public void Write(Span<byte> target) => _bits.Write(target);

    public bool Equals(ChunkId other) => _bits == other._bits;

    public override bool Equals([NotNullWhen(true)] object? obj) => obj is ChunkId other && Equals(other);

    /// <summary>The id is uniform already: any 32 of its bits are a hash code.</summary>
    public override int GetHashCode() => (int)_bits.First;

    /// <summary>Lower-case hex, for tests and diagnostics of the drive's owner.</summary>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Length];
        Write(bytes);
        return Convert.ToHexStringLower(bytes);
    }

    public static bool operator ==(ChunkId left, ChunkId right) => left.Equals(right);

    public static bool operator !=(ChunkId left, ChunkId right) => !left.Equals(right);
}
