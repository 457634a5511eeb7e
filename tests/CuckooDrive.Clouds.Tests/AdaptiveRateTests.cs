using System.Threading.Tasks.Sources;
using CuckooDrive.Clouds.Decorators;
using CuckooDrive.Clouds.Providers.Memory;
using CuckooDrive.Testing.Clouds;
using Xunit;

namespace CuckooDrive.Clouds.Tests;

public sealed class AdaptiveRateConformance : DecoratorConformance
{
    protected override ICloudStorage Open() => new AdaptiveRateStorage(new MemoryStorage());
}

/// <summary>How the rate follows what an account says.</summary>
public sealed class AdaptiveRateTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Recovery = TimeSpan.FromMinutes(2);

    private readonly ManualTime _time = new();
    private readonly AdaptiveRate _rate;

    public AdaptiveRateTests() => _rate = new AdaptiveRate(Recovery, _time);

    [Fact]
    public void Nothing_is_limited_before_a_refusal()
    {
        Assert.Equal(100_000, Enumerable.Range(0, 100_000).Count(_ => _rate.TryStart(out var _, out var _)));
        Assert.False(_rate.IsLimited);
    }

    [Fact]
    public void A_refusal_halves_the_rate_that_was_used()
    {
        Refuse(callsBefore: 100);
        Assert.InRange(StartedIn(10 * Second), 495, 505);
    }

    [Fact]
    public void The_refusals_of_one_round_are_one()
    {
        Refuse(callsBefore: 100);
        for (var call = 0; call < 20; call++)
            _rate.Refused(TimeSpan.Zero, null);
        Assert.InRange(StartedIn(10 * Second), 495, 505);
    }

    [Fact]
    public void The_next_round_halves_it_again()
    {
        Refuse(callsBefore: 100);
        Assert.InRange(StartedIn(2 * Second), 95, 105);
        _rate.Refused(Start(), null);
        Assert.InRange(StartedIn(10 * Second), 245, 260);
    }

    [Fact]
    public void What_was_used_counts_and_not_what_was_allowed()
    {
        Refuse(callsBefore: 100);
        for (var call = 0; call < 10; call++, _time.Advance(Second))
            Start();
        _rate.Refused(Start(), null);
        Assert.InRange(StartedIn(10 * Second), 4, 11);
    }

    [Fact]
    public void However_often_it_refuses_an_account_is_asked_every_two_seconds()
    {
        Refuse(callsBefore: 100);
        for (var call = 0; call < 30; call++)
            _rate.Refused(Start(), null);
        Assert.InRange(StartedIn(100 * Second), 50, 52);
    }

    [Fact]
    public void Answers_raise_the_rate_by_a_constant_slope_until_there_is_no_limit()
    {
        Refuse(callsBefore: 100);
        _time.Advance(Recovery / 4);
        _rate.Succeeded();
        Assert.InRange(StartedIn(10 * Second), 740, 760);
        _time.Advance(Recovery / 4 - (10 * Second) - TimeSpan.FromMilliseconds(1));
        _rate.Succeeded();
        Assert.True(_rate.IsLimited);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        _rate.Succeeded();
        Assert.False(_rate.IsLimited);
    }

    [Fact]
    public void No_call_begins_before_the_time_that_was_named_and_no_answer_shortens_it()
    {
        Refuse(callsBefore: 100, 40 * Second);
        _rate.Refused(TimeSpan.Zero, 10 * Second);
        _time.Advance(39 * Second);
        _rate.Succeeded();
        Assert.False(_rate.TryStart(out _, out var wait));
        Assert.Equal(Second, wait);
        Assert.Equal(Second, _rate.Pause);
        _time.Advance(Second);
        Assert.True(_rate.TryStart(out _, out _));
        Assert.InRange(StartedIn(10 * Second), 495, 505);
    }

    [Fact]
    public void A_late_refusal_counts_even_after_the_limit_has_gone()
    {
        Refuse(callsBefore: 100);
        _time.Advance(Recovery);
        _rate.Succeeded();
        Assert.False(_rate.IsLimited);
        _rate.Refused(TimeSpan.Zero, 30 * Second);
        Assert.False(_rate.TryStart(out _, out var wait));
        Assert.Equal(30 * Second, wait);
    }

    private void Refuse(int callsBefore, TimeSpan? retryAfter = null)
    {
        for (var call = 0; call < callsBefore; call++)
            Assert.True(_rate.TryStart(out var _, out var _));
        _rate.Refused(TimeSpan.Zero, retryAfter);
        Assert.True(_rate.IsLimited);
    }

    private TimeSpan Start()
    {
        TimeSpan started;
        while (!_rate.TryStart(out started, out var wait))
            _time.Advance(wait);
        return started;
    }

    private int StartedIn(TimeSpan span)
    {
        var end = _time.GetUtcNow() + span;
        for (var count = 0; ; count++)
        {
            Assert.True(_rate.IsLimited);
            while (!_rate.TryStart(out _, out var wait))
            {
                if (_time.GetUtcNow() + wait > end)
                {
                    _time.Advance(end - _time.GetUtcNow());
                    return count;
                }
                _time.Advance(wait);
            }
        }
    }
}

