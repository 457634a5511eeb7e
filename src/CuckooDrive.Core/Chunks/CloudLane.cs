using System.Threading.Channels;
using CuckooDrive.Clouds;
using CuckooDrive.Core.Placement;

namespace CuckooDrive.Core.Chunks;

/// <summary>A shard that is to be written to a cloud.</summary>
internal readonly record struct ShardJob(Pack Pack, int Shard);

/// <summary>
/// What the chunk store knows of one cloud at the moment: whether it answers, how fast, how much room it has, and what
/// waits for it. Thread safe.
/// </summary>
internal sealed class CloudLane(CloudMember member, ChunkStoreOptions options, TimeProvider time)
{
    private const long Unlimited = 1L << 60;

    private readonly Lock _gate = new();
    private readonly HashSet<Task> _calls = [];
    private int _failures;
    private long _blockedUntil = time.GetTimestamp();
    private long _askedToWaitUntil = time.GetTimestamp();
    private long? _downSince;
    private long? _answeredAt;
    private string? _lastError;
    private double _latencySeconds;
    private long? _quotaFree;
    private long _uploadedSinceQuota;
    private long? _quotaToldAt;
    private bool _full;
    private long _refusedBytes;
    private long _uploadedBytes;
    private double _uploadSeconds;
    private long _pendingBytes;
    private int _pendingShards;
    private long _storedBytes;
    private long _storedShards;

    public CloudMember Member { get; } = member;

    public ICloudStorage Storage => Member.Storage;

    public Channel<ShardJob> Queue { get; } = Channel.CreateUnbounded<ShardJob>();

    public ReadWindow Reads { get; } = new(time);

    public bool IsUsable => Member.State != CloudMemberState.Removed;

    public bool TakesShards => Member.State == CloudMemberState.Active;

    /// <summary>Its last answer was not a failure.</summary>
    public bool IsReachable
    {
        get
        {
            lock (_gate)
                return _failures == 0;
        }
    }

    public string? LastError
    {
        get
        {
            lock (_gate)
                return _lastError;
        }
    }

    /// <summary>How long to leave it alone; zero when it may be asked.</summary>
    public TimeSpan TimeUntilAvailable
    {
        get
        {
            lock (_gate)
            {
                var now = time.GetTimestamp();
                return now >= _blockedUntil ? TimeSpan.Zero : time.GetElapsedTime(now, _blockedUntil);
            }
        }
    }

    /// <summary>How long it has failed without any success between; zero while it answers.</summary>
    public TimeSpan DownFor
    {
        get
        {
            lock (_gate)
                return _downSince is { } since ? time.GetElapsedTime(since) : TimeSpan.Zero;
        }
    }

    /// <summary>What reads from it usually take.</summary>
    public TimeSpan Latency
    {
        get
        {
            lock (_gate)
                return TimeSpan.FromSeconds(_latencySeconds);
        }
    }

