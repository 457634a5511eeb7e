using static CuckooDrive.Clouds.Conformance.ConformanceScratch;
using static CuckooDrive.Clouds.Conformance.ConformanceSuite;

namespace CuckooDrive.Clouds.Conformance;

/// <summary>A move keeps the content and replaces nothing; a provider without moves says so.</summary>
internal static class MoveChecks
{
    public static IEnumerable<ConformanceCheck> All =>
    [
        Can("an object is moved with its content", MovedAsync),
        Can("a move does not replace an object", ExistingAsync),
        Can("moving what is not there is NotFound", MissingAsync),
        Can("a move refuses names that are not allowed", InvalidAsync),
        With("no move", static has => !has.Move, "a move that is not declared is Unsupported", UnsupportedAsync),
    ];

    private static ConformanceCheck Can(string name, Func<ConformanceScratch, CancellationToken, Task> run) =>
        With("move", static has => has.Move, name, run);

    private static Task MoveAsync(ConformanceScratch scratch, string source, string target, CancellationToken cancel) =>
        scratch.Storage.MoveAsync(scratch.Name(source), scratch.Name(target), cancel);

    private static async Task MovedAsync(ConformanceScratch scratch, CancellationToken cancel)
    {
        var data = Bytes(70_000);
        await scratch.WriteAsync("m/from", data, cancel).ConfigureAwait(false);
        await scratch.ReadAsync("m/from", 0, 10, cancel).ConfigureAwait(false);
        await MoveAsync(scratch, "m/from", "elsewhere/deep/to", cancel).ConfigureAwait(false);
        await scratch.RequireAbsentAsync("m/from", cancel).ConfigureAwait(false);
        RequireEqual(data, await scratch.DownloadAsync("elsewhere/deep/to", 0, null, cancel).ConfigureAwait(false), "the object");
        await scratch.RequireListAsync("", ["elsewhere/deep/to"], cancel).ConfigureAwait(false);
    }

    private static async Task ExistingAsync(ConformanceScratch scratch, CancellationToken cancel)
    {
        await scratch.WriteAsync("a", Bytes(10, 1), cancel).ConfigureAwait(false);
        await scratch.WriteAsync("b", Bytes(10, 2), cancel).ConfigureAwait(false);
        await RequireFailureAsync(CloudErrorKind.AlreadyExists, () => MoveAsync(scratch, "a", "b", cancel), "a move onto an object")
            .ConfigureAwait(false);
        RequireEqual(Bytes(10, 1), await scratch.ReadAsync("a", 0, 50, cancel).ConfigureAwait(false), "the source");
        RequireEqual(Bytes(10, 2), await scratch.ReadAsync("b", 0, 50, cancel).ConfigureAwait(false), "the target");
    }

    private static async Task MissingAsync(ConformanceScratch scratch, CancellationToken cancel)
    {
        await RequireFailureAsync(CloudErrorKind.NotFound, () => MoveAsync(scratch, "no", "where", cancel), "moving nothing")
            .ConfigureAwait(false);
        await scratch.RequireListAsync("", [], cancel).ConfigureAwait(false);
    }

    private static async Task InvalidAsync(ConformanceScratch scratch, CancellationToken cancel)
    {
        await scratch.WriteAsync("a", Bytes(10), cancel).ConfigureAwait(false);
        await RequireFailureAsync(CloudErrorKind.InvalidName, () => MoveAsync(scratch, "a", "../b", cancel), "moving out")
            .ConfigureAwait(false);
        await RequireFailureAsync(CloudErrorKind.InvalidName, () => MoveAsync(scratch, "A", "b", cancel), "moving a bad name")
            .ConfigureAwait(false);
    }

    private static async Task UnsupportedAsync(ConformanceScratch scratch, CancellationToken cancel)
    {
        await scratch.WriteAsync("a", Bytes(10), cancel).ConfigureAwait(false);
        await RequireFailureAsync(CloudErrorKind.Unsupported, () => MoveAsync(scratch, "a", "b", cancel), "an undeclared move")
            .ConfigureAwait(false);
        RequireEqual(Bytes(10), await scratch.ReadAsync("a", 0, 50, cancel).ConfigureAwait(false), "the object");
    }
}
