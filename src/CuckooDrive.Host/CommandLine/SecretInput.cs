using System.Security.Cryptography;
using System.Text;
using CuckooDrive.Format;

namespace CuckooDrive.Host.CommandLine;

/// <summary>
/// A passphrase, recovery key or key file as the user gave it, so that it can be handed to the process that mounts.
/// Prints as ***, wiped when disposed.
/// </summary>
internal sealed class SecretInput : IDisposable
{
    private const byte TextMark = (byte)'T';
    private const byte KeyFileMark = (byte)'F';
    private readonly byte[] _bytes;
    private readonly bool _isKeyFile;

    private SecretInput(byte[] bytes, bool isKeyFile)
    {
        _bytes = bytes;
        _isKeyFile = isKeyFile;
    }

    /// <summary>A passphrase, or the text of a recovery key.</summary>
    public static SecretInput FromText(ReadOnlySpan<char> text)
    {
        var bytes = new byte[Encoding.UTF8.GetByteCount(text)];
        Encoding.UTF8.GetBytes(text, bytes);
        return new SecretInput(bytes, isKeyFile: false);
    }

    /// <summary>Takes over the content of a key file.</summary>
    public static SecretInput FromKeyFile(byte[] content) => new(content, isKeyFile: true);

    /// <summary>What opens a drive. The caller disposes it.</summary>
    public Secret Open()
    {
        if (_isKeyFile)
            return Secret.FromKeyFile(_bytes);
        var text = new char[Encoding.UTF8.GetCharCount(_bytes)];
        Encoding.UTF8.GetChars(_bytes, text);
        try
        {
            return Secret.TryParseRecoveryKey(text, out var key) ? key : Secret.FromPassphrase(text);
        }
        finally
        {
            Array.Clear(text);
        }
    }

    public bool HasSameText(SecretInput other) => CryptographicOperations.FixedTimeEquals(_bytes, other._bytes);

    /// <summary>Writes it to the pipe that <see cref="ReadFrom"/> reads to its end.</summary>
    public async Task WriteToAsync(Stream pipe, CancellationToken cancellation)
    {
        await pipe.WriteAsync((byte[])[_isKeyFile ? KeyFileMark : TextMark], cancellation);
        await pipe.WriteAsync(_bytes, cancellation);
    }

    public static SecretInput ReadFrom(Stream pipe)
    {
        var content = new byte[Secret.MaximumLength + 1];
        try
        {
            var length = pipe.ReadAtLeast(content, content.Length, throwOnEndOfStream: false);
            return length > 1
                ? new SecretInput(content[1..length], content[0] == KeyFileMark)
                : throw new UserException("The passphrase did not arrive; mount with --foreground instead.");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(content);
        }
    }

    public void Dispose() => CryptographicOperations.ZeroMemory(_bytes);

    public override string ToString() => "***";
}
