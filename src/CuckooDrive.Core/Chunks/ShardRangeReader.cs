using CuckooDrive.Clouds;
using CuckooDrive.Format;

namespace CuckooDrive.Core.Chunks;

/// <summary>What a cloud gave for a range of a shard: the bytes, or why not.</summary>
internal readonly record struct ShardRange(int Shard, byte[]? Bytes, string? Error, ShardState Finding = ShardState.Pending);

/// <summary>
/// Reads a range of one shard from its cloud within a time limit and keeps the cloud's record. A request that hangs and
/// ignores its cancellation is left behind with its buffer, which is why buffers are not pooled here.
/// </summary>
internal sealed class ShardRangeReader(ChunkStoreOptions options, CloudLanes lanes, TimeProvider time)
{
    /// <summary>
    /// Never fails, except when <paramref name="cancellationToken"/> is cancelled. A <paramref name="buffer"/> of at least the length is
    /// the range's when the range has it; else it must not be used again: a request that was left behind may still fill it.
    /// </summary>
    public async Task<ShardRange> ReadAsync(
        Pack pack, int shard, int offset, int length, CancellationToken cancellationToken, byte[]? buffer = null)
    {
        var place = pack.Shards[shard];
        if (lanes.Find(place.Cloud) is not { IsUsable: true } home)
            return await SearchAsync(pack, shard, offset, length, null, $"{lanes.Name(place.Cloud)} is not there", cancellationToken).ConfigureAwait(false);
        var range = await ReadFromAsync(home, pack, shard, offset, length, cancellationToken, buffer).ConfigureAwait(false);
        // Another machine may have put the shard elsewhere than the record says; a shard known as stored is simply gone.
        return range is { Bytes: null, Finding: ShardState.Missing } && place.State == ShardState.Pending
            ? await SearchAsync(pack, shard, offset, length, home, range.Error!, cancellationToken).ConfigureAwait(false)
            : range;
    }

    private async Task<ShardRange> SearchAsync(
        Pack pack, int shard, int offset, int length, CloudLane? except, string error, CancellationToken cancellationToken)
    {
        foreach (var lane in lanes.All)
        {
            if (lane == except || !lane.IsUsable || !lane.IsReachable)
                continue;
            var range = await ReadFromAsync(lane, pack, shard, offset, length, cancellationToken).ConfigureAwait(false);
            if (range.Bytes is not null)
                return range;
            error += "; " + range.Error;
        }
        return new ShardRange(shard, null, error);
    }

    private async Task<ShardRange> ReadFromAsync(
        CloudLane lane, Pack pack, int shard, int offset, int length, CancellationToken cancellationToken, byte[]? buffer = null)
    {
        var name = ObjectNames.Shard(pack.Id, shard);
        var bytes = buffer ?? GC.AllocateUninitializedArray<byte>(length);
        var started = time.GetTimestamp();
        try
        {
            var read = await lane.CallAsync(
                token => lane.Reads.RunAsync(running => lane.Storage.ReadAsync(name, offset, bytes.AsMemory(0, length), running).AsTask(), token),
                options.ReadTimeout, cancellationToken, WatchedUpload.Patience(options, length)).ConfigureAwait(false);
            if (read != length)
            {
                lane.ReportAnswer();
                return new ShardRange(shard, null, $"{lane.Member.Name} has only a part of shard {shard}", ShardState.Damaged);
            }
            lane.ReportRead(time.GetElapsedTime(started));
            return new ShardRange(shard, bytes, null);
        }
        catch (CloudException exception) when (exception.Kind == CloudErrorKind.NotFound)
        {
            lane.ReportAnswer();
            return new ShardRange(shard, null, $"{lane.Member.Name} has no shard {shard}", ShardState.Missing);
        }
        catch (CloudException exception)
        {
            lane.ReportFailure(exception.Message, exception.RetryAfter);
            return new ShardRange(shard, null, $"{lane.Member.Name}: {exception.Message}");
        }
    }
}
