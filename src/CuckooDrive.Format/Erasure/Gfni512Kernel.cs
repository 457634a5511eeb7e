using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace CuckooDrive.Format;

/// <summary>One GFNI multiplication for each 64 bytes. The instruction works in the field of <see cref="GaloisField"/>.</summary>
internal sealed class Gfni512Kernel : GaloisKernel
{
    public override void Multiply(byte factor, ReadOnlySpan<byte> source, Span<byte> target) =>
        Run(factor, source, target, add: false);

    public override void MultiplyAdd(byte factor, ReadOnlySpan<byte> source, Span<byte> target) =>
        Run(factor, source, target, add: true);

    private static void Run(byte factor, ReadOnlySpan<byte> source, Span<byte> target, bool add)
    {
        target = target[..source.Length];
        var factors = Vector512.Create(factor);
        ref var from = ref MemoryMarshal.GetReference(source);
        ref var to = ref MemoryMarshal.GetReference(target);
        var i = 0;
        for (; i <= source.Length - Vector512<byte>.Count; i += Vector512<byte>.Count)
        {
            var product = Gfni.V512.GaloisFieldMultiply(Vector512.LoadUnsafe(ref from, (nuint)i), factors);
            if (add)
                product ^= Vector512.LoadUnsafe(ref to, (nuint)i);
            product.StoreUnsafe(ref to, (nuint)i);
        }
        if (add)
            ScalarKernel.MultiplyAddTail(GaloisField.Nibbles(factor), source, target, i);
        else
            ScalarKernel.MultiplyTail(GaloisField.Nibbles(factor), source, target, i);
    }
}
