using static CuckooDrive.Clouds.Conformance.ConformanceScratch;
using static CuckooDrive.Clouds.Conformance.ConformanceSuite;

namespace CuckooDrive.Clouds.Conformance;

/// <summary>What is deleted is gone, and nothing else is.</summary>
internal static class DeleteChecks
{
    public static IEnumerable<ConformanceCheck> All =>
    [
        Always("a deleted object is gone", GoneAsync),
        Always("deleting what is not there succeeds", MissingAsync),
        Always("deleting leaves the neighbours", NeighboursAsync),
        Always("deleting the name of a folder leaves what is in it", FolderAsync),
        Always("describing what is not there gives nothing", StatAsync),
    ];

    private static async Task GoneAsync(ConformanceScratch scratch, CancellationToken cancel)
    {
        await scratch.WriteAsync("d/gone", Bytes(100), cancel).ConfigureAwait(false);
        // Read first: a provider that keeps what it has read must forget it.
        await scratch.ReadAsync("d/gone", 0, 100, cancel).ConfigureAwait(false);
        await scratch.Storage.DeleteAsync(scratch.Name("d/gone"), cancel).ConfigureAwait(false);
        await scratch.RequireAbsentAsync("d/gone", cancel).ConfigureAwait(false);
        await RequireFailureAsync(
            CloudErrorKind.NotFound, () => scratch.DownloadAsync("d/gone", 0, null, cancel), "streaming a deleted object")
            .ConfigureAwait(false);
        await scratch.RequireListAsync("", [], cancel).ConfigureAwait(false);
    }

    private static async Task MissingAsync(ConformanceScratch scratch, CancellationToken cancel)
    {
        await scratch.WriteAsync("once", Bytes(1), cancel).ConfigureAwait(false);
        for (var round = 0; round < 3; round++)
            await scratch.Storage.DeleteAsync(scratch.Name("once"), cancel).ConfigureAwait(false);
        await scratch.Storage.DeleteAsync(scratch.Name("never"), cancel).ConfigureAwait(false);
        await scratch.Storage.DeleteAsync(scratch.Name("never/was/there"), cancel).ConfigureAwait(false);
    }

    private static async Task NeighboursAsync(ConformanceScratch scratch, CancellationToken cancel)
    {
        string[] names = ["n/a", "n/b", "n/c/d", "n/c/e", "na"];
        foreach (var name in names)
            await scratch.WriteAsync(name, Bytes(10), cancel).ConfigureAwait(false);
        await scratch.Storage.DeleteAsync(scratch.Name("n/b"), cancel).ConfigureAwait(false);
        await scratch.Storage.DeleteAsync(scratch.Name("n/c/d"), cancel).ConfigureAwait(false);
        await scratch.RequireListAsync("n", ["n/a", "n/c/e", "na"], cancel).ConfigureAwait(false);
        RequireEqual(Bytes(10), await scratch.ReadAsync("n/c/e", 0, 50, cancel).ConfigureAwait(false), "a neighbour");
    }

    private static async Task FolderAsync(ConformanceScratch scratch, CancellationToken cancel)
    {
        await scratch.WriteAsync("f/g/h", Bytes(10), cancel).ConfigureAwait(false);
        await scratch.Storage.DeleteAsync(scratch.Name("f"), cancel).ConfigureAwait(false);
        await scratch.Storage.DeleteAsync(scratch.Name("f/g"), cancel).ConfigureAwait(false);
        await scratch.RequireListAsync("f", ["f/g/h"], cancel).ConfigureAwait(false);
        RequireEqual(Bytes(10), await scratch.ReadAsync("f/g/h", 0, 50, cancel).ConfigureAwait(false), "the object");
    }

    private static async Task StatAsync(ConformanceScratch scratch, CancellationToken cancel)
    {
        await scratch.WriteAsync("s/t", Bytes(10), cancel).ConfigureAwait(false);
        foreach (var name in new[] { "missing", "missing/below", "s", "s/t/u" })
        {
            var found = await scratch.Storage.StatAsync(scratch.Name(name), cancel).ConfigureAwait(false);
            Require(found is null, $"there is something of the name '{name}'");
        }
    }
}
