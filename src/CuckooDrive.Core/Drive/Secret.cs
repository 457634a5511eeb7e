using System.Security.Cryptography;
using System.Text;

namespace CuckooDrive.Core.Drives;

/// <summary>
/// A passphrase or key in memory. Prints as ***, is wiped when disposed. The owner disposes it; calls that take one only
/// borrow it. Not thread safe against disposal.
/// </summary>
public sealed class Secret : IDisposable
{
    private readonly byte[] _bytes;
    private bool _disposed;

    private Secret(byte[] bytes) => _bytes = bytes;

    /// <summary>The UTF-8 bytes of a passphrase, in Unicode's composed form so that every keyboard gives the same.</summary>
    public static Secret FromText(string text) => new(Encoding.UTF8.GetBytes(text.Normalize(NormalizationForm.FormC)));

    /// <summary>A copy of the given bytes.</summary>
    public static Secret FromBytes(ReadOnlySpan<byte> bytes) => new(bytes.ToArray());

    /// <summary>Valid until the secret is disposed; copy nothing out of it that lives longer.</summary>
    public ReadOnlySpan<byte> Reveal()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return _bytes;
    }

    public override string ToString() => "***";

    public void Dispose()
    {
        _disposed = true;
        CryptographicOperations.ZeroMemory(_bytes);
    }
}
