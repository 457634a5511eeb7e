using static CuckooDrive.Clouds.Conformance.ConformanceScratch;
using static CuckooDrive.Clouds.Conformance.ConformanceSuite;

namespace CuckooDrive.Clouds.Conformance;

/// <summary>Parts of objects, at every border.</summary>
internal static class RangeChecks
{
    private const int Size = 300_000;

    public static IEnumerable<ConformanceCheck> All =>
    [
        Range("the first byte", 0, 1),
        Range("the last byte", Size - 1, 1),
        Range("a part in the middle", 123_456, 65_537),
        Range("everything", 0, Size),
        Range("all but the first byte", 1, Size - 1),
        Range("more than there is", 0, Size + 1000),
        Range("a part that begins inside and ends behind the end", Size - 10, 100),
        Range("at the end", Size, 10),
        Range("behind the end", Size + 1, 10),
        Range("far behind the end", 1L << 40, 10),
        Range("nothing", 100, 0),
        Always("a stream from an offset to the end", TailAsync),
        Always("any part of an empty object is empty", EmptyAsync),
        Always("many small parts in random order", RandomPartsAsync),
        Always("reading a missing object is NotFound, also at an offset and as a stream", MissingAsync),
        Always("a stream may be left in the middle", AbandonedAsync),
    ];

    private static ConformanceCheck Range(string name, long offset, int length) =>
        Always($"reading {name}", async (scratch, cancel) =>
        {
            var data = Bytes(Size);
            await scratch.WriteAsync("ranges", data, cancel).ConfigureAwait(false);
            var start = (int)Math.Min(offset, Size);
            var expected = data.AsMemory(start, Math.Min(length, Size - start));
            RequireEqual(
                expected, await scratch.ReadAsync("ranges", offset, length, cancel).ConfigureAwait(false), "what was read");
            RequireEqual(
                expected,
                await scratch.DownloadAsync("ranges", offset, length, cancel).ConfigureAwait(false),
                "what was streamed");
        });

    private static async Task TailAsync(ConformanceScratch scratch, CancellationToken cancel)
    {
        var data = Bytes(Size);
        await scratch.WriteAsync("tail", data, cancel).ConfigureAwait(false);
        RequireEqual(
            data.AsMemory(200_001), await scratch.DownloadAsync("tail", 200_001, null, cancel).ConfigureAwait(false), "the tail");
        RequireEqual(default, await scratch.DownloadAsync("tail", Size, null, cancel).ConfigureAwait(false), "the tail at the end");
    }

    private static async Task EmptyAsync(ConformanceScratch scratch, CancellationToken cancel)
    {
        await scratch.WriteAsync("empty", [], cancel).ConfigureAwait(false);
        foreach (var offset in new long[] { 0, 1, 5000 })
        {
            RequireEqual(default, await scratch.ReadAsync("empty", offset, 10, cancel).ConfigureAwait(false), "a part");
            RequireEqual(default, await scratch.DownloadAsync("empty", offset, 10, cancel).ConfigureAwait(false), "a stream");
        }
    }

    private static async Task RandomPartsAsync(ConformanceScratch scratch, CancellationToken cancel)
    {
        var data = Bytes(Size);
        await scratch.WriteAsync("parts", data, cancel).ConfigureAwait(false);
        var random = new Random(2);
        for (var round = 0; round < 50; round++)
        {
            var offset = random.Next(Size);
            var length = random.Next(1, 10_000);
            RequireEqual(
                data.AsMemory(offset, Math.Min(length, Size - offset)),
                await scratch.ReadAsync("parts", offset, length, cancel).ConfigureAwait(false),
                $"the part of {length} bytes at {offset}");
        }
    }

    private static async Task MissingAsync(ConformanceScratch scratch, CancellationToken cancel)
    {
        await scratch.WriteAsync("there", Bytes(10), cancel).ConfigureAwait(false);
        foreach (var name in new[] { "missing", "missing/below", "there/below" })
        {
            await RequireFailureAsync(CloudErrorKind.NotFound, () => scratch.ReadAsync(name, 0, 10, cancel), $"reading '{name}'")
                .ConfigureAwait(false);
            await RequireFailureAsync(CloudErrorKind.NotFound, () => scratch.ReadAsync(name, 5, 0, cancel), $"reading nothing of '{name}'")
                .ConfigureAwait(false);
            await RequireFailureAsync(
                CloudErrorKind.NotFound, () => scratch.DownloadAsync(name, 3, 10, cancel), $"streaming '{name}'").ConfigureAwait(false);
        }
    }

    private static async Task AbandonedAsync(ConformanceScratch scratch, CancellationToken cancel)
    {
        var data = Bytes(4 << 20);
        await scratch.WriteAsync("left", data, cancel).ConfigureAwait(false);
        for (var round = 0; round < 10; round++)
        {
            await using var stream = await scratch.Storage.OpenReadAsync(scratch.Name("left"), cancellationToken: cancel)
                .ConfigureAwait(false);
            var start = new byte[100];
            await stream.ReadExactlyAsync(start, cancel).ConfigureAwait(false);
            RequireEqual(data.AsMemory(0, 100), start, "the beginning of the stream");
        }
        RequireEqual(data, await scratch.DownloadAsync("left", 0, null, cancel).ConfigureAwait(false), "the object afterwards");
    }
}
