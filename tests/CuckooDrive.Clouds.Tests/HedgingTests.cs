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
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(5);

    [Fact]
    public async Task A_read_that_is_not_answered_is_answered_by_the_second_try()
    {
        var inner = new Silent(tries: 1, fails: false);
        Assert.Equal([2, 3], await ReadAsync(inner, CancellationToken.None));
        Assert.Equal(2, inner.Reads);
    }

    [Fact]
    public async Task The_first_try_that_fails_late_does_not_end_the_second()
    {
        var inner = new Silent(tries: 1, fails: true);
        Assert.Equal([2, 3], await ReadAsync(inner, CancellationToken.None));
    }

    [Fact]
    public async Task When_both_fail_the_caller_hears_of_it()
    {
        var failure = await Assert.ThrowsAsync<CloudException>(() => ReadAsync(new Silent(tries: 2, fails: true), CancellationToken.None));
        Assert.Equal(CloudErrorKind.Transient, failure.Kind);
    }

    [Fact]
    public async Task A_caller_that_gives_up_ends_both()
    {
        using var stop = new CancellationTokenSource();
        var inner = new Silent(tries: 2, fails: false);
        var read = ReadAsync(inner, stop.Token);
        await inner.SecondBegan;
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read);
    }

    private static async Task<byte[]> ReadAsync(Silent inner, CancellationToken cancellationToken)
    {
        await using var storage = new HedgingStorage(inner, Soon);
        await storage.WriteAsync("a", CloudContent.FromMemory(new byte[] { 1, 2, 3 }), CancellationToken.None);
        var read = new byte[2];
        Assert.Equal(2, await storage.ReadAsync("a", 1, read, cancellationToken));
        return read;
    }

    /// <summary>The first tries are silent until they are cancelled, or fail once the second has begun.</summary>
    private sealed class Silent(int tries, bool fails) : DelegatingStorage(new MemoryStorage())
    {
        private readonly TaskCompletionSource _secondBegan = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int Reads { get; private set; }

        public Task SecondBegan => _secondBegan.Task;

        public override async ValueTask<int> ReadAsync(string name, long offset, Memory<byte> destination, CancellationToken cancellationToken = default)
        {
            var number = ++Reads;
            if (number == 2)
                _secondBegan.TrySetResult();
            if (number > tries)
                return await base.ReadAsync(name, offset, destination, cancellationToken);
            await (fails ? SecondBegan : Task.Delay(Timeout.Infinite, cancellationToken)).WaitAsync(cancellationToken);
            throw new CloudException(CloudErrorKind.Transient, "It failed.");
        }
    }
}
