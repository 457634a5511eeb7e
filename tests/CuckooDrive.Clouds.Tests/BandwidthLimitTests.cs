using CuckooDrive.Clouds.Decorators;
using CuckooDrive.Clouds.Providers.Memory;
using CuckooDrive.Testing.Clouds;
using Xunit;

namespace CuckooDrive.Clouds.Tests;

/// <summary>Rates by the time of day.</summary>
public sealed class BandwidthLimitTests
{
    [Theory]
    [InlineData("10M", "03:00", 10L << 20)]
    [InlineData("unlimited", "03:00", null)]
    [InlineData("1000", "23:59", 1000L)]
    [InlineData("08:00-18:00 1M, else 10M", "07:59", 10L << 20)]
    [InlineData("08:00-18:00 1M, else 10M", "08:00", 1L << 20)]
    [InlineData("08:00-18:00 1M, else 10M", "18:00", 10L << 20)]
    [InlineData("22:00-06:00 2G", "23:00", 2L << 30)]
    [InlineData("22:00-06:00 2G", "05:59", 2L << 30)]
    [InlineData("22:00-06:00 2G", "06:00", null)]
    [InlineData("12:00-13:00 unlimited, 08:00-24:00 5k", "12:30", null)]
    [InlineData("12:00-13:00 unlimited, 08:00-24:00 5k", "23:59", 5L << 10)]
    public void The_first_period_that_holds_the_moment_counts(string text, string time, long? rate) =>
        Assert.Equal(rate, BandwidthLimit.Parse(text).RateAt(TimeOnly.ParseExact(time, "HH:mm")));

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("-5")]
    [InlineData("fast")]
    [InlineData("M")]
    [InlineData("1M, 2M")]
    [InlineData("else 1M, 08:00-10:00 2M")]
    [InlineData("8-10 1M")]
    [InlineData("08:00-08:00 1M")]
    [InlineData("08:00-25:00 1M")]
    [InlineData("08:00-10:00")]
    public void What_is_misspelt_is_told(string text) =>
        Assert.Contains("else 10M", Assert.Throws<FormatException>(() => BandwidthLimit.Parse(text)).Message);

    [Theory]
    // A minute of 100 a second, then 1000 a second.
    [InlineData("17:59", 6000, "18:00:00")]
    [InlineData("17:59", 16_000, "18:00:10")]
    // Until the morning, then ten hours slowly, and the rest in the evening.
    [InlineData("07:59", 60_000 + 3_600_000 + 2000, "18:00:02")]
    [InlineData("12:00", 0, "12:00:00")]
    public void Bytes_pass_at_the_rate_of_each_moment(string from, long bytes, string until)
    {
        var day = new DateTime(2026, 3, 1);
        var limit = BandwidthLimit.Parse("08:00-18:00 100, else 1000");
        Assert.Equal(day + TimeSpan.Parse(until), limit.Pass(day + TimeSpan.Parse(from), bytes));
    }

    [Fact]
    public void Bytes_pass_over_midnight_and_at_once_when_nothing_limits()
    {
        var limit = BandwidthLimit.Parse("22:00-02:00 100");
        var evening = new DateTime(2026, 3, 1, 23, 59, 0);
        Assert.Equal(evening.AddMinutes(2), limit.Pass(evening, 12_000));
        Assert.Equal(evening.Date.AddHours(26), limit.Pass(evening, long.MaxValue));
    }

    [Fact]
    public async Task A_write_speeds_up_when_the_office_closes()
    {
        var time = new ManualTime(new DateTimeOffset(2026, 3, 1, 22, 59, 50, TimeSpan.Zero), TimeZoneInfo.CreateCustomTimeZone("east", TimeSpan.FromHours(-5), "east", "east"));
        await using var storage = new ThrottleStorage(
            new MemoryStorage(), new ThrottleOptions { UploadRate = BandwidthLimit.Parse("08:00-18:00 1000, else 10000") }, time);
        // It is ten seconds to six there: 10,000 bytes until then, and 30,000 in three seconds more.
        var write = storage.WriteAsync("a", CloudContent.FromMemory(new byte[40_000]), TestContext.Current.CancellationToken);
        time.Advance(TimeSpan.FromSeconds(12.9));
        await Task.Delay(50, TestContext.Current.CancellationToken);
        Assert.False(write.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(0.2));
        await write;
    }
}
