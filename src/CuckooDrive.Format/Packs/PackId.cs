using System.Diagnostics.CodeAnalysis;

namespace CuckooDrive.Format;

/// <summary>
/// The random 128-bit name of a pack. A pack that was not finished before a crash is never continued under its id: the
/// pack's key follows from the id, so a new id is what keeps a nonce from being used twice.
/// </summary>
public readonly struct PackId : IEquatable<PackId>
{
    /// <summary>Bytes of an id.</summary>
    public const int Length = Bytes16.Length;

    /// <summary>Characters of its text form.</summary>
    public const int TextLength = 26;

    private readonly Bytes16 _bits;

    /// <summary>Reads 16 bytes.</summary>
    /// <exception cref="ArgumentException">The span is not exactly 16 bytes long.</exception>
    public PackId(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Length)
            throw new ArgumentException("A pack id has 16 bytes.", nameof(bytes));
        _bits = Bytes16.Read(bytes);
    }

    /// <summary>A new id from the system's random generator.</summary>
    public static PackId New() => New(RandomSource.Secure);

    internal static PackId New(RandomSource random)
    {
        Span<byte> bytes = stackalloc byte[Length];
        random.Fill(bytes);
        return new PackId(bytes);
    }

    /// <summary>Copies the 16 bytes to the start of <paramref name="target"/>.</summary>
    public void Write(Span<byte> target) => _bits.Write(target);

    /// <exception cref="FormatException">The text is not the canonical form of an id.</exception>
    public static PackId Parse(ReadOnlySpan<char> text) =>
        TryParse(text, out var id) ? id : throw new FormatException("Not a pack id: 26 characters of lower-case base32 are expected.");

    /// <summary>Reads the form that <see cref="ToString"/> writes, and no other spelling of it.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out PackId id)
    {
        Span<byte> bytes = stackalloc byte[Length];
        if (!Base32.TryDecode(text, bytes))
        {
            id = default;
            return false;
        }
        id = new PackId(bytes);
        return true;
    }

    /// <summary>Lower-case base32 without padding, 26 characters.</summary>
    public override string ToString() => string.Create(TextLength, this, static (target, id) =>
    {
        Span<byte> bytes = stackalloc byte[Length];
        id.Write(bytes);
        Base32.Encode(bytes, target);
    });

    public bool Equals(PackId other) => _bits == other._bits;

    public override bool Equals([NotNullWhen(true)] object? obj) => obj is PackId other && Equals(other);

    public override int GetHashCode() => _bits.GetHashCode();

    public static bool operator ==(PackId left, PackId right) => left.Equals(right);

    public static bool operator !=(PackId left, PackId right) => !left.Equals(right);
}
