using System.Buffers.Binary;
using System.Security.Cryptography;

namespace CuckooDrive.Format.Tests.Support;

/// <summary>The same bytes in every run: SHA-256 of a name and a counter.</summary>
internal sealed class FixedRandom(string name) : RandomSource
{
    private readonly byte[] _seed = SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(name));
    private ulong _block;
    private byte[] _rest = [];

    public override void Fill(Span<byte> target)
    {
        while (!target.IsEmpty)
        {
            if (_rest.Length == 0)
                _rest = NextBlock();
            var count = Math.Min(_rest.Length, target.Length);
            _rest.AsSpan(0, count).CopyTo(target);
            _rest = _rest[count..];
            target = target[count..];
        }
    }

    public byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        Fill(bytes);
        return bytes;
    }

    private byte[] NextBlock()
    {
        var input = new byte[40];
        _seed.CopyTo(input, 0);
        BinaryPrimitives.WriteUInt64LittleEndian(input.AsSpan(32), _block++);
        return SHA256.HashData(input);
    }
}