    /// <summary>
    /// Calls the cloud within a time limit. A call that ignores its cancellation is left behind when the time is up, and
    /// counted until it ends (see <see cref="WhenIdleAsync"/>). Reports nothing about the cloud's condition.
    /// </summary>
    /// <param name="call">The call.</param>
    /// <param name="timeout">Its time limit.</param>
    /// <param name="cancellationToken">Ends it before.</param>
    /// <param name="longest">
    /// Where given, the limit begins anew until then whenever the cloud has answered somebody meanwhile: over a line that is full a call
    /// waits for its turn.
    /// </param>
    /// <exception cref="CloudException">The cloud failed or did not answer in time.</exception>
    public async Task<T> CallAsync<T>(
        Func<CancellationToken, Task<T>> call, TimeSpan timeout, CancellationToken cancellationToken, TimeSpan? longest = null)
    {
        var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var answer = Task.Run(() => call(limit.Token), CancellationToken.None);
        lock (_gate)
            _calls.Add(answer);
        _ = answer.ContinueWith(ended => End(ended, limit), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        try
        {
            return await WaitAsync(answer, timeout, longest ?? timeout, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException exception)
        {
            throw new CloudException(CloudErrorKind.Transient, $"{Member.Name} does not answer.", exception);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new CloudException(CloudErrorKind.Transient, $"{Member.Name} broke the call off.", exception);
        }
        catch (Exception exception) when (exception is not (CloudException or OperationCanceledException))
        {
            // Whatever a provider throws, it must end no loop that goes over all clouds.
            throw new CloudException(CloudErrorKind.Other, $"{Member.Name} failed: {exception.Message}", exception);
        }
        finally
        {
            await CancelAsync(answer, limit).ConfigureAwait(false);
        }
    }

    private async Task<T> WaitAsync<T>(Task<T> answer, TimeSpan timeout, TimeSpan longest, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            try
            {
                return await answer.WaitAsync(timeout, time, cancellationToken).ConfigureAwait(false);
            }
            catch (TimeoutException) when (!answer.IsCompleted && longest > timeout && time.GetElapsedTime(started) < longest && HasAnsweredWithin(timeout))
            {
                // The line is full.
            }
        }
    }

    private bool HasAnsweredWithin(TimeSpan age)
    {
        lock (_gate)
            return _answeredAt is { } answered && time.GetElapsedTime(answered) < age;
    }

    private static async ValueTask CancelAsync(Task call, CancellationTokenSource limit)
    {
        try
        {
            if (!call.IsCompleted)
                await limit.CancelAsync().ConfigureAwait(false);
        }
        catch (ObjectDisposedException)
        {
            // The call has ended at this very moment, and its source with it.
        }
    }

    /// <summary>Completes when no call is under way any more, the ones left behind included.</summary>
    public Task WhenIdleAsync()
    {
        lock (_gate)
            return Task.WhenAll(_calls.Select(static call => call.ContinueWith(static _ => { }, TaskScheduler.Default)));
    }

    public void ReportRead(TimeSpan took)
    {
        lock (_gate)
        {
            Recover();
            _latencySeconds = _latencySeconds == 0 ? took.TotalSeconds : (0.8 * _latencySeconds) + (0.2 * took.TotalSeconds);
        }
    }

    /// <summary>It answered, whatever the answer was.</summary>
    public void ReportAnswer()
    {
        lock (_gate)
            Recover();
    }

    public void ReportFailure(string message, TimeSpan? retryAfter = null)
    {
        lock (_gate)
        {
            _lastError = message;
            _downSince ??= time.GetTimestamp();
            // Calls that were under way together fail together: that is one failure, not a reason for a pause of minutes.
            if (_failures > 0 && time.GetTimestamp() < _blockedUntil && retryAfter is null)
                return;
            _failures++;
            var pause = options.InitialBackoff.TotalSeconds * Math.Pow(2, Math.Min(_failures - 1, 20));
            pause = Math.Min(pause, options.MaximumBackoff.TotalSeconds) * (0.5 + (Random.Shared.NextDouble() / 2));
            pause = Math.Max(pause, retryAfter?.TotalSeconds ?? 0);
            if (retryAfter is { } wish)
                _askedToWaitUntil = time.GetTimestamp() + (long)(wish.TotalSeconds * time.TimestampFrequency);
            _blockedUntil = time.GetTimestamp() + (long)(pause * time.TimestampFrequency);
        }
    }

    /// <summary>It may be asked again now, however long it has been failing, unless it said itself when it wants to be.</summary>
    public void RetryNow()
    {
        lock (_gate)
            _blockedUntil = Math.Max(time.GetTimestamp(), _askedToWaitUntil);
    }

    /// <summary>A call failed: what that says about the cloud. <paramref name="bytes"/> is what was to be stored.</summary>
    public void Report(CloudException exception, long bytes)
    {
        // About the object, not about the cloud, which has answered. NotFound is no such case: what is asked for here by stat
        // and delete may be missing, so it is the folder or the bucket that is not there.
        if (exception.Kind == CloudErrorKind.AlreadyExists)
        {
            ReportAnswer();
            return;
        }
        if (exception.Kind == CloudErrorKind.QuotaExceeded)
            ReportFull(bytes);
        ReportFailure(exception.Message, exception.RetryAfter);
    }

    /// <summary>Nothing is heard of it, its pause is over, and no shard waits that would be the next thing it is asked.</summary>
    public bool NeedsProbe
    {
        get
        {
            lock (_gate)
                return IsUsable && _failures > 0 && _pendingShards == 0 && time.GetTimestamp() >= _blockedUntil;
        }
    }

    /// <summary>Its pause is over, or it pauses only because it is full.</summary>
    public bool MayBeAskedForRoom
    {
        get
        {
            lock (_gate)
                return IsUsable && time.GetTimestamp() >= (_full ? _askedToWaitUntil : _blockedUntil);
        }
    }

    /// <summary>Whether it is known how much room it has, from less than <paramref name="age"/> ago and after its last refusal.</summary>
    public bool HasFreshQuota(TimeSpan age)
    {
        lock (_gate)
            return _quotaToldAt is { } told && time.GetElapsedTime(told) < age;
    }

    /// <summary>A cloud that tells no quota and once had no room gets another chance.</summary>
    public void ForgetRefusal()
    {
        lock (_gate)
        {
            _full = false;
            _quotaToldAt = time.GetTimestamp();
        }
    }

    private void ReportFull(long bytes)
    {
        lock (_gate)
        {
            _full = true;
            _refusedBytes = bytes;
            _quotaToldAt = null;
        }
    }

    public void ReportQuota(CloudQuota quota)
    {
        lock (_gate)
        {
            Recover();
            // Some say "unlimited" by the largest number there is, from which nothing must be counted up.
            _quotaFree = quota.Free < Unlimited ? quota.Free : null;
            _uploadedSinceQuota = 0;
            _quotaToldAt = time.GetTimestamp();
            // Trust a new figure only if it leaves ample room; else the refusal of a write counts more.
            if (quota.Free is not { } bytes || bytes > 4 * _refusedBytes)
                _full = false;
        }
    }

    /// <summary>Bytes that fit after all that waits; <see cref="long.MaxValue"/> when neither quota nor limit is known.</summary>
    public long Free
    {
        get
        {
            lock (_gate)
            {
                if (_full || !TakesShards)
                    return 0;
                var byQuota = _quotaFree is { } free ? free - _uploadedSinceQuota - _pendingBytes : long.MaxValue;
                var byLimit = Member.CapacityLimit is { } limit ? limit - _storedBytes - _pendingBytes : long.MaxValue;
                return Math.Max(Math.Min(byQuota, byLimit), 0);
            }
        }
    }

    public void AddPending(long bytes)
    {
        lock (_gate)
        {
            _pendingBytes += bytes;
            _pendingShards += bytes >= 0 ? 1 : -1;
        }
    }

    public void AddStored(long bytes)
    {
        lock (_gate)
        {
            _storedBytes += bytes;
            _storedShards += bytes >= 0 ? 1 : -1;
            if (bytes < 0)
            {
                _uploadedSinceQuota += bytes;
                _full = false;
            }
        }
    }

    public void ReportUploaded(long bytes, TimeSpan took)
    {
        lock (_gate)
        {
            Recover();
            _uploadedSinceQuota += bytes;
            _uploadedBytes += bytes;
            _uploadSeconds += took.TotalSeconds;
            if (bytes >= _refusedBytes)
                _full = false;
        }
    }

    public CloudStatus GetStatus()
    {
        var free = Free;
        lock (_gate)
        {
            return new CloudStatus(
                Member.Id, Member.Name, _failures == 0, _failures == 0 && !_full ? null : _lastError, _storedShards, _storedBytes, _pendingShards,
                _pendingBytes, _uploadedBytes, _uploadSeconds > 0 ? _uploadedBytes / _uploadSeconds : 0, free == long.MaxValue ? null : free);
        }
    }

    private void End(Task call, CancellationTokenSource limit)
    {
        // Seen, so that a call that was left behind does not end as an unobserved exception.
        _ = call.Exception;
        limit.Dispose();
        lock (_gate)
            _calls.Remove(call);
    }

    private void Recover()
    {
        _failures = 0;
        _downSince = null;
        _answeredAt = time.GetTimestamp();
        _blockedUntil = time.GetTimestamp();
    }
}
