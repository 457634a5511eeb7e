using CuckooDrive.Format;

namespace CuckooDrive.Core.Chunks;

/// <summary>The ciphers of packs in use, made when first needed; the oldest are forgotten beyond a limit. Thread safe.</summary>
internal sealed class PackCiphers(DriveKeys keys)
{
    private const int Limit = 512;

    private readonly Lock _gate = new();
    private readonly Queue<Pack> _made = [];

    public PackCipher Of(Pack pack) => Volatile.Read(ref pack.Cipher) ?? Make(pack);

    // A forgotten cipher is left to the collector and not disposed: another thread may be using it.
    private PackCipher Make(Pack pack)
    {
        lock (_gate)
        {
            if (pack.Cipher is { } made)
                return made;
            var cipher = new PackCipher(keys, pack.Id);
            Volatile.Write(ref pack.Cipher, cipher);
            _made.Enqueue(pack);
            if (_made.Count > Limit)
                Volatile.Write(ref _made.Dequeue().Cipher, null);
            return cipher;
        }
    }
}
