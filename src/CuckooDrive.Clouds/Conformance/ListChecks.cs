using static CuckooDrive.Clouds.Conformance.ConformanceScratch;
using static CuckooDrive.Clouds.Conformance.ConformanceSuite;

namespace CuckooDrive.Clouds.Conformance;

/// <summary>Lists show everything that is there, once, and nothing else.</summary>
internal static class ListChecks
{
    public static IEnumerable<ConformanceCheck> All =>
    [
        Always("a list of nothing is empty", EmptyAsync),
        Always("a prefix is a plain prefix of the name", PrefixAsync),
        Always("a list tells lengths", LengthsAsync),
        Always("a prefix that no name can have lists nothing", ImpossibleAsync),
        Always("a list may be left in the middle", AbandonedAsync),
        Always("a list of the whole storage contains the objects", WholeAsync),
        Always("a list that is changed meanwhile shows what stays exactly once", ChangingAsync),
        Always("5,000 objects are listed", ManyAsync) with { IsHeavy = true },
    ];

    private static async Task EmptyAsync(ConformanceScratch scratch, CancellationToken cancel) =>
        await scratch.RequireListAsync("", [], cancel).ConfigureAwait(false);

    private static async Task PrefixAsync(ConformanceScratch scratch, CancellationToken cancel)
    {
        string[] names = ["ab/cd", "ab/ce", "ab/d/e", "abc", "b", "a-b"];
        foreach (var name in names)
            await scratch.WriteAsync(name, Bytes(3), cancel).ConfigureAwait(false);
        foreach (var prefix in new[] { "", "a", "ab", "ab/", "ab/c", "ab/cd", "ab/d", "ab/d/", "abc", "b", "b/", "c", "ab/cd/" })
        {
            await scratch.RequireListAsync(
                prefix, names.Where(name => name.StartsWith(prefix, StringComparison.Ordinal)), cancel).ConfigureAwait(false);
        }
    }

    private static async Task LengthsAsync(ConformanceScratch scratch, CancellationToken cancel)
    {
        foreach (var length in new[] { 0, 1, 1000, 100_000 })
            await scratch.WriteAsync($"l/{length}", Bytes(length), cancel).ConfigureAwait(false);
        await scratch.RequireListAsync("l/", ["l/0", "l/1", "l/1000", "l/100000"], cancel).ConfigureAwait(false);
        foreach (var each in await scratch.ListAsync("l/", cancel).ConfigureAwait(false))
            Require(each.Name.EndsWith($"/{each.Length}", StringComparison.Ordinal), $"'{each.Name}' is listed with {each.Length} bytes");
    }

    private static async Task ImpossibleAsync(ConformanceScratch scratch, CancellationToken cancel)
    {
        await scratch.WriteAsync("a", Bytes(1), cancel).ConfigureAwait(false);
        foreach (var prefix in new[] { "A", "../", ".", "a/../", "*", "%", "'", "\\", "a\"", "//" })
            await scratch.RequireListAsync(prefix, [], cancel).ConfigureAwait(false);
    }

    private static async Task AbandonedAsync(ConformanceScratch scratch, CancellationToken cancel)
    {
        for (var index = 0; index < 20; index++)
            await scratch.WriteAsync($"n{index}", Bytes(1), cancel).ConfigureAwait(false);
        await scratch.RequireListAsync("", Enumerable.Range(0, 20).Select(index => $"n{index}"), cancel).ConfigureAwait(false);
        for (var round = 0; round < 5; round++)
        {
            await foreach (var each in scratch.Storage.ListAsync(scratch.Folder, cancel).ConfigureAwait(false))
            {
                Require(each.Name.StartsWith(scratch.Name("n"), StringComparison.Ordinal), $"a list shows '{each.Name}'");
                break;
            }
        }
    }

    private static async Task WholeAsync(ConformanceScratch scratch, CancellationToken cancel)
    {
        await scratch.WriteAsync("whole", Bytes(1), cancel).ConfigureAwait(false);
        await scratch.RequireListAsync("whole", ["whole"], cancel).ConfigureAwait(false);
        var found = 0;
        await foreach (var each in scratch.Storage.ListAsync("", cancel).ConfigureAwait(false))
        {
            Require(ObjectName.IsValid(each.Name), $"a list shows the impossible name '{each.Name}'");
            found += each.Name == scratch.Name("whole") ? 1 : 0;
        }
        Require(found == 1, $"a list of everything shows the object {found} times");
    }

    private static async Task ChangingAsync(ConformanceScratch scratch, CancellationToken cancel)
    {
        for (var index = 0; index < 60; index++)
            await scratch.WriteAsync($"c/{index:00}", Bytes(1), cancel).ConfigureAwait(false);
        await scratch.RequireListAsync("c/", Enumerable.Range(0, 60).Select(index => $"c/{index:00}"), cancel).ConfigureAwait(false);

        async Task ChangeAsync()
        {
            for (var index = 1; index < 60; index += 2)
            {
                await scratch.Storage.DeleteAsync(scratch.Name($"c/{index:00}"), cancel).ConfigureAwait(false);
                await scratch.WriteAsync($"c/new{index}", Bytes(1), cancel).ConfigureAwait(false);
            }
        }
        var changes = ChangeAsync();
        for (var round = 0; round == 0 || !changes.IsCompleted; round++)
        {
            var found = await scratch.ListAsync("c/", cancel).ConfigureAwait(false);
            Require(found.DistinctBy(each => each.Name).Count() == found.Count, "an object is listed twice");
            var stayed = found.Count(each => each.Name[^2..] is var end && int.TryParse(end, out var number) &&
                number % 2 == 0 && each.Name == scratch.Name($"c/{number:00}"));
            Require(stayed == 30, $"{stayed} of the 30 objects that stay are listed");
        }
        await changes.ConfigureAwait(false);
    }

    private static async Task ManyAsync(ConformanceScratch scratch, CancellationToken cancel)
    {
        string[] names = [.. Enumerable.Range(0, 5000).Select(index => $"many/{index % 16:x}/{index:0000}")];
        await Parallel.ForEachAsync(
            names,
            new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = cancel },
            async (name, token) => await scratch.WriteAsync(name, [1], token).ConfigureAwait(false)).ConfigureAwait(false);
        await scratch.RequireListAsync("many/", names, cancel).ConfigureAwait(false);
        await scratch.RequireListAsync(
            "many/7/0", names.Where(name => name.StartsWith("many/7/0", StringComparison.Ordinal)), cancel).ConfigureAwait(false);
    }
}
