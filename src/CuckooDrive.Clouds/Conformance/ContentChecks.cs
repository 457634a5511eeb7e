using System.Security.Cryptography;
using static CuckooDrive.Clouds.Conformance.ConformanceScratch;
using static CuckooDrive.Clouds.Conformance.ConformanceSuite;

namespace CuckooDrive.Clouds.Conformance;

/// <summary>What is written is read back, whatever its size and wherever it comes from.</summary>
internal static class ContentChecks
{
    private const int MiB = 1 << 20;

    public static IEnumerable<ConformanceCheck> All =>
    [
        Size("an empty object", 0),
        Size("an object of one byte", 1),
        Size("an object of 4095 bytes", 4095),
        Size("an object of 4096 bytes", 4096),
        Size("an object of 1 MiB - 1", MiB - 1),
        Size("an object of 4 MiB", 4 * MiB),
        Size("an object of 4 MiB + 1", (4 * MiB) + 1),
        Size("an object of 16 MiB", 16 * MiB),
        Always("a part of a local file is stored", PartOfFileAsync),
        Always("a stream that gives few bytes at a time is stored", TricklingStreamAsync),
        Always("all byte values survive", EveryByteAsync),
        Always("writing describes the object", DescribesAsync),
        Always("an object can be read many times", RereadAsync),
        With("a hash", static has => has.Hash != CloudHashKind.None, "the provider's hash is the content's", HashAsync),
        With(
            "objects of 200 MB",
            static has => has.MaximumObjectSize >= 200_000_000,
            "200 MB are streamed in and out with flat memory",
            LargeAsync) with { IsHeavy = true },
    ];

    private static ConformanceCheck Size(string name, int size) => Always($"{name} comes back", async (scratch, cancel) =>
    {
        var data = Bytes(size);
        await scratch.WriteAsync("object", data, cancel).ConfigureAwait(false);
        var found = await scratch.Storage.StatAsync(scratch.Name("object"), cancel).ConfigureAwait(false);
        Require(found?.Length == size, $"its length is said to be {found?.Length}");
        RequireEqual(data, await scratch.DownloadAsync("object", 0, null, cancel).ConfigureAwait(false), "the streamed object");
        RequireEqual(data, await scratch.ReadAsync("object", 0, size + 1, cancel).ConfigureAwait(false), "the object read at once");
    });

    private static async Task PartOfFileAsync(ConformanceScratch scratch, CancellationToken cancel)
    {
        var data = Bytes(3 * MiB);
        var path = Path.GetTempFileName();
        try
        {
            await File.WriteAllBytesAsync(path, data, cancel).ConfigureAwait(false);
            await scratch.Storage.WriteAsync(
                scratch.Name("part"), CloudContent.FromFile(path, 12_345, 2 * MiB), cancel).ConfigureAwait(false);
        }
        finally
        {
            File.Delete(path);
        }
        RequireEqual(
            data.AsMemory(12_345, 2 * MiB), await scratch.DownloadAsync("part", 0, null, cancel).ConfigureAwait(false), "the part");
    }

    private static async Task TricklingStreamAsync(ConformanceScratch scratch, CancellationToken cancel)
    {
        var data = Bytes(100_000);
        var content = new TestContent(data.Length, () => new TestStream(data.Length, data) { MostAtOnce = 777 });
        await scratch.Storage.WriteAsync(scratch.Name("trickle"), content, cancel).ConfigureAwait(false);
        RequireEqual(data, await scratch.DownloadAsync("trickle", 0, null, cancel).ConfigureAwait(false), "the object");
    }

    private static async Task EveryByteAsync(ConformanceScratch scratch, CancellationToken cancel)
    {
        byte[] data = [.. Enumerable.Range(0, 65_536).Select(index => (byte)((index % 2 == 0) ? index >> 8 : index))];
        await scratch.WriteAsync("bytes.txt", data, cancel).ConfigureAwait(false);
        RequireEqual(data, await scratch.DownloadAsync("bytes.txt", 0, null, cancel).ConfigureAwait(false), "the object");
    }

    private static async Task DescribesAsync(ConformanceScratch scratch, CancellationToken cancel)
    {
        var written = await scratch.WriteAsync("described", Bytes(1234), cancel).ConfigureAwait(false);
        var found = await scratch.Storage.StatAsync(scratch.Name("described"), cancel).ConfigureAwait(false);
        Require(written.Name == scratch.Name("described"), $"a write returns the name '{written.Name}'");
        Require(written.Length == 1234, $"a write of 1234 bytes returns the length {written.Length}");
        Require(found?.Name == written.Name, $"stat returns the name '{found?.Name}'");
        Require(found!.Length == 1234, $"stat returns the length {found.Length}");
    }

    private static async Task RereadAsync(ConformanceScratch scratch, CancellationToken cancel)
    {
        var data = Bytes(10_000);
        await scratch.WriteAsync("again", data, cancel).ConfigureAwait(false);
        for (var round = 0; round < 5; round++)
            RequireEqual(data, await scratch.ReadAsync("again", 0, 10_000, cancel).ConfigureAwait(false), $"read number {round}");
    }

    private static async Task HashAsync(ConformanceScratch scratch, CancellationToken cancel)
    {
        var data = Bytes(100_000);
        await scratch.WriteAsync("hashed", data, cancel).ConfigureAwait(false);
        var found = await scratch.Storage.StatAsync(scratch.Name("hashed"), cancel).ConfigureAwait(false);
        Require(!string.IsNullOrEmpty(found?.Hash), "stat returns no hash");
        var own = await ContentHash.ComputeAsync(scratch.Storage.Capabilities.Hash, CloudContent.FromMemory(data), cancel)
            .ConfigureAwait(false);
        Require(own is null || ContentHash.AreEqual(found!.Hash!, own), $"the hash '{found!.Hash}' is not that of the content");
    }

    private static async Task LargeAsync(ConformanceScratch scratch, CancellationToken cancel)
    {
        const long Size = 200_000_000;
        var before = GC.GetTotalMemory(forceFullCollection: true);
        long highest = 0;
        void Watch() => highest = Math.Max(highest, GC.GetTotalMemory(forceFullCollection: false));

        var content = new TestContent(Size, () => new TestStream(Size) { OnRead = Watch });
        await scratch.Storage.WriteAsync(scratch.Name("large"), content, cancel).ConfigureAwait(false);

        using var wanted = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var found = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await HashAsync(new TestStream(Size), wanted, Watch, cancel).ConfigureAwait(false);
        var stored = await scratch.Storage.OpenReadAsync(scratch.Name("large"), cancellationToken: cancel).ConfigureAwait(false);
        await HashAsync(stored, found, Watch, cancel).ConfigureAwait(false);
        RequireEqual(wanted.GetHashAndReset(), found.GetHashAndReset(), "the hash of 200 MB");
        // A store in this process's own memory cannot but grow by the object.
        if (!scratch.Storage.Address.StartsWith("memory:", StringComparison.Ordinal))
            Require(highest - before < 100_000_000, $"memory grew by {(highest - before) / 1_000_000} MB");
    }

    private static async Task HashAsync(Stream stream, IncrementalHash hash, Action watch, CancellationToken cancel)
    {
        await using (stream.ConfigureAwait(false))
        {
            var buffer = new byte[MiB];
            for (int read; (read = await stream.ReadAsync(buffer, cancel).ConfigureAwait(false)) > 0; watch())
                hash.AppendData(buffer, 0, read);
        }
    }
}
