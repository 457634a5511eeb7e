using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace CuckooDrive.Format;

/// <summary>Nibble look-ups by byte shuffle in 16-byte vectors, in portable terms: SSSE3 on x86, TBL on Arm.</summary>
internal sealed class Vector128Kernel : GaloisKernel
{
    public override void Multiply(byte factor, ReadOnlySpan<byte> source, Span<byte> target) =>
        Run(factor, source, target, add: false);

    public override void MultiplyAdd(byte factor, ReadOnlySpan<byte> source, Span<byte> target) =>
        Run(factor, source, target, add: true);

    private static void Run(byte factor, ReadOnlySpan<byte> source, Span<byte> target, bool add)
    {
        target = target[..source.Length];
        var nibbles = GaloisField.Nibbles(factor);
        var low = Vector128.Create(nibbles[..16]);
        var high = Vector128.Create(nibbles[16..]);
        var mask = Vector128.Create((byte)15);
        ref var from = ref MemoryMarshal.GetReference(source);
        ref var to = ref MemoryMarshal.GetReference(target);
        var i = 0;
        for (; i <= source.Length - Vector128<byte>.Count; i += Vector128<byte>.Count)
        {
            var value = Vector128.LoadUnsafe(ref from, (nuint)i);
            // The indexes are below 16, where the native shuffle is the same on all machines.
            var product = Vector128.ShuffleNative(low, value & mask)
                ^ Vector128.ShuffleNative(high, (value.AsUInt16() >>> 4).AsByte() & mask);
            if (add)
                product ^= Vector128.LoadUnsafe(ref to, (nuint)i);
            product.StoreUnsafe(ref to, (nuint)i);
        }
        if (add)
            ScalarKernel.MultiplyAddTail(nibbles, source, target, i);
        else
            ScalarKernel.MultiplyTail(nibbles, source, target, i);
    }
}