/// <summary>How calls wait for an account that asks for fewer.</summary>
public sealed class AdaptiveRateStorageTests : IAsyncDisposable
{
    private static readonly TimeSpan Asked = TimeSpan.FromSeconds(40);

    private readonly ManualTime _time = new();
    private readonly Account _account = new();

    public ValueTask DisposeAsync() => _account.DisposeAsync();

    [Fact]
    public async Task Nobody_asks_before_the_time_that_was_named()
    {
        await using var storage = new AdaptiveRateStorage(_account, time: _time);
        await RefuseAsync(storage, Asked);
        Task[] calls =
        [
            storage.StatAsync("a"), storage.WriteAsync("b", CloudContent.FromMemory(new byte[1])), storage.GetQuotaAsync(),
            storage.ListAsync("").ToListAsync().AsTask(),
        ];
        _time.Advance(Asked - TimeSpan.FromMilliseconds(1));
        Assert.Equal(1, _account.Calls);
        Assert.DoesNotContain(calls, call => call.IsCompleted);
        await EndAsync(Task.WhenAll(calls));
        Assert.Equal(5, _account.Calls);
    }

    [Fact]
    public async Task A_list_does_not_ask_for_its_next_page_either()
    {
        await using var storage = new AdaptiveRateStorage(_account, time: _time);
        await using var list = storage.ListAsync("pages").GetAsyncEnumerator(TestContext.Current.CancellationToken);
        Assert.True(await list.MoveNextAsync());
        await RefuseAsync(storage, Asked);
        var next = list.MoveNextAsync().AsTask();
        Assert.Equal(1, _account.Pages);
        await EndAsync(next);
        Assert.Equal(2, _account.Pages);
    }

