using static CuckooDrive.Clouds.Conformance.ConformanceScratch;
using static CuckooDrive.Clouds.Conformance.ConformanceSuite;

namespace CuckooDrive.Clouds.Conformance;

/// <summary>What is cancelled ends, as cancelled, and leaves nothing behind.</summary>
internal static class CancellationChecks
{
    public static IEnumerable<ConformanceCheck> All =>
    [
        Always("calls that are cancelled beforehand have no effect", BeforehandAsync),
        Always("an upload cancelled in the middle leaves nothing visible", UploadAsync),
        Always("an upload cancelled in the middle can be repeated", RepeatAsync),
        Always("a download can be cancelled in the middle", DownloadAsync),
        Always("a list can be cancelled in the middle", ListAsync),
    ];

    private static async Task BeforehandAsync(ConformanceScratch scratch, CancellationToken cancel)
    {
        var storage = scratch.Storage;
        var name = scratch.Name("kept");
        await scratch.WriteAsync("kept", Bytes(10), cancel).ConfigureAwait(false);
        var gone = new CancellationToken(canceled: true);
        await CancelledAsync("writing", () => storage.WriteAsync(scratch.Name("new"), CloudContent.FromMemory(Bytes(5)), gone))
            .ConfigureAwait(false);
        await CancelledAsync("reading", () => storage.ReadAsync(name, 0, new byte[5], gone).AsTask()).ConfigureAwait(false);
        await CancelledAsync("streaming", () => storage.OpenReadAsync(name, cancellationToken: gone)).ConfigureAwait(false);
        await CancelledAsync("describing", () => storage.StatAsync(name, gone)).ConfigureAwait(false);
        await CancelledAsync("deleting", () => storage.DeleteAsync(name, gone)).ConfigureAwait(false);
        await CancelledAsync("asking for the quota", () => storage.GetQuotaAsync(gone)).ConfigureAwait(false);
        await CancelledAsync("listing", async () =>
        {
            await foreach (var _ in storage.ListAsync(scratch.Folder, gone).ConfigureAwait(false))
            {
            }
        }).ConfigureAwait(false);
        await scratch.RequireAbsentAsync("new", cancel).ConfigureAwait(false);
        await scratch.RequireListAsync("", ["kept"], cancel).ConfigureAwait(false);
    }

    private static async Task UploadAsync(ConformanceScratch scratch, CancellationToken cancel)
    {
        await CancelUploadAsync(scratch, cancel).ConfigureAwait(false);
        await scratch.RequireAbsentAsync("half", cancel).ConfigureAwait(false);
        await scratch.RequireListAsync("", [], cancel).ConfigureAwait(false);
    }

    private static async Task RepeatAsync(ConformanceScratch scratch, CancellationToken cancel)
    {
        await CancelUploadAsync(scratch, cancel).ConfigureAwait(false);
        var data = Bytes(100_000);
        await scratch.WriteAsync("half", data, cancel).ConfigureAwait(false);
        RequireEqual(data, await scratch.DownloadAsync("half", 0, null, cancel).ConfigureAwait(false), "the object");
    }

    private static async Task CancelUploadAsync(ConformanceScratch scratch, CancellationToken cancel)
    {
        const int Length = 8 << 20;
        using var source = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var content = new TestContent(Length, () => new TestStream(Length)
        {
            MostAtOnce = 1 << 20,
            PauseAt = 4 << 20,
            // Cancels, and then would wait for ever if nobody heeded the cancellation.
            Pause = async token =>
            {
                await source.CancelAsync().ConfigureAwait(false);
                await Task.Delay(Timeout.Infinite, token).ConfigureAwait(false);
            },
        });
        await CancelledAsync("an upload", () => scratch.Storage.WriteAsync(scratch.Name("half"), content, source.Token))
            .ConfigureAwait(false);
    }

    private static async Task DownloadAsync(ConformanceScratch scratch, CancellationToken cancel)
    {
        var data = Bytes(4 << 20);
        await scratch.WriteAsync("down", data, cancel).ConfigureAwait(false);
        using var source = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        await using (var stream = await scratch.Storage.OpenReadAsync(scratch.Name("down"), cancellationToken: source.Token)
            .ConfigureAwait(false))
        {
            await stream.ReadExactlyAsync(new byte[1000], source.Token).ConfigureAwait(false);
            await source.CancelAsync().ConfigureAwait(false);
        }
        RequireEqual(data, await scratch.DownloadAsync("down", 0, null, cancel).ConfigureAwait(false), "the object afterwards");
    }

    private static async Task ListAsync(ConformanceScratch scratch, CancellationToken cancel)
    {
        for (var index = 0; index < 10; index++)
            await scratch.WriteAsync($"l{index}", Bytes(1), cancel).ConfigureAwait(false);
        await scratch.RequireListAsync("l", Enumerable.Range(0, 10).Select(index => $"l{index}"), cancel).ConfigureAwait(false);
        using var source = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var seen = 0;
        try
        {
            await foreach (var _ in scratch.Storage.ListAsync(scratch.Folder, source.Token).ConfigureAwait(false))
            {
                seen++;
                await source.CancelAsync().ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // A page that is in memory already may be shown to its end, or not.
        }
        Require(seen > 0, "a list showed nothing before it was cancelled");
        await scratch.RequireListAsync("l", Enumerable.Range(0, 10).Select(index => $"l{index}"), cancel).ConfigureAwait(false);
    }

    private static async Task CancelledAsync(string what, Func<Task> call)
    {
        try
        {
            await call().ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return;
        }
        catch (Exception exception)
        {
            throw new ConformanceException($"{what} throws {exception.GetType().Name} when cancelled: {exception.Message}");
        }
        throw new ConformanceException($"{what} succeeds although it was cancelled");
    }
}
