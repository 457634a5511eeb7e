using CuckooDrive.Clouds.Decorators;
using CuckooDrive.Clouds.Providers.Memory;
using Xunit;

namespace CuckooDrive.Clouds.Tests;

public sealed class HedgingConformance : DecoratorConformance
{
    protected override ICloudStorage Open() => new HedgingStorage(new MemoryStorage(), TimeSpan.FromMilliseconds(50));
}

/// <summary>Reads that are sent a second time.</summary>
public sealed class HedgingTests
{
    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(2, true)]
    public async Task A_read_that_is_not_answered_or_fails_late_is_answered_by_the_second_try(int hanging, bool fails)
    {
        var inner = new Slow(new MemoryStorage(), hanging, fails);
        await using var storage = new HedgingStorage(inner, TimeSpan.FromMilliseconds(20));
        await storage.WriteAsync("a", CloudContent.FromMemory(new byte[] { 1, 2, 3 }));
        var read = new byte[2];
        if (hanging == 1)
        {
            Assert.Equal(2, await storage.ReadAsync("a", 1, read));
            Assert.Equal([2, 3], read);
        }
        else if (fails)
            Assert.Equal(CloudErrorKind.Transient, (await Assert.ThrowsAsync<CloudException>(() => storage.ReadAsync("a", 1, read).AsTask())).Kind);
        else
        {
            using var stop = new CancellationTokenSource(200);
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => storage.ReadAsync("a", 1, read, stop.Token).AsTask());
        }
        Assert.Equal(2, inner.Reads);
    }

    /// <summary>The first reads hang until they are cancelled, or fail after a while.</summary>
    private sealed class Slow(ICloudStorage inner, int hanging, bool fails) : DelegatingStorage(inner)
    {
        public int Reads { get; private set; }

        public override async ValueTask<int> ReadAsync(string name, long offset, Memory<byte> destination, CancellationToken cancellationToken = default)
        {
            if (++Reads > hanging)
                return await base.ReadAsync(name, offset, destination, cancellationToken);
            await Task.Delay(fails ? 100 : Timeout.Infinite, cancellationToken);
            throw new CloudException(CloudErrorKind.Transient, "It failed.");
        }
    }
}
