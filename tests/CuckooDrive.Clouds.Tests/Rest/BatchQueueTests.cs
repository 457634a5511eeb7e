using CuckooDrive.Clouds.Http;

namespace CuckooDrive.Clouds.Tests.Rest;

public sealed class BatchQueueTests
{
    [Fact]
    public async Task Who_comes_while_one_request_runs_shares_the_next()
    {
        var (first, go) = (new TaskCompletionSource(), new TaskCompletionSource());
        var batches = new List<int>();
        await using var queue = new BatchQueue<int, int>(4, async (items, _) =>
        {
            lock (batches)
                batches.Add(items.Count);
            first.TrySetResult();
            await go.Task;
            return [.. items.Select(item => item % 2 == 0
                ? new BatchResult<int>(item * 10, null)
                : new BatchResult<int>(0, new CloudException(CloudErrorKind.AlreadyExists, $"{item}")))];
        });
        var results = new List<Task<int>> { queue.AddAsync(0, default) };
        await first.Task;
        using var cancel = new CancellationTokenSource();
        var impatient = queue.AddAsync(100, cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => impatient);
        for (var item = 1; item < 8; item++)
            results.Add(queue.AddAsync(item, default));
        go.SetResult();
        for (var item = 0; item < 8; item++)
        {
            if (item % 2 == 0)
                Assert.Equal(item * 10, await results[item]);
            else
                Assert.Equal($"{item}", (await Assert.ThrowsAsync<CloudException>(() => results[item])).Message);
        }
        // Nobody sends what its caller gave up.
        Assert.Equal([1, 4, 3], batches);
    }

    [Fact]
    public async Task What_befalls_a_request_befalls_all_in_it_and_closing_ends_it()
    {
        var running = new TaskCompletionSource();
        var queue = new BatchQueue<int, int>(10, async (_, closing) =>
        {
            running.TrySetResult();
            await Task.Delay(Timeout.Infinite, closing);
            return [];
        });
        var waiting = queue.AddAsync(1, default);
        await running.Task;
        await queue.DisposeAsync();
        Assert.Equal(CloudErrorKind.Transient, (await Assert.ThrowsAsync<CloudException>(() => waiting)).Kind);
    }
}
