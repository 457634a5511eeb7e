using CuckooDrive.Core.Placement;
using Xunit;

namespace CuckooDrive.Core.Tests.Placement;

public class RedundancyTests
{
    [Theory]
    [InlineData(4, 1, "3+1")]
    [InlineData(4, 2, "2+2")]
    [InlineData(2, 1, "1+1")]
    [InlineData(1, 0, "1+0")]
    [InlineData(30, 2, "10+2")]
    public void Spreads_over_all_clouds_up_to_a_sane_width(int clouds, int survive, string expected) =>
        Assert.Equal(expected, Redundancy.For(clouds, survive).ToString());

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 3)]
    [InlineData(0, 0)]
    [InlineData(3, -1)]
    public void Refuses_what_cannot_be_promised(int clouds, int survive) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Redundancy.For(clouds, survive));
}
