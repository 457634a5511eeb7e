using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace CuckooDrive.Format;

/// <summary>
/// Multiplication of byte ranges by one constant: the inner loop of Reed-Solomon, in one implementation for each
/// instruction set. All give the same bytes. Source and target have one length and do not overlap.
/// </summary>
internal abstract class GaloisKernel
{
    /// <summary>The fastest that this machine has.</summary>
    public static GaloisKernel Best { get; } = Supported()[0];

    /// <summary>All that this machine has, the fastest first.</summary>
    public static IReadOnlyList<GaloisKernel> Supported()
    {
        var kernels = new List<GaloisKernel>();
        if (Gfni.V512.IsSupported)
            kernels.Add(new Gfni512Kernel());
        if (Gfni.V256.IsSupported)
            kernels.Add(new Gfni256Kernel());
        if (Avx2.IsSupported)
            kernels.Add(new Avx2Kernel());
        if (Vector128.IsHardwareAccelerated)
            kernels.Add(new Vector128Kernel());
        kernels.Add(new ScalarKernel());
        return kernels;
    }

    /// <summary>target = factor x source.</summary>
    public abstract void Multiply(byte factor, ReadOnlySpan<byte> source, Span<byte> target);

    /// <summary>target = target + factor x source.</summary>
    public abstract void MultiplyAdd(byte factor, ReadOnlySpan<byte> source, Span<byte> target);

    /// <summary>target = target + source.</summary>
    public static void Xor(ReadOnlySpan<byte> source, Span<byte> target)
    {
        ref var from = ref MemoryMarshal.GetReference(source);
        ref var to = ref MemoryMarshal.GetReference(target);
        var length = (nuint)Math.Min(source.Length, target.Length);
        nuint i = 0;
        for (; i + (nuint)Vector256<byte>.Count <= length; i += (nuint)Vector256<byte>.Count)
            (Vector256.LoadUnsafe(ref to, i) ^ Vector256.LoadUnsafe(ref from, i)).StoreUnsafe(ref to, i);
        for (; i < length; i++)
            target[(int)i] ^= source[(int)i];
    }
}
