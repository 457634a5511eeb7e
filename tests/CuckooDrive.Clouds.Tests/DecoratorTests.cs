using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using CuckooDrive.Clouds.Decorators;
using CuckooDrive.Clouds.Providers.Memory;
using CuckooDrive.Testing.Clouds;
using Xunit;

namespace CuckooDrive.Clouds.Tests;

/// <summary>What each decorator adds; that it keeps the contract is shown by its conformance.</summary>
public sealed class DecoratorTests : IAsyncDisposable
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private static readonly RetryOptions Quick = new() { Retries = 3, FirstDelay = TimeSpan.FromMilliseconds(1) };

    private readonly MemoryStorage _memory = new();
    private readonly FaultPlan _plan = new(seed: 11);

    public ValueTask DisposeAsync() => _memory.DisposeAsync();

    [Fact]
    public async Task A_retried_write_recognises_its_own_earlier_effect()
    {
        await using var storage = new RetryStorage(new FailingOnce(_memory, afterEffect: true), Quick);
        var written = await storage.WriteAsync("a", Content(1, 2, 3));
        Assert.Equal(3, written.Length);
        Assert.Equal(new byte[] { 1, 2, 3 }, await ReadAsync(_memory, "a"));
    }

    [Theory]
    [InlineData(new byte[] { 9, 9, 9 })]
    [InlineData(new byte[] { 1, 2 })]
    public async Task A_retried_write_does_not_take_somebody_elses_object_for_its_own(byte[] other)
    {
        foreach (var hashes in new[] { true, false })
        {
            await using var memory = new MemoryStorage();
            ICloudStorage inner = hashes ? memory : new Hashless(memory);
            var failing = new FailingOnce(inner, afterEffect: false)
            {
                Meanwhile = () => memory.WriteAsync("a", CloudContent.FromMemory(other)),
            };
            await using var storage = new RetryStorage(failing, Quick);
            await AssertKind(CloudErrorKind.AlreadyExists, () => storage.WriteAsync("a", Content(1, 2, 3)));
            Assert.Equal(other, await ReadAsync(memory, "a"));
        }
    }

    [Fact]
    public async Task Without_hashes_a_retried_write_compares_the_content()
    {
        await using var storage = new RetryStorage(new FailingOnce(new Hashless(_memory), afterEffect: true), Quick);
        Assert.Equal(3, (await storage.WriteAsync("a", Content(1, 2, 3))).Length);
    }

    [Fact]
    public async Task A_first_write_that_meets_an_equal_object_still_fails()
    {
        await using var storage = new RetryStorage(_memory, Quick);
        await storage.WriteAsync("a", Content(1, 2, 3));
        await AssertKind(CloudErrorKind.AlreadyExists, () => storage.WriteAsync("a", Content(1, 2, 3)));
    }

    [Fact]
    public async Task A_retried_move_recognises_its_own_earlier_effect()
    {
        await _memory.WriteAsync("a", Content(1, 2, 3));
        await using var storage = new RetryStorage(new FailingOnce(_memory, afterEffect: true), Quick);
        await storage.MoveAsync("a", "b");
        Assert.Equal(new byte[] { 1, 2, 3 }, await ReadAsync(_memory, "b"));
    }

    [Fact]
    public async Task A_retried_move_of_nothing_fails()
    {
        await _memory.WriteAsync("b", Content(1));
        await using var storage = new RetryStorage(new FailingOnce(_memory, afterEffect: false), Quick);
        await AssertKind(CloudErrorKind.NotFound, () => storage.MoveAsync("a", "b"));
    }

    [Fact]
    public async Task Only_what_can_help_is_retried_and_not_for_ever()
    {
        foreach (var kind in Enum.GetValues<CloudErrorKind>())
        {
            var plan = new FaultPlan(1) { FailBeforeShare = 1, ErrorKind = kind };
            await using var storage = new RetryStorage(new FaultStorage(new MemoryStorage(), plan), Quick);
            await AssertKind(kind, () => storage.StatAsync("a"));
            Assert.Equal(kind is CloudErrorKind.Transient or CloudErrorKind.RateLimited ? 4 : 1, plan.Injected);
        }
    }

    [Fact]
    public async Task Retry_after_is_waited_for()
    {
        var time = new ManualTime();
        var inner = new FailingOnce(_memory, afterEffect: false) { RetryAfter = TimeSpan.FromSeconds(40) };
        await using var storage = new RetryStorage(inner, Quick, time);
        var write = storage.WriteAsync("a", Content(1));
        time.Advance(TimeSpan.FromSeconds(39));
        await Task.Delay(50, TestContext.Current.CancellationToken);
        Assert.False(write.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(2));
        await write;
    }

    [Fact]
    public async Task A_provider_that_asks_for_hours_is_not_waited_for()
    {
        var inner = new FailingOnce(_memory, afterEffect: false) { RetryAfter = TimeSpan.FromHours(3) };
        await using var storage = new RetryStorage(inner, Quick);
        await AssertKind(CloudErrorKind.RateLimited, () => storage.WriteAsync("a", Content(1)));
    }

    [Fact]
    public async Task A_hanging_cloud_times_out_and_a_cancelled_call_is_cancelled()
    {
        _plan.Hang = true;
        var options = new TimeoutOptions { Answer = TimeSpan.FromMilliseconds(30) };
        await using var storage = new TimeoutStorage(new FaultStorage(_memory, _plan), options);
        await AssertKind(CloudErrorKind.Transient, () => storage.StatAsync("a"));
        await AssertKind(CloudErrorKind.Transient, async () => await storage.ListAsync("").ToListAsync());
        await AssertKind(CloudErrorKind.Transient, () => storage.WriteAsync("a", Content()));
        using var cancel = new CancellationTokenSource();
        await using var patient = new TimeoutStorage(new FaultStorage(_memory, _plan));
        var call = patient.StatAsync("a", cancel.Token);
        await cancel.CancelAsync();
        var cancelled = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        Assert.Equal(cancel.Token, cancelled.CancellationToken);
        _plan.Hang = false;
        Assert.Null(await storage.StatAsync("a"));
    }

    [Fact]
    public async Task A_write_times_out_when_it_stands_still_and_not_when_it_is_slow()
    {
        var time = new ManualTime();
        var stepping = new SteppingStorage(_memory);
        await using var storage = new TimeoutStorage(stepping, new TimeoutOptions { Answer = TimeSpan.FromSeconds(60) }, time);
        var slow = storage.WriteAsync("slow", Content(new byte[10]), TestContext.Current.CancellationToken);
        for (var taken = 0; taken < 10; taken++)
        {
            time.Advance(TimeSpan.FromSeconds(59));
            await stepping.StepAsync();
        }
        Assert.Equal(10, (await slow).Length);
        var stuck = storage.WriteAsync("stuck", Content(new byte[10]), TestContext.Current.CancellationToken);
        await stepping.StepAsync();
        time.Advance(TimeSpan.FromSeconds(61));
        await AssertKind(CloudErrorKind.Transient, () => stuck);
    }

    [Fact]
    public async Task No_more_writes_run_at_once_than_allowed()
    {
        var counting = new Counting(_memory);
        await using var storage = new ThrottleStorage(counting, new ThrottleOptions { ParallelWrites = 3 });
        await Task.WhenAll(Enumerable.Range(0, 30).Select(index => storage.WriteAsync($"n{index}", Content(1))));
        Assert.InRange(counting.Highest, 1, 3);
    }

    [Fact]
    public async Task Bytes_take_their_time()
    {
        var time = new ManualTime();
        await using var storage = new ThrottleStorage(_memory, new ThrottleOptions { UploadRate = 1000 }, time);
        var write = storage.WriteAsync("a", CloudContent.FromMemory(new byte[10_000]));
        time.Advance(TimeSpan.FromSeconds(9));
        await Task.Delay(50, TestContext.Current.CancellationToken);
        Assert.False(write.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(2));
        await write;
    }

    [Fact]
    public async Task The_breaker_opens_after_failures_and_closes_again()
    {
        var time = new ManualTime();
        await using var storage = new CircuitBreakerStorage(new FaultStorage(_memory, _plan), time: time);
        _plan.Offline = true;
        for (var call = 0; call < 8; call++)
            await AssertKind(CloudErrorKind.Transient, () => storage.StatAsync("a"));
        var asked = _plan.Injected;
        await AssertKind(CloudErrorKind.Transient, () => storage.StatAsync("a"));
        Assert.Equal(asked, _plan.Injected);
        _plan.Offline = false;
        time.Advance(TimeSpan.FromSeconds(20));
        Assert.Null(await storage.StatAsync("a"));
    }

    [Fact]
    public async Task The_breaker_ignores_answers()
    {
        await using var storage = new CircuitBreakerStorage(new FaultStorage(_memory, _plan));
        for (var call = 0; call < 30; call++)
            await AssertKind(CloudErrorKind.NotFound, async () => await storage.ReadAsync("a", 0, new byte[1]));
        Assert.Null(await storage.StatAsync("a"));
    }

    [Fact]
    public async Task Metrics_count_calls_bytes_and_errors()
    {
        var sums = new ConcurrentDictionary<string, double>();
        await using var storage = new MetricsStorage(CloudRegistry.Default.Open("memory:metrics-test"));
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Meter.Name == MetricsStorage.MeterName)
                self.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            if (tags.ToArray().Contains(new("cloud", "memory:metrics-test")))
                sums.AddOrUpdate(instrument.Name, value, (_, sum) => sum + value);
        });
        listener.Start();
        await storage.WriteAsync("a", CloudContent.FromMemory(new byte[1000]));
        await storage.ReadAsync("a", 0, new byte[300]);
        await AssertKind(CloudErrorKind.AlreadyExists, () => storage.WriteAsync("a", Content(1)));
        await storage.DeleteAsync("a");
        Assert.Equal(4, sums["cuckoo.cloud.requests"]);
        Assert.Equal(1000, sums["cuckoo.cloud.sent"]);
        Assert.Equal(300, sums["cuckoo.cloud.received"]);
        Assert.Equal(1, sums["cuckoo.cloud.errors"]);
    }

    [Fact]
    public async Task A_broken_download_goes_on_where_it_was()
    {
        var data = new byte[300_000];
        new Random(5).NextBytes(data);
        await _memory.WriteAsync("a", CloudContent.FromMemory(data));
        _plan.BreakStreamShare = 0.3;
        await using var storage = new RetryStorage(new FaultStorage(_memory, _plan), Quick with { Retries = 30 });
        await using var stream = await storage.OpenReadAsync("a", 1000, 200_000);
        using var copy = new MemoryStream();
        await stream.CopyToAsync(copy, 4096);
        Assert.True(_plan.Injected > 0);
        Assert.Equal(data[1000..201_000], copy.ToArray());
    }

    /// <summary>A decorator may refuse a step of a list that is under way already: the list ends with its error and is disposed in order.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_list_whose_next_page_is_refused_ends_with_the_refusal(bool pageFails)
    {
        await using var pages = new TwoPages(pageFails);
        await using var storage = new MetricsStorage(new FaultStorage(pages, _plan));
        await using var list = storage.ListAsync("").GetAsyncEnumerator();
        Assert.True(await list.MoveNextAsync());
        _plan.Offline = true;
        await AssertKind(CloudErrorKind.Transient, async () => await list.MoveNextAsync());
        Assert.True(pages.Ended);
    }

    /// <summary>The buffer is the caller's again when a call ends: a read that was begun may not go on behind his back.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_read_that_is_cancelled_while_it_begins_ends_only_with_its_last_byte(bool breaker)
    {
        using var stop = new CancellationTokenSource();
        await using var slow = new SlowToEnd(stop.Cancel);
        await using ICloudStorage storage = breaker ? new CircuitBreakerStorage(slow) : new RetryStorage(slow, Quick);
        var buffer = new byte[3];
        var read = storage.ReadAsync("a", 0, buffer, stop.Token).AsTask();
        Assert.False(read.IsCompleted);
        slow.End.SetResult();
        Assert.Equal(3, await read.WaitAsync(Minute, CancellationToken.None));
        Assert.Equal([7, 7, 7], buffer);
    }

    [Fact]
    public async Task A_read_that_began_before_the_breaker_opened_has_its_answer()
    {
        await using var failing = new FaultStorage(new MemoryStorage(), new FaultPlan(1) { Offline = true });
        ICloudStorage? storage = null;
        // Others find the cloud broken while this read is on its way to it.
        await using var slow = new SlowToEnd(() =>
        {
            for (var call = 0; call < 8; call++)
                Assert.ThrowsAsync<CloudException>(() => storage!.StatAsync("b")).GetAwaiter().GetResult();
        }, failing);
        storage = new CircuitBreakerStorage(slow);
        var buffer = new byte[3];
        var read = storage.ReadAsync("a", 0, buffer).AsTask();
        Assert.False(read.IsCompleted);
        slow.End.SetResult();
        Assert.Equal(3, await read.WaitAsync(Minute, CancellationToken.None));
        await AssertKind(CloudErrorKind.Transient, () => storage.StatAsync("b"));
    }

    [Fact]
    public async Task A_list_that_is_cancelled_while_it_begins_ends_in_order()
    {
        using var stop = new CancellationTokenSource();
        await using var slow = new SlowToEnd(stop.Cancel);
        await using var storage = new CircuitBreakerStorage(slow);
        await using var list = storage.ListAsync("").GetAsyncEnumerator(stop.Token);
        var next = list.MoveNextAsync().AsTask();
        slow.End.SetResult();
        Assert.False(await next.WaitAsync(Minute, CancellationToken.None));
    }

    private static CloudContent Content(params byte[] data) => CloudContent.FromMemory(data);

    private static async Task<byte[]> ReadAsync(ICloudStorage storage, string name)
    {
        var buffer = new byte[100];
        return buffer[..await storage.ReadAsync(name, 0, buffer)];
    }

    private static async Task AssertKind(CloudErrorKind kind, Func<Task> call)
    {
        var failure = await Assert.ThrowsAsync<CloudException>(call);
        Assert.Equal(kind, failure.Kind);
    }

    /// <summary>Fails the first write and the first move.</summary>
    private sealed class FailingOnce(ICloudStorage inner, bool afterEffect) : DelegatingStorage(inner)
    {
        private int _calls;

        public TimeSpan? RetryAfter { get; init; }

        public Func<Task> Meanwhile { get; init; } = () => Task.CompletedTask;

        public override async Task<CloudObject> WriteAsync(string name, CloudContent content, CancellationToken cancellationToken)
        {
            if (Interlocked.Increment(ref _calls) > 1)
                return await base.WriteAsync(name, content, cancellationToken);
            if (afterEffect)
                await base.WriteAsync(name, content, cancellationToken);
            await Meanwhile();
            throw Failure();
        }

        public override async Task MoveAsync(string source, string target, CancellationToken cancellationToken)
        {
            var first = Interlocked.Increment(ref _calls) == 1;
            if (!first || afterEffect)
                await base.MoveAsync(source, target, cancellationToken);
            if (first)
                throw Failure();
        }

        private CloudException Failure() =>
            new(RetryAfter is null ? CloudErrorKind.Transient : CloudErrorKind.RateLimited, "once") { RetryAfter = RetryAfter };
    }

    /// <summary>Lists one object; the second page comes only when it is given up, and then fails or is empty.</summary>
    private sealed class TwoPages(bool fails) : DelegatingStorage(new MemoryStorage())
    {
        public bool Ended { get; private set; }

        public override async IAsyncEnumerable<CloudObject> ListAsync(
            string prefix, [EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            yield return new CloudObject("a", 1);
            try
            {
                await Task.Delay(Timeout.Infinite, cancellationToken).ConfigureAwait(fails ? ConfigureAwaitOptions.None : ConfigureAwaitOptions.SuppressThrowing);
            }
            finally
            {
                Ended = true;
            }
        }
    }

    /// <summary>Something happens while a read or list begins, which goes on until it is told to end, cancelled or not.</summary>
    private sealed class SlowToEnd(Action begin, ICloudStorage? inner = null) : DelegatingStorage(inner ?? new MemoryStorage())
    {
        public TaskCompletionSource End { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override async ValueTask<int> ReadAsync(
            string name, long offset, Memory<byte> destination, CancellationToken cancellationToken = default)
        {
            begin();
            await End.Task;
            destination.Span.Fill(7);
            return destination.Length;
        }

        public override async IAsyncEnumerable<CloudObject> ListAsync(
            string prefix, [EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            begin();
            await End.Task;
            yield break;
        }
    }

    private sealed class Hashless(ICloudStorage inner) : DelegatingStorage(inner)
    {
        public override CloudCapabilities Capabilities => base.Capabilities with { Hash = CloudHashKind.None };

        public override async Task<CloudObject?> StatAsync(string name, CancellationToken cancellationToken) =>
            await base.StatAsync(name, cancellationToken) is { } found ? found with { Hash = null } : null;
    }

    private sealed class Counting(ICloudStorage inner) : DelegatingStorage(inner)
    {
        private int _running;

        public int Highest { get; private set; }

        public override async Task<CloudObject> WriteAsync(string name, CloudContent content, CancellationToken cancellationToken)
        {
            var running = Interlocked.Increment(ref _running);
            lock (this)
                Highest = Math.Max(Highest, running);
            await Task.Delay(1, cancellationToken);
            Interlocked.Decrement(ref _running);
            return await base.WriteAsync(name, content, cancellationToken);
        }
    }
}