    [Fact]
    public async Task Who_gives_up_waiting_takes_no_turn()
    {
        await using var storage = new AdaptiveRateStorage(_account, time: _time);
        await RefuseAsync(storage, retryAfter: null);
        using var stop = new CancellationTokenSource();
        var gone = Enumerable.Range(0, 100).Select(_ => storage.StatAsync("a", stop.Token)).ToList();
        var stays = storage.StatAsync("a", TestContext.Current.CancellationToken);
        await stop.CancelAsync();
        foreach (var call in gone)
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        // The slowest rate is a call every two seconds; had the others taken their turns it would be minutes.
        _time.Advance(TimeSpan.FromSeconds(2));
        await stays.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_pause_that_is_too_long_is_not_waited_for()
    {
        await using var storage = new AdaptiveRateStorage(_account, time: _time);
        await RefuseAsync(storage, TimeSpan.FromHours(3));
        _time.Advance(TimeSpan.FromHours(1));
        var failure = await Assert.ThrowsAsync<CloudException>(() => storage.StatAsync("a"));
        Assert.Equal(CloudErrorKind.RateLimited, failure.Kind);
        Assert.Equal(TimeSpan.FromHours(2), failure.RetryAfter);
        Assert.Equal(1, _account.Calls);
        _time.Advance(TimeSpan.FromHours(2));
        await storage.StatAsync("a");
    }

    [Theory]
    [InlineData(CloudErrorKind.Transient)]
    [InlineData(CloudErrorKind.NotFound)]
    public async Task Other_failures_limit_nothing(CloudErrorKind kind)
    {
        await using var storage = new AdaptiveRateStorage(_account, time: _time);
        _account.Failure = new CloudException(kind, "It failed.") { RetryAfter = Asked };
        await Assert.ThrowsAsync<CloudException>(() => storage.StatAsync("a"));
        _account.Failure = null;
        for (var call = 0; call < 100; call++)
            Assert.True(storage.StatAsync("a").IsCompletedSuccessfully);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_standard_stack_waits_unless_it_is_told_not_to(bool adapts)
    {
        var options = new ResilientCloudOptions { Retry = null, Time = _time };
        await using var storage = ResilientCloud.Wrap(_account, adapts ? options : options with { AdaptiveRate = null });
        await RefuseAsync(storage, Asked);
        var call = storage.StatAsync("a");
        Assert.Equal(adapts ? 1 : 2, _account.Calls);
        await EndAsync(call);
    }

    [Fact]
    public async Task Without_a_limit_a_call_allocates_nothing()
    {
        await using var storage = new AdaptiveRateStorage(_account);
        var buffer = new byte[1];
        long Allocated(int calls)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var call = 0; call < calls; call++)
            {
                var read = storage.ReadAsync("a", 0, buffer);
                _account.Answer();
                read.GetAwaiter().GetResult();
            }
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
        Allocated(1000);
        // A collection meanwhile counts for up to 8 KiB, so the least of several runs.
        Assert.InRange(Enumerable.Range(0, 5).Min(_ => Allocated(1000)), 0, 5000);
    }

    private async Task RefuseAsync(ICloudStorage storage, TimeSpan? retryAfter)
    {
        _account.Failure = new CloudException(CloudErrorKind.RateLimited, "Fewer.") { RetryAfter = retryAfter };
        await Assert.ThrowsAsync<CloudException>(() => storage.StatAsync("a"));
        _account.Failure = null;
    }

    /// <summary>Moves the clock until the call has ended; between two steps those who waited get time to go on.</summary>
    private async Task EndAsync(Task call)
    {
        while (await Task.WhenAny(call, Task.Delay(1, TestContext.Current.CancellationToken)) != call)
            _time.Advance(TimeSpan.FromMilliseconds(500));
        await call;
    }

    /// <summary>Answers at once, but reads when it is told to; fails as it is told to.</summary>
    private sealed class Account() : DelegatingStorage(new MemoryStorage()), IValueTaskSource<int>
    {
        private ManualResetValueTaskSourceCore<int> _read;
        private int _calls;

        public int Calls => _calls;

        public int Pages { get; private set; }

        public CloudException? Failure { get; set; }

        public void Answer() => _read.SetResult(1);

        public override ValueTask<int> ReadAsync(string name, long offset, Memory<byte> destination, CancellationToken cancellationToken = default)
        {
            _read.Reset();
            return new ValueTask<int>(this, _read.Version);
        }

        public override Task<CloudObject?> StatAsync(string name, CancellationToken cancellationToken = default) =>
            Count(() => base.StatAsync(name, cancellationToken));

        public override Task<CloudObject> WriteAsync(string name, CloudContent content, CancellationToken cancellationToken = default) =>
            Count(() => base.WriteAsync(name, content, cancellationToken));

        public override Task<CloudQuota> GetQuotaAsync(CancellationToken cancellationToken = default) =>
            Count(() => base.GetQuotaAsync(cancellationToken));

        public override async IAsyncEnumerable<CloudObject> ListAsync(
            string prefix, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            await Count(() => Task.FromResult(true));
            for (; prefix == "pages"; await Task.Yield())
            {
                Pages++;
                yield return new CloudObject($"pages/{Pages}", 1);
            }
        }

        int IValueTaskSource<int>.GetResult(short token) => _read.GetResult(token);

        ValueTaskSourceStatus IValueTaskSource<int>.GetStatus(short token) => _read.GetStatus(token);

        void IValueTaskSource<int>.OnCompleted(
            Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
            _read.OnCompleted(continuation, state, token, flags);

        private Task<T> Count<T>(Func<Task<T>> call)
        {
            Interlocked.Increment(ref _calls);
            return Failure is null ? call() : Task.FromException<T>(Failure);
        }
    }
}
