using System.Security.Cryptography;

namespace CuckooDrive.Format;

/// <summary>Where salts, ids and keys come from. Only test vectors replace the system's generator.</summary>
internal abstract class RandomSource
{
    public static RandomSource Secure { get; } = new SecureSource();

    public abstract void Fill(Span<byte> target);

    private sealed class SecureSource : RandomSource
    {
        public override void Fill(Span<byte> target) => RandomNumberGenerator.Fill(target);
    }
}
