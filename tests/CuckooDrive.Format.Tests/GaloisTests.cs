using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using CsCheck;
using CuckooDrive.Format.Tests.Support;

namespace CuckooDrive.Format.Tests;

public sealed class GaloisTests
{
    public static TheoryData<string> Kernels => [.. GaloisKernel.Supported().Select(kernel => kernel.GetType().Name)];

    /// <summary>The multiplication that the field, and the GFNI instruction, are defined by: polynomials modulo 0x11B.</summary>
    private static byte MultiplyByDefinition(int a, int b)
    {
        var product = 0;
        for (var bit = 0; bit < 8; bit++)
        {
            if ((b >> bit & 1) != 0)
                product ^= a << bit;
        }
        for (var bit = 15; bit >= 8; bit--)
        {
            if ((product >> bit & 1) != 0)
                product ^= 0x11B << (bit - 8);
        }
        return (byte)product;
    }

    [Fact]
    public void The_tables_are_the_field()
    {
        for (var a = 0; a < 256; a++)
        {
            for (var b = 0; b < 256; b++)
                Assert.Equal(MultiplyByDefinition(a, b), GaloisField.Multiply((byte)a, (byte)b));
        }
        for (var a = 1; a < 256; a++)
            Assert.Equal(1, GaloisField.Multiply((byte)a, GaloisField.Invert((byte)a)));
        Assert.Throws<DivideByZeroException>(() => GaloisField.Invert(0));
    }

    [Fact]
    public void Every_instruction_set_of_this_machine_has_its_kernel()
    {
        var names = GaloisKernel.Supported().Select(kernel => kernel.GetType()).ToHashSet();
        Assert.Contains(typeof(ScalarKernel), names);
        Assert.Equal(Vector128.IsHardwareAccelerated, names.Contains(typeof(Vector128Kernel)));
        Assert.Equal(Avx2.IsSupported, names.Contains(typeof(Avx2Kernel)));
        Assert.Equal(Gfni.V256.IsSupported, names.Contains(typeof(Gfni256Kernel)));
        Assert.Equal(Gfni.V512.IsSupported, names.Contains(typeof(Gfni512Kernel)));
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void A_kernel_multiplies_every_byte_by_every_factor(string name)
    {
        var kernel = Kernel(name);
        // Not a multiple of any vector, so that the tail is used; begins unaligned.
        var source = Enumerable.Range(0, 256 + 77).Select(i => (byte)i).ToArray();
        var before = Samples.Random(source.Length);
        for (var factor = 0; factor < 256; factor++)
        {
            var products = source.Select(value => MultiplyByDefinition(factor, value)).ToArray();
            var target = (byte[])before.Clone();
            kernel.Multiply((byte)factor, source, target);
            Assert.Equal(products, target);

            target = (byte[])before.Clone();
            kernel.MultiplyAdd((byte)factor, source, target);
            Assert.Equal(before.Zip(products, (x, y) => (byte)(x ^ y)).ToArray(), target);
        }
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void A_kernel_writes_exactly_its_target(string name) =>
        Gen.Select(Gen.Int[0, 300], Gen.Int[0, 70], Gen.Byte).Sample((length, offset, factor) =>
        {
            var kernel = Kernel(name);
            var source = Samples.Random(length + offset).AsSpan(offset);
            var target = new byte[offset + length + 100];
            target.AsSpan().Fill(0x5A);
            kernel.MultiplyAdd(factor, source, target.AsSpan(offset, length));
            kernel.Multiply(factor, source, target.AsSpan(offset, length));
            for (var i = 0; i < length; i++)
                Assert.Equal(MultiplyByDefinition(factor, source[i]), target[offset + i]);
            Assert.Equal(-1, target.AsSpan(0, offset).IndexOfAnyExcept((byte)0x5A));
            Assert.Equal(-1, target.AsSpan(offset + length).IndexOfAnyExcept((byte)0x5A));
            Assert.Throws<ArgumentOutOfRangeException>(() => kernel.Multiply(factor, new byte[10], new byte[9]));
        }, iter: 300);

    [Fact]
    public void Xor_is_addition() => Gen.Select(Gen.Byte.Array[0, 300], Gen.Int[0, 40]).Sample((source, extra) =>
    {
        var target = Samples.Random(source.Length + extra);
        var expected = target.Select((value, i) => i < source.Length ? (byte)(value ^ source[i]) : value).ToArray();
        GaloisKernel.Xor(source, target.AsSpan(0, source.Length));
        Assert.Equal(expected, target);
    });

    private static GaloisKernel Kernel(string name) => GaloisKernel.Supported().Single(kernel => kernel.GetType().Name == name);
}
