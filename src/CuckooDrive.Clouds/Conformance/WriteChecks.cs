using static CuckooDrive.Clouds.Conformance.ConformanceScratch;
using static CuckooDrive.Clouds.Conformance.ConformanceSuite;

namespace CuckooDrive.Clouds.Conformance;

/// <summary>A write happens wholly or not at all, and never over another.</summary>
internal static class WriteChecks
{
    public static IEnumerable<ConformanceCheck> All =>
    [
        Always("an existing object is not replaced", ExistingAsync),
        Always("an existing object is not replaced by a stream", ExistingByStreamAsync),
        Always("a name can be used again after deletion", AgainAsync),
        Always("content shorter than promised is refused", (scratch, cancel) => WrongLengthAsync(scratch, 5000, 4999, cancel)),
        Always("content longer than promised is refused", (scratch, cancel) => WrongLengthAsync(scratch, 5000, 5001, cancel)),
        Always("content where none was promised is refused", (scratch, cancel) => WrongLengthAsync(scratch, 0, 1, cancel)),
        Always("no content where some was promised is refused", (scratch, cancel) => WrongLengthAsync(scratch, 1, 0, cancel)),
        Always("large content that ends early is refused", (scratch, cancel) => WrongLengthAsync(scratch, 9 << 20, 8 << 20, cancel)),
        Always("a local file that is too short is refused", ShortFileAsync),
        Always("a local file that is missing is refused", MissingFileAsync),
        Always("content that cannot be opened is refused", UnopenableAsync),
        Always("content that throws at once is refused", (scratch, cancel) => ThrowingAsync(scratch, 100_000, 0, cancel)),
        Always("content that throws in the middle is refused", (scratch, cancel) => ThrowingAsync(scratch, 6 << 20, 5 << 20, cancel)),
        Always("nothing is visible before the last byte", InvisibleAsync),
        Always("a refused write can be tried again", RetryAsync),
    ];

    private static async Task ExistingAsync(ConformanceScratch scratch, CancellationToken cancel)
    {
        var data = Bytes(1000, 1);
        await scratch.WriteAsync("kept", data, cancel).ConfigureAwait(false);
        foreach (var other in new[] { Bytes(1000, 2), Bytes(10, 3), Bytes(5000, 4), [] })
        {
            await RequireFailureAsync(
                CloudErrorKind.AlreadyExists, () => scratch.WriteAsync("kept", other, cancel), "writing over an object")
                .ConfigureAwait(false);
        }
        RequireEqual(data, await scratch.DownloadAsync("kept", 0, null, cancel).ConfigureAwait(false), "the object");
    }

    private static async Task ExistingByStreamAsync(ConformanceScratch scratch, CancellationToken cancel)
    {
        var data = Bytes(1000, 1);
        await scratch.WriteAsync("kept", data, cancel).ConfigureAwait(false);
        var other = new TestContent(3 << 20, () => new TestStream(3 << 20));
        await RequireFailureAsync(
            CloudErrorKind.AlreadyExists,
            () => scratch.Storage.WriteAsync(scratch.Name("kept"), other, cancel),
            "writing a stream over an object").ConfigureAwait(false);
        RequireEqual(data, await scratch.DownloadAsync("kept", 0, null, cancel).ConfigureAwait(false), "the object");
    }

    private static async Task AgainAsync(ConformanceScratch scratch, CancellationToken cancel)
    {
        for (var round = 0; round < 3; round++)
        {
            var data = Bytes(1000 + round, round);
            await scratch.WriteAsync("d/again", data, cancel).ConfigureAwait(false);
            RequireEqual(data, await scratch.ReadAsync("d/again", 0, 5000, cancel).ConfigureAwait(false), $"object {round}");
            await scratch.Storage.DeleteAsync(scratch.Name("d/again"), cancel).ConfigureAwait(false);
            await scratch.RequireAbsentAsync("d/again", cancel).ConfigureAwait(false);
        }
    }

    private static Task WrongLengthAsync(ConformanceScratch scratch, long promised, long given, CancellationToken cancel) =>
        RefusedAsync(scratch, new TestContent(promised, () => new TestStream(given)), $"{given} bytes for {promised}", cancel);

    private static async Task ShortFileAsync(ConformanceScratch scratch, CancellationToken cancel)
    {
        var path = Path.GetTempFileName();
        try
        {
            await File.WriteAllBytesAsync(path, Bytes(10_000), cancel).ConfigureAwait(false);
            await RefusedAsync(scratch, CloudContent.FromFile(path, 5000, 5001), "a file with a byte too few", cancel)
                .ConfigureAwait(false);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static Task MissingFileAsync(ConformanceScratch scratch, CancellationToken cancel)
    {
        var path = Path.Join(Path.GetTempPath(), $"missing-{Guid.NewGuid():n}");
        return RefusedAsync(scratch, CloudContent.FromFile(path, 0, 10), "a missing file", cancel);
    }

    private static Task UnopenableAsync(ConformanceScratch scratch, CancellationToken cancel) =>
        RefusedAsync(scratch, new TestContent(10, () => throw new InvalidOperationException("closed")), "closed content", cancel);

    private static Task ThrowingAsync(ConformanceScratch scratch, long length, long at, CancellationToken cancel)
    {
        var content = new TestContent(length, () => new TestStream(length)
        {
            MostAtOnce = 100_000,
            PauseAt = at,
            Pause = static _ => throw new InvalidDataException("broken"),
        });
        return RefusedAsync(scratch, content, "content that throws", cancel);
    }

    private static async Task RefusedAsync(
        ConformanceScratch scratch, CloudContent content, string what, CancellationToken cancel)
    {
        await RequireFailureAsync(
            CloudErrorKind.Other, () => scratch.Storage.WriteAsync(scratch.Name("refused"), content, cancel), $"writing {what}")
            .ConfigureAwait(false);
        await scratch.RequireAbsentAsync("refused", cancel).ConfigureAwait(false);
        await scratch.RequireListAsync("", [], cancel).ConfigureAwait(false);
    }

    private static async Task InvisibleAsync(ConformanceScratch scratch, CancellationToken cancel)
    {
        const int Length = 6 << 20;
        var content = new TestContent(Length, () => new TestStream(Length)
        {
            MostAtOnce = 1 << 20,
            PauseAt = 5 << 20,
            Pause = async token =>
            {
                await scratch.RequireAbsentAsync("growing", token).ConfigureAwait(false);
                await scratch.RequireListAsync("", [], token).ConfigureAwait(false);
            },
        });
        var written = await scratch.Storage.WriteAsync(scratch.Name("growing"), content, cancel).ConfigureAwait(false);
        Require(written.Length == Length, $"a write of {Length} bytes returns the length {written.Length}");
    }

    private static async Task RetryAsync(ConformanceScratch scratch, CancellationToken cancel)
    {
        await ThrowingAsync(scratch, 100_000, 50_000, cancel).ConfigureAwait(false);
        var data = Bytes(100_000);
        await scratch.WriteAsync("refused", data, cancel).ConfigureAwait(false);
        RequireEqual(data, await scratch.DownloadAsync("refused", 0, null, cancel).ConfigureAwait(false), "the object");
    }
}
