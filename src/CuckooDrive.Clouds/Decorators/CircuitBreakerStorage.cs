using Polly;
using Polly.CircuitBreaker;

namespace CuckooDrive.Clouds.Decorators;

/// <summary>When to leave a failing cloud alone.</summary>
public sealed record CircuitBreakerOptions
{
    /// <summary>This share of calls must have failed...</summary>
    public double FailureRatio { get; init; } = 0.5;

    /// <summary>...out of at least so many...</summary>
    public int MinimumCalls { get; init; } = 8;

    /// <summary>...within this time.</summary>
    public TimeSpan Window { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long calls then fail at once, before one is let through to see.</summary>
    public TimeSpan Pause { get; init; } = TimeSpan.FromSeconds(15);
}

/// <summary>
/// After many transient failures calls fail at once for a while, so that readers turn to other clouds without waiting. The
/// error is <see cref="CloudErrorKind.Transient"/> with the time to wait.
/// </summary>
public sealed class CircuitBreakerStorage : InterceptingStorage
{
    private readonly CircuitBreakerStateProvider _state = new();
    private readonly ResiliencePipeline _pipeline;

    public CircuitBreakerStorage(ICloudStorage inner, CircuitBreakerOptions? options = null, TimeProvider? time = null)
        : base(inner)
    {
        options ??= new CircuitBreakerOptions();
        _pipeline = new ResiliencePipelineBuilder { TimeProvider = time ?? TimeProvider.System }
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions
            {
                FailureRatio = options.FailureRatio,
                MinimumThroughput = options.MinimumCalls,
                SamplingDuration = options.Window,
                BreakDuration = options.Pause,
                StateProvider = _state,
                ShouldHandle = static arguments => ValueTask.FromResult(
                    arguments.Outcome.Exception is CloudException { Kind: CloudErrorKind.Transient }),
            })
            .Build();
    }

    protected override ValueTask<TResult> InvokeAsync<TState, TResult>(
        CloudRequest request,
        TState state,
        Func<TState, CancellationToken, ValueTask<TResult>> call,
        CancellationToken cancellationToken)
    {
        if (_state.CircuitState != CircuitState.Closed)
            return GuardAsync(state, call, cancellationToken);
        // What succeeds at once (a read from a cache) says nothing about the cloud and does not pay for the pipeline.
        ValueTask<TResult> first;
        try
        {
            first = call(state, cancellationToken);
        }
        catch (CloudException failure)
        {
            first = ValueTask.FromException<TResult>(failure);
        }
        return first.IsCompletedSuccessfully
            ? first
            : WatchAsync(new Begun<TResult>(first), cancellationToken);
    }

    private async ValueTask<TResult> WatchAsync<TResult>(Begun<TResult> begun, CancellationToken cancellationToken)
    {
        try
        {
            return await _pipeline.ExecuteAsync(static (begun, _) => begun.Take(), begun, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (!begun.IsTaken && exception is (BrokenCircuitException or OperationCanceledException))
        {
            // Refused or cancelled before the pipeline looked. The call is under way all the same, and in the caller's buffer.
            return await begun.Take().ConfigureAwait(false);
        }
    }

    private async ValueTask<TResult> GuardAsync<TState, TResult>(
        TState state, Func<TState, CancellationToken, ValueTask<TResult>> call, CancellationToken cancellationToken)
    {
        try
        {
            return await _pipeline.ExecuteAsync(call, state, cancellationToken).ConfigureAwait(false);
        }
        catch (BrokenCircuitException exception)
        {
            throw new CloudException(
                CloudErrorKind.Transient, $"{Address} failed too often and is left alone for a moment.", exception)
            {
                RetryAfter = exception.RetryAfter,
            };
        }
    }

    private sealed class Begun<TResult>(ValueTask<TResult> call)
    {
        public bool IsTaken { get; private set; }

        public ValueTask<TResult> Take()
        {
            IsTaken = true;
            return call;
        }
    }
}
