using static CuckooDrive.Clouds.Conformance.ConformanceScratch;
using static CuckooDrive.Clouds.Conformance.ConformanceSuite;

namespace CuckooDrive.Clouds.Conformance;

/// <summary>Many callers at once do not disturb each other, and of many writers of a name one wins.</summary>
internal static class ConcurrencyChecks
{
    private const int Racers = 20;

    public static IEnumerable<ConformanceCheck> All =>
    [
        Once("of 20 racing writers exactly one wins, and its object stays", RaceAsync),
        Once("of 20 racing streams exactly one wins, and its object stays", StreamRaceAsync),
        Always("many objects are written, read and deleted at once", BusyAsync),
        Always("one object is read by many at once", SharedReadAsync),
        Always("writing and deleting neighbours in one folder do not disturb each other", ChurnAsync),
    ];

    private static ConformanceCheck Once(string name, Func<ConformanceScratch, CancellationToken, Task> run) =>
        With("create-once", static has => has.CreateOnce, name, run);

    private static async Task RaceAsync(ConformanceScratch scratch, CancellationToken cancel)
    {
        for (var round = 0; round < 5; round++)
        {
            await RaceAsync(scratch, $"race/{round}", racer => CloudContent.FromMemory(Bytes(2000 + racer, racer)), cancel)
                .ConfigureAwait(false);
        }
    }

    private static Task StreamRaceAsync(ConformanceScratch scratch, CancellationToken cancel) => RaceAsync(
        scratch,
        "race/streams",
        racer => new TestContent(2000 + racer, () => new TestStream(2000 + racer, Bytes(2000 + racer, racer)) { MostAtOnce = 500 }),
        cancel);

    private static async Task RaceAsync(
        ConformanceScratch scratch, string name, Func<int, CloudContent> content, CancellationToken cancel)
    {
        var start = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        async Task<int?> RunAsync(int racer)
        {
            await start.Task.ConfigureAwait(false);
            try
            {
                await scratch.Storage.WriteAsync(scratch.Name(name), content(racer), cancel).ConfigureAwait(false);
                return racer;
            }
            catch (CloudException failure) when (failure.Kind == CloudErrorKind.AlreadyExists)
            {
                return null;
            }
        }
        var racers = Enumerable.Range(0, Racers).Select(racer => Task.Run(() => RunAsync(racer), cancel)).ToList();
        start.SetResult();
        var winners = (await Task.WhenAll(racers).ConfigureAwait(false)).OfType<int>().ToList();
        Require(winners.Count == 1, $"{winners.Count} of {Racers} writers of one name were told that they won");
        RequireEqual(
            Bytes(2000 + winners[0], winners[0]),
            await scratch.DownloadAsync(name, 0, null, cancel).ConfigureAwait(false),
            "the winner's object");
    }

    private static Task BusyAsync(ConformanceScratch scratch, CancellationToken cancel) => InParallelAsync(24, async worker =>
    {
        for (var round = 0; round < 4; round++)
        {
            var name = $"busy/{worker % 5}/{worker}-{round}";
            var data = Bytes(3000 + (worker * 100), worker);
            await scratch.WriteAsync(name, data, cancel).ConfigureAwait(false);
            RequireEqual(data, await scratch.ReadAsync(name, 0, 10_000, cancel).ConfigureAwait(false), $"'{name}'");
            RequireEqual(
                data.AsMemory(1000, 500), await scratch.DownloadAsync(name, 1000, 500, cancel).ConfigureAwait(false), $"a part of '{name}'");
            await scratch.Storage.DeleteAsync(scratch.Name(name), cancel).ConfigureAwait(false);
            Require(
                await scratch.Storage.StatAsync(scratch.Name(name), cancel).ConfigureAwait(false) is null, $"'{name}' is still there");
        }
    });

    private static async Task SharedReadAsync(ConformanceScratch scratch, CancellationToken cancel)
    {
        var data = Bytes(1 << 20);
        await scratch.WriteAsync("shared", data, cancel).ConfigureAwait(false);
        await InParallelAsync(16, async worker =>
        {
            for (var round = 0; round < 8; round++)
            {
                var offset = worker * 60_000 + round;
                RequireEqual(
                    data.AsMemory(offset, 20_000),
                    await scratch.ReadAsync("shared", offset, 20_000, cancel).ConfigureAwait(false),
                    $"the part at {offset}");
            }
        }).ConfigureAwait(false);
    }

    // Folders come and go with the objects in them; a provider that removes empty ones must not pull one from under a writer.
    private static Task ChurnAsync(ConformanceScratch scratch, CancellationToken cancel) => InParallelAsync(8, async worker =>
    {
        for (var round = 0; round < 25; round++)
        {
            var name = $"churn/deep/{worker}";
            await scratch.WriteAsync(name, [(byte)worker], cancel).ConfigureAwait(false);
            await scratch.Storage.DeleteAsync(scratch.Name(name), cancel).ConfigureAwait(false);
        }
    });

    private static Task InParallelAsync(int workers, Func<int, Task> work) =>
        Task.WhenAll(Enumerable.Range(0, workers).Select(worker => Task.Run(() => work(worker))));
}
