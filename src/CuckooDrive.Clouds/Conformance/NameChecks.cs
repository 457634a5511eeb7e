using static CuckooDrive.Clouds.Conformance.ConformanceScratch;
using static CuckooDrive.Clouds.Conformance.ConformanceSuite;

namespace CuckooDrive.Clouds.Conformance;

/// <summary>Names that providers find hard, and names that none may take.</summary>
internal static class NameChecks
{
    public static IEnumerable<ConformanceCheck> All =>
    [
        Always("names of dots, dashes and underscores", HardAsync),
        Always("a name of the greatest length", LongAsync),
        Always("a name of the greatest depth", DeepAsync),
        Always("names that begin alike are different objects", AlikeAsync),
        Always("names that are not allowed are refused by every call", InvalidAsync),
    ];

    private static async Task HardAsync(ConformanceScratch scratch, CancellationToken cancel)
    {
        string[] names =
        [
            "-", "_", "--help", "-rf", "_-_", "0", "a..b", "a.b.c", "x.tar.gz", "con-sole", "com10", "a--b__c", "index.html",
            "1e5", "00", "null", "undefined", "d/-/_/x", "thumbs.db", "a.lock", "z.tmp",
        ];
        for (var index = 0; index < names.Length; index++)
            await scratch.WriteAsync(names[index], Bytes(20, index), cancel).ConfigureAwait(false);
        for (var index = 0; index < names.Length; index++)
        {
            RequireEqual(
                Bytes(20, index), await scratch.ReadAsync(names[index], 0, 100, cancel).ConfigureAwait(false), $"'{names[index]}'");
        }
        await scratch.RequireListAsync("", names, cancel).ConfigureAwait(false);
    }

    private static async Task LongAsync(ConformanceScratch scratch, CancellationToken cancel)
    {
        var name = new string('n', ObjectName.MaximumLength - scratch.Folder.Length);
        await scratch.WriteAsync(name, Bytes(30), cancel).ConfigureAwait(false);
        RequireEqual(Bytes(30), await scratch.ReadAsync(name, 0, 100, cancel).ConfigureAwait(false), "the object");
        await scratch.RequireListAsync("n", [name], cancel).ConfigureAwait(false);
    }

    private static async Task DeepAsync(ConformanceScratch scratch, CancellationToken cancel)
    {
        var depth = (ObjectName.MaximumLength - scratch.Folder.Length + 1) / 2;
        var name = string.Join('/', Enumerable.Repeat("d", depth));
        await scratch.WriteAsync(name, Bytes(31), cancel).ConfigureAwait(false);
        RequireEqual(Bytes(31), await scratch.ReadAsync(name, 0, 100, cancel).ConfigureAwait(false), "the object");
        await scratch.RequireListAsync("d/d/d", [name], cancel).ConfigureAwait(false);
    }

    private static async Task AlikeAsync(ConformanceScratch scratch, CancellationToken cancel)
    {
        string[] names = ["a", "aa", "a.a", "a-a", "a_a", "b/a", "b/aa", "bb/a"];
        for (var index = 0; index < names.Length; index++)
            await scratch.WriteAsync(names[index], Bytes(index + 1, index), cancel).ConfigureAwait(false);
        await scratch.Storage.DeleteAsync(scratch.Name("aa"), cancel).ConfigureAwait(false);
        for (var index = 0; index < names.Length; index++)
        {
            var found = await scratch.Storage.StatAsync(scratch.Name(names[index]), cancel).ConfigureAwait(false);
            Require((found is null) == (names[index] == "aa"), $"'{names[index]}' is {(found is null ? "gone" : "there")}");
        }
    }

    private static async Task InvalidAsync(ConformanceScratch scratch, CancellationToken cancel)
    {
        string[] names =
        [
            "", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "./a", "a/.", ".hidden", "a/.tmp/b", "dot.", "A", "a b", "a\\b",
            "ä", "a:b", "a*", "a?b", "a%2fb", "a\0b", "a\nb", "con", "aux.txt", "b/nul", "com1", "lpt9.x",
            new string('x', ObjectName.MaximumLength + 1),
        ];
        var content = CloudContent.FromMemory(Bytes(5));
        var storage = scratch.Storage;
        foreach (var name in names)
        {
            async Task Refused(string what, Func<Task> call) =>
                await RequireFailureAsync(CloudErrorKind.InvalidName, call, $"{what} '{name}'").ConfigureAwait(false);

            await Refused("writing", () => storage.WriteAsync(name, content, cancel)).ConfigureAwait(false);
            await Refused("reading", () => storage.ReadAsync(name, 0, new byte[1], cancel).AsTask()).ConfigureAwait(false);
            await Refused("streaming", () => storage.OpenReadAsync(name, cancellationToken: cancel)).ConfigureAwait(false);
            await Refused("describing", () => storage.StatAsync(name, cancel)).ConfigureAwait(false);
            await Refused("deleting", () => storage.DeleteAsync(name, cancel)).ConfigureAwait(false);
        }
    }
}
