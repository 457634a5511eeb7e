using CsCheck;
using CuckooDrive.Core.Placement;
using Xunit;

namespace CuckooDrive.Core.Tests.Placement;

public class StripeSpaceTests
{
    [Theory]
    [InlineData(new long[] { 100, 100, 100, 100 }, 3, 1, 300)]
    [InlineData(new long[] { 100, 100, 100 }, 3, 1, 0)]
    [InlineData(new long[] { 1000, 10 }, 1, 1, 10)]
    [InlineData(new long[] { 1000, 10, 20 }, 1, 1, 30)]
    [InlineData(new long[] { 50 }, 1, 0, 50)]
    public void Known_cases(long[] free, int data, int parity, long expected) =>
        Assert.Equal(expected, StripeSpace.UserBytes(free, new Redundancy(data, parity)));

    [Fact]
    public void Agrees_with_filling_stripe_by_stripe() =>
        Gen.Select(Gen.Long[0, 40].Array[1, 6], Gen.Int[1, 3], Gen.Int[0, 3]).Sample((free, data, parity) =>
            Assert.Equal(FillGreedily(free, data + parity) * data, StripeSpace.UserBytes(free, new Redundancy(data, parity))));

    // Taking each stripe from the emptiest domains is optimal.
    private static long FillGreedily(long[] free, int width)
    {
        var rest = (long[])free.Clone();
        for (long stripes = 0; ; stripes++)
        {
            Array.Sort(rest, static (a, b) => b.CompareTo(a));
            if (rest.Length < width || rest[width - 1] == 0)
                return stripes;
            for (var i = 0; i < width; i++)
                rest[i]--;
        }
    }
}
