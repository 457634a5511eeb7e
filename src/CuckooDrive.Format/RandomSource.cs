using System.Security.Cryptography;

namespace CuckooDrive.Format;

/// <summary>Where salts, ids and keys come from. Only test vectors replace the system's generator.</summary>
internal abstract class RandomSource
{
    public static RandomSource System { get; } = new SystemSource();

    public abstract void Fill(Span<byte> target);

    private sealed class SystemSource : RandomSource
    {
        public override void Fill(Span<byte> target) => RandomNumberGenerator.Fill(target);
    }
}
