using System.Runtime.CompilerServices;

namespace CuckooDrive.Clouds.Decorators;

/// <summary>How to treat an account that asks for fewer requests.</summary>
public sealed record AdaptiveRateOptions
{
    /// <summary>How long calls wait for an account that named a time; while it is longer they fail at once.</summary>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// How long the rate takes to rise again to what it was before the first refusal, at most. Quotas are mostly by the minute: in
    /// two of them a rate that is too high meets at least one refusal, and one that was cut by a passing trouble is soon whole.
    /// </summary>
    public TimeSpan Recovery { get; init; } = TimeSpan.FromMinutes(2);
}

/// <summary>
/// Starts fewer calls when the account answers <see cref="CloudErrorKind.RateLimited"/>, none before the time that it named has
/// passed, and slowly more again while it answers. All calls through one instance share the rate, so there is to be one for each
/// account. Without a refusal nothing waits and nothing is allocated. Thread safe.
/// </summary>
/// <remarks>
/// A call is one of this interface; a large write or a list may be several requests of the provider. Calls wait in turn; one that
/// is cancelled leaves the queue. The refusal itself goes to the caller: trying again is the business of <see cref="RetryStorage"/>.
/// </remarks>
public sealed class AdaptiveRateStorage : InterceptingStorage
{
    private readonly TimeSpan _longestPause;
    private readonly TimeProvider _time;
    private readonly AdaptiveRate _rate;
    private readonly SemaphoreSlim _turn = new(1);

    public AdaptiveRateStorage(ICloudStorage inner, AdaptiveRateOptions? options = null, TimeProvider? time = null) : base(inner)
    {
        options ??= new AdaptiveRateOptions();
        _time = time ?? TimeProvider.System;
        _longestPause = options.LongestPause;
        _rate = new AdaptiveRate(options.Recovery, _time);
    }

    public override async IAsyncEnumerable<CloudObject> ListAsync(
        string prefix, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await using var list = base.ListAsync(prefix, cancellationToken).GetAsyncEnumerator(cancellationToken);
        while (true)
        {
            // Whether a step needs a further page is known only when it has begun.
            if (_rate.IsLimited)
                await WaitAsync(_rate.Pause, cancellationToken).ConfigureAwait(false);
            if (!await list.MoveNextAsync().ConfigureAwait(false))
                yield break;
            yield return list.Current;
        }
    }

    // Pooled: a call that waits for its answer allocates nothing here.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    protected override async ValueTask<TResult> InvokeAsync<TState, TResult>(
        CloudRequest request,
        TState state,
        Func<TState, CancellationToken, ValueTask<TResult>> call,
        CancellationToken cancellationToken)
    {
        // While there is a limit even who could start at once stands behind those who wait.
        if (_rate.IsLimited || !_rate.TryStart(out var started, out _))
            started = await StartInTurnAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var result = await call(state, cancellationToken).ConfigureAwait(false);
            _rate.Succeeded();
            return result;
        }
        catch (CloudException failure) when (failure.Kind == CloudErrorKind.RateLimited)
        {
            _rate.Refused(started, failure.RetryAfter);
            throw;
        }
    }

    private async ValueTask<TimeSpan> StartInTurnAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            TimeSpan started;
            // Asked again after the wait, for the account may have refused others meanwhile.
            while (!_rate.TryStart(out started, out var wait))
                await WaitAsync(wait, cancellationToken).ConfigureAwait(false);
            return started;
        }
        finally
        {
            _turn.Release();
        }
    }

    private Task WaitAsync(TimeSpan wait, CancellationToken cancellationToken)
    {
        if (wait > _longestPause)
            throw new CloudException(CloudErrorKind.RateLimited, $"{Address} asked to be left alone for a while, and is.") { RetryAfter = wait };
        // Whole milliseconds are what timers know; a fraction would be no wait at all.
        return Task.Delay(TimeSpan.FromMilliseconds(Math.Ceiling(wait.TotalMilliseconds)), _time, cancellationToken);
    }
}
