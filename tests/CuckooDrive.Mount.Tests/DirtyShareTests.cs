using CuckooDrive.Mount.Fuse.Mounting;

namespace CuckooDrive.Mount.Tests;

public class DirtyShareTests
{
    [Theory]
    [InlineData(0, 8)]
    [InlineData(-1, 8)]
    [InlineData(64L << 30, 8)]
    [InlineData(1L << 30, 8)]
    [InlineData(400L << 20, 16)]
    [InlineData(20L << 20, 50)]
    public void Small_machines_grant_a_larger_share(long limit, int share) => Assert.Equal(share, DirtyShare.Of(limit));

    [Fact]
    public void The_kernels_limit_is_found_among_its_statistics()
    {
        Assert.Equal(7L * Environment.SystemPageSize, DirtyShare.ReadLimit(["nr_dirty 5", "nr_dirty_threshold 7", "nr_dirty_background_threshold 3"]));
        Assert.Equal(0, DirtyShare.ReadLimit(["nr_dirty 5"]));
        Assert.Equal(0, DirtyShare.ReadLimit(["nr_dirty_threshold x"]));
    }
}
