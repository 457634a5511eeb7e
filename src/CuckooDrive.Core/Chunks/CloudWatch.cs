using CuckooDrive.Clouds;
using CuckooDrive.Format;
using Microsoft.Extensions.Logging;

namespace CuckooDrive.Core.Chunks;

/// <summary>
/// Asks the clouds how they do when nothing else does: for their free space, now and then and before a writer is refused, and
/// whether they answer again after a failure, so that nobody waits for a cloud that is not asked any more. Thread safe.
/// </summary>
internal sealed class CloudWatch(ChunkStoreOptions options, CloudLanes lanes, TimeProvider time, ILogger logger, CancellationToken stopping)
{
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    /// <summary>A writer that is about to be refused waits no longer for the clouds' figures.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly Lock _gate = new();
    private readonly Dictionary<CloudLane, (Task Task, long Started)> _asking = [];
    private readonly Pulse _probe = new();

    /// <summary>Called when a cloud has told its free space.</summary>
    public Action? RoomChanged { get; set; }

    /// <summary>Called when a cloud answers again.</summary>
    public Action? Recovered { get; set; }

    /// <summary>Somebody waits: whoever was left alone after a failure, or had no room, is asked again at once.</summary>
    public void RetryNow()
    {
        foreach (var lane in lanes.All)
            lane.RetryNow();
        foreach (var lane in lanes.All.Where(static lane => lane.Free == 0))
            _ = AskForRoomAsync(lane, forget: true);
        _probe.Fire();
    }

    /// <summary>
    /// Asks the clouds that have little room, unless they were asked a moment ago. All who call meanwhile wait for the same
    /// answers, and not for long.
    /// </summary>
    public Task AskForRoomAsync()
    {
        var asking = new List<Task>();
        foreach (var lane in lanes.All)
        {
            if (lane.Free == long.MaxValue || lane.HasFreshQuota(options.QuotaAge) || !lane.MayBeAskedForRoom)
                continue;
            var answer = AskForRoomAsync(lane, forget: false);
            var patience = Patience - time.GetElapsedTime(StartOf(lane));
            if (!answer.IsCompleted && patience > TimeSpan.Zero)
                asking.Add(Task.WhenAny(answer, Task.Delay(patience, time, stopping)));
        }
        return Task.WhenAll(asking);
    }

    /// <summary>Asks every cloud for its free space, again and again.</summary>
    public async Task RunQuotasAsync()
    {
        while (true)
        {
            await Task.WhenAll(lanes.All.Where(static lane => lane.MayBeAskedForRoom).Select(lane => AskForRoomAsync(lane, forget: true))).ConfigureAwait(false);
            await Task.Delay(options.QuotaInterval, time, stopping).ConfigureAwait(false);
        }
    }

    /// <summary>Asks each cloud that failed, once its pause is over, whether it answers again.</summary>
    public async Task RunProbesAsync()
    {
        var probes = new Dictionary<CloudLane, Task>();
        while (true)
        {
            var wake = _probe.Next;
            foreach (var lane in lanes.All.Where(lane => lane.NeedsProbe && probes.GetValueOrDefault(lane) is not { IsCompleted: false }))
                probes[lane] = ProbeAsync(lane);
            await Task.WhenAny(wake, Task.Delay(Tick, time, stopping)).ConfigureAwait(false);
            stopping.ThrowIfCancellationRequested();
        }
    }

    private long StartOf(CloudLane lane)
    {
        lock (_gate)
            return _asking.TryGetValue(lane, out var asking) ? asking.Started : time.GetTimestamp();
    }

    /// <summary>Asks one cloud, or joins who is asking it; a failure is noted on its lane.</summary>
    /// <param name="lane">Whom to ask.</param>
    /// <param name="forget">Whether a cloud that does not tell its space is believed to have room again.</param>
    public Task AskForRoomAsync(CloudLane lane, bool forget)
    {
        if (!lane.Storage.Capabilities.Quota)
        {
            if (forget)
                lane.ForgetRefusal();
            return Task.CompletedTask;
        }
        lock (_gate)
        {
            if (_asking.TryGetValue(lane, out var asking) && !asking.Task.IsCompleted)
                return asking.Task;
            if (stopping.IsCancellationRequested)
                return Task.CompletedTask;
            var answer = Task.Run(() => RefreshAsync(lane), CancellationToken.None);
            _asking[lane] = (answer, time.GetTimestamp());
            return answer;
        }
    }

    private async Task RefreshAsync(CloudLane lane)
    {
        try
        {
            var quota = await lane.CallAsync(lane.Storage.GetQuotaAsync, options.ReadTimeout, stopping).ConfigureAwait(false);
            var wasReachable = lane.IsReachable;
            lane.ReportQuota(quota);
            RoomChanged?.Invoke();
            if (!wasReachable)
                Recovered?.Invoke();
        }
        catch (CloudException exception)
        {
            if (lane.IsReachable)
                logger.LogWarning("{Cloud} does not tell its free space: {Message}", lane.Member.Name, exception.Message);
            lane.ReportFailure(exception.Message, exception.RetryAfter);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The store ends.
        }
    }

    private async Task ProbeAsync(CloudLane lane)
    {
        try
        {
            var name = ObjectNames.Member(lane.Member.Id);
            await lane.CallAsync(token => lane.Storage.StatAsync(name, token), options.ReadTimeout, stopping).ConfigureAwait(false);
            lane.ReportAnswer();
            Recovered?.Invoke();
        }
        catch (CloudException exception)
        {
            lane.ReportFailure(exception.Message, exception.RetryAfter);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The store ends.
        }
    }
}
