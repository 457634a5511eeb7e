using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace CuckooDrive.Format;

/// <summary>Nibble look-ups by byte shuffle in 32-byte vectors.</summary>
internal sealed class Avx2Kernel : GaloisKernel
{
    public override void Multiply(byte factor, ReadOnlySpan<byte> source, Span<byte> target) =>
        Run(factor, source, target, add: false);

    public override void MultiplyAdd(byte factor, ReadOnlySpan<byte> source, Span<byte> target) =>
        Run(factor, source, target, add: true);

    private static void Run(byte factor, ReadOnlySpan<byte> source, Span<byte> target, bool add)
    {
        target = target[..source.Length];
        var nibbles = GaloisField.Nibbles(factor);
        var low128 = Vector128.Create(nibbles[..16]);
        var high128 = Vector128.Create(nibbles[16..]);
        var low = Vector256.Create(low128, low128);
        var high = Vector256.Create(high128, high128);
        var mask = Vector256.Create((byte)15);
        ref var from = ref MemoryMarshal.GetReference(source);
        ref var to = ref MemoryMarshal.GetReference(target);
        var i = 0;
        for (; i <= source.Length - Vector256<byte>.Count; i += Vector256<byte>.Count)
        {
            var value = Vector256.LoadUnsafe(ref from, (nuint)i);
            var product = Avx2.Shuffle(low, value & mask)
                ^ Avx2.Shuffle(high, (value.AsUInt16() >>> 4).AsByte() & mask);
            if (add)
                product ^= Vector256.LoadUnsafe(ref to, (nuint)i);
            product.StoreUnsafe(ref to, (nuint)i);
        }
        if (add)
            ScalarKernel.MultiplyAddTail(nibbles, source, target, i);
        else
            ScalarKernel.MultiplyTail(nibbles, source, target, i);
    }
}
