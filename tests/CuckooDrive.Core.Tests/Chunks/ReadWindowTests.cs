using CuckooDrive.Core.Chunks;
using CuckooDrive.Testing.Clouds;

namespace CuckooDrive.Core.Tests.Chunks;

/// <summary>How many reads of one cloud run at a time.</summary>
public sealed class ReadWindowTests
{
    private readonly ManualTime _time = new();
    private readonly ReadWindow _window;
    private int _begun;

    public ReadWindowTests() => _window = new ReadWindow(_time);

    [Fact]
    public async Task Quick_reads_make_room_for_more_and_slow_ones_leave_two()
    {
        await RunAsync(TimeSpan.FromMilliseconds(100), 100);
        Assert.Equal(64, _window.Limit);
        await RunAsync(TimeSpan.FromSeconds(2), 10);
        Assert.Equal(64, _window.Limit);
        await RunAsync(TimeSpan.FromSeconds(5), 10);
        Assert.Equal(2, _window.Limit);
    }

    [Fact]
    public async Task More_than_the_limit_wait_for_the_end_of_others()
    {
        var source = new TaskCompletionSource<int>();
        var reads = Enumerable.Range(0, _window.Limit).Select(_ => Read(source.Task)).ToList();
        var next = Read(Task.FromResult(2));
        Assert.Equal(reads.Count, _begun);
        Assert.False(next.IsCompleted);
        source.SetResult(1);
        await Task.WhenAll(reads);
        Assert.Equal(2, await next.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Who_is_cancelled_holds_nobody_up_whether_it_waits_or_runs_on()
    {
        using var cancel = new CancellationTokenSource();
        var hanging = new TaskCompletionSource<int>();
        var running = Enumerable.Range(0, _window.Limit).Select(_ => Read(hanging.Task, cancel.Token)).ToList();
        var waiting = Enumerable.Range(0, 20).Select(_ => Read(hanging.Task, cancel.Token)).ToList();
        var next = Read(Task.FromResult(2));
        await cancel.CancelAsync();
        Assert.Equal(2, await next.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken));
        foreach (var each in waiting)
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => each.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken));
        hanging.SetResult(1);
        await Task.WhenAll(running);
        // Those that ran on are not counted twice.
        Assert.Equal(running.Count + 1, _begun);
    }

    private async Task RunAsync(TimeSpan took, int count)
    {
        for (var read = 0; read < count; read++)
        {
            await _window.RunAsync(_ =>
            {
                _time.Advance(took);
                return Task.FromResult(1);
            }, TestContext.Current.CancellationToken);
        }
    }

    private Task<int> Read(Task<int> result, CancellationToken cancellationToken = default) => _window.RunAsync(
        _ =>
        {
            Interlocked.Increment(ref _begun);
            return result;
        },
        cancellationToken);
}
