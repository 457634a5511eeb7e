using CuckooDrive.Clouds;
using CuckooDrive.Clouds.Conformance;
using CuckooDrive.Host.Output;

namespace CuckooDrive.Host.Storage;

/// <summary>How quickly a storage answers small requests, and how fast one stream goes up and down.</summary>
internal sealed class StorageMeasurement(ICloudStorage cloud, TimeProvider time)
{
    private const int Rounds = 7;
    private const int SmallLength = 1024;
    private readonly string _folder = $"{ConformanceSuite.Folder}{Guid.NewGuid():n}/";

    /// <summary>Works in a scratch folder and leaves nothing behind, cancelled or not.</summary>
    /// <param name="length">Bytes to send and to fetch.</param>
    public async Task<StorageSpeedOutput> RunAsync(int length, CancellationToken cancellation)
    {
        try
        {
            var small = await MeasureSmallAsync(cancellation);
            var (up, down) = await MeasureStreamsAsync(length, cancellation);
            return small with { UploadRate = up, DownloadRate = down };
        }
        finally
        {
            await RemoveAsync();
        }
    }

    private async Task<StorageSpeedOutput> MeasureSmallAsync(CancellationToken cancellation)
    {
        var content = CloudContent.FromMemory(ConformanceScratch.Bytes(SmallLength));
        var buffer = new byte[SmallLength];
        List<double> writes = [], stats = [], reads = [], deletes = [];
        for (var round = 0; round < Rounds; round++)
        {
            var name = $"{_folder}small-{round}";
            writes.Add(await TimeAsync(() => cloud.WriteAsync(name, content, cancellation)));
            stats.Add(await TimeAsync(() => cloud.StatAsync(name, cancellation)));
            reads.Add(await TimeAsync(() => cloud.ReadAsync(name, 0, buffer, cancellation).AsTask()));
            deletes.Add(await TimeAsync(() => cloud.DeleteAsync(name, cancellation)));
        }
        return new StorageSpeedOutput(Median(writes), Median(stats), Median(reads), Median(deletes), 0, 0);
    }

    private async Task<(double Up, double Down)> MeasureStreamsAsync(int length, CancellationToken cancellation)
    {
        var name = $"{_folder}large";
        var content = CloudContent.FromMemory(ConformanceScratch.Bytes(length));
        var up = await TimeAsync(() => cloud.WriteAsync(name, content, cancellation));
        var down = await TimeAsync(async () =>
        {
            await using var stream = await cloud.OpenReadAsync(name, cancellationToken: cancellation);
            await stream.CopyToAsync(Stream.Null, 1 << 20, cancellation);
        });
        return (Rate(length, up), Rate(length, down));
    }

    private async Task RemoveAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        foreach (var name in Enumerable.Range(0, Rounds).Select(round => $"{_folder}small-{round}").Append($"{_folder}large"))
            await cloud.DeleteAsync(name, patience.Token);
    }

    private async Task<double> TimeAsync(Func<Task> call)
    {
        var start = time.GetTimestamp();
        await call();
        return time.GetElapsedTime(start).TotalMilliseconds;
    }

    private static double Median(List<double> values)
    {
        values.Sort();
        return Math.Round(values[values.Count / 2], 2);
    }

    private static double Rate(int length, double milliseconds) => Math.Round(length / Math.Max(milliseconds / 1000, 1e-6));
}
