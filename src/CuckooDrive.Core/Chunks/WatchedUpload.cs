using CuckooDrive.Clouds;

namespace CuckooDrive.Core.Chunks;

/// <summary>
/// Writes to a cloud that may take as long as they like as long as they move: a slow upload that were given up would begin anew and be no
/// faster then. One that stands still looks like a cloud that hangs, and a small question tells them apart long before the time is up.
/// </summary>
internal static class WatchedUpload
{
    /// <summary>In bytes a second.</summary>
    private const double SlowestLine = 16 << 10;

    /// <summary>How long nothing need be seen of a transfer of so many bytes, all of which may lie in buffers on the way.</summary>
    public static TimeSpan Patience(ChunkStoreOptions options, long length) => options.UploadTimeout + TimeSpan.FromSeconds(length / SlowestLine);

    /// <summary>Writes an object; reports nothing about the cloud's condition.</summary>
    /// <exception cref="CloudException">The cloud failed, or answers no more; a write that ignores its cancellation is left behind then.</exception>
    public static async Task<CloudObject> WriteAsync(
        CloudLane lane, string name, CloudContent content, ChunkStoreOptions options, TimeProvider time, CancellationToken stopping)
    {
        var patience = Patience(options, content.Length);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        long read = 0;
        var observed = new ObservedContent(content, count => Interlocked.Add(ref read, count));
        var write = lane.CallAsync(token => lane.Storage.WriteAsync(name, observed, token), Timeout.InfiniteTimeSpan, limit.Token);
        try
        {
            var (seen, seenAt) = (0L, time.GetTimestamp());
            while (await Task.WhenAny(write, Task.Delay(options.ReadTimeout, time, stopping)).ConfigureAwait(false) != write)
            {
                stopping.ThrowIfCancellationRequested();
                if (Interlocked.Read(ref read) is var now && now != seen)
                {
                    (seen, seenAt) = (now, time.GetTimestamp());
                    continue;
                }
                if (time.GetElapsedTime(seenAt) >= patience)
                    throw new CloudException(CloudErrorKind.Transient, $"{lane.Member.Name} takes no more of an upload.");
                await lane.CallAsync(token => lane.Storage.StatAsync(name, token), options.ReadTimeout, stopping).ConfigureAwait(false);
            }
            return await write.ConfigureAwait(false);
        }
        catch when (!write.IsCompleted)
        {
            await limit.CancelAsync().ConfigureAwait(false);
            // Left behind, and counted by the lane until it ends; how is nobody's concern any more.
            _ = write.ContinueWith(static ended => _ = ended.Exception, TaskScheduler.Default);
            throw;
        }
    }
}
