using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace CuckooDrive.Format;

/// <summary>What kind of secret opens a key slot.</summary>
public enum SecretKind : byte
{
    Passphrase = 1,
    RecoveryKey = 2,
    KeyFile = 3,
}

/// <summary>
/// A passphrase, recovery key or the content of a key file. Prints as <c>***</c>; zeroed by <see cref="Dispose"/>.
/// Immutable until then, thread safe;
/// must not be disposed while it is used.
/// </summary>
public sealed class Secret : IDisposable
{
    /// <summary>The longest secret, in bytes.</summary>
    public const int MaximumLength = 64 * 1024;

    private readonly byte[] _bytes;
    private volatile bool _disposed;

    private Secret(SecretKind kind, ReadOnlySpan<byte> bytes)
    {
        Kind = kind;
        _bytes = GC.AllocateUninitializedArray<byte>(bytes.Length, pinned: true);
        bytes.CopyTo(_bytes);
    }

    public SecretKind Kind { get; }

    internal ReadOnlySpan<byte> Bytes
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _bytes;
        }
    }

    /// <summary>The UTF-8 of exactly what was typed: no trimming, no normalisation.</summary>
    /// <exception cref="ArgumentException">Empty, or longer than <see cref="MaximumLength"/> bytes.</exception>
    public static Secret FromPassphrase(ReadOnlySpan<char> passphrase)
    {
        var bytes = new byte[Encoding.UTF8.GetByteCount(passphrase)];
        Encoding.UTF8.GetBytes(passphrase, bytes);
        try
        {
            return Create(SecretKind.Passphrase, bytes);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    /// <summary>The whole content of a key file.</summary>
    /// <exception cref="ArgumentException">Under 16 bytes, or longer than <see cref="MaximumLength"/>.</exception>
    public static Secret FromKeyFile(ReadOnlySpan<byte> content)
    {
        if (content.Length < 16)
            throw new ArgumentException("A key file needs at least 16 bytes.", nameof(content));
        return Create(SecretKind.KeyFile, content);
    }

    /// <summary>A new recovery key and the text to print and keep: see <see cref="RecoveryKey"/>.</summary>
    public static Secret NewRecoveryKey(out string text) => NewRecoveryKey(RandomSource.Secure, out text);

    /// <summary>Reads a recovery key as a person typed it: case, spaces and hyphens do not matter. False when mistyped.</summary>
    public static bool TryParseRecoveryKey(ReadOnlySpan<char> text, [NotNullWhen(true)] out Secret? secret)
    {
        Span<byte> key = stackalloc byte[RecoveryKey.KeyLength];
        secret = RecoveryKey.TryParse(text, key) ? Create(SecretKind.RecoveryKey, key) : null;
        CryptographicOperations.ZeroMemory(key);
        return secret is not null;
    }

    internal static Secret NewRecoveryKey(RandomSource random, out string text)
    {
        Span<byte> key = stackalloc byte[RecoveryKey.KeyLength];
        random.Fill(key);
        text = RecoveryKey.ToText(key);
        var secret = Create(SecretKind.RecoveryKey, key);
        CryptographicOperations.ZeroMemory(key);
        return secret;
    }

    public void Dispose()
    {
        _disposed = true;
        CryptographicOperations.ZeroMemory(_bytes);
    }

    /// <summary>Never the secret.</summary>
    public override string ToString() => "***";

    private static Secret Create(SecretKind kind, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length is 0 or > MaximumLength)
            throw new ArgumentException($"A secret has 1 to {MaximumLength} bytes.");
        return new Secret(kind, bytes);
    }
}
