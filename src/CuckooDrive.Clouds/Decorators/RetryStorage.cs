using System.Runtime.CompilerServices;
using Polly;
using Polly.Retry;

namespace CuckooDrive.Clouds.Decorators;

/// <summary>How often and how long to try again.</summary>
public sealed record RetryOptions
{
    /// <summary>Further tries after the first one.</summary>
    public int Retries { get; init; } = 4;

    /// <summary>The wait before the second try; it doubles each time, with jitter.</summary>
    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromMilliseconds(250);

    public TimeSpan LongestDelay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A provider that asks to wait longer than this is not waited for: the caller gets its answer.</summary>
    public TimeSpan LongestRetryAfter { get; init; } = TimeSpan.FromMinutes(5);
}

/// <summary>
/// Tries again what may succeed later (<see cref="CloudException.IsRetryable"/>), with exponential back-off, jitter and the
/// provider's own Retry-After. A try that failed may have taken effect all the same: a write or move that then meets its own
/// earlier effect reports success, and one that meets somebody else's object does not.
/// </summary>
/// <remarks>
/// Its own effect is recognised by the content: where racing writers write equal bytes, both may be told that they won after a
/// failure on the way. Who needs one winner (a lease) writes something of his own into the object.
/// </remarks>
public sealed class RetryStorage : InterceptingStorage
{
    private readonly ResiliencePipeline _pipeline;

    public RetryStorage(ICloudStorage inner, RetryOptions? options = null, TimeProvider? time = null) : base(inner)
    {
        options ??= new RetryOptions();
        _pipeline = new ResiliencePipelineBuilder { TimeProvider = time ?? TimeProvider.System }
            .AddRetry(new RetryStrategyOptions
            {
                MaxRetryAttempts = options.Retries,
                Delay = options.FirstDelay,
                MaxDelay = options.LongestDelay,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                ShouldHandle = arguments => ValueTask.FromResult(
                    arguments.Outcome.Exception is CloudException { IsRetryable: true } failure &&
                    !(failure.RetryAfter > options.LongestRetryAfter)),
                DelayGenerator = static arguments =>
                    ValueTask.FromResult((arguments.Outcome.Exception as CloudException)?.RetryAfter),
            })
            .Build();
    }

    public override async IAsyncEnumerable<CloudObject> ListAsync(
        string prefix, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await using var list = new ResumingList(Inner, prefix, cancellationToken);
        while (await _pipeline.ExecuteAsync(static (list, _) => list.MoveNextAsync(), list, cancellationToken)
            .ConfigureAwait(false))
            yield return list.Current;
    }

    public override async Task<Stream> OpenReadAsync(
        string name, long offset = 0, long? length = null, CancellationToken cancellationToken = default)
    {
        var stream = new ResumingStream(Inner, _pipeline, name, offset, length);
        await stream.OpenAsync(cancellationToken).ConfigureAwait(false);
        return stream;
    }

    public override async Task<CloudObject> WriteAsync(
        string name, CloudContent content, CancellationToken cancellationToken = default)
    {
        var write = new OwnEffect(Inner);
        return await _pipeline.ExecuteAsync(
            static (state, token) => state.write.WriteAsync(state.name, state.content, token),
            (write, name, content),
            cancellationToken).ConfigureAwait(false);
    }

    public override async Task MoveAsync(string source, string target, CancellationToken cancellationToken = default)
    {
        var move = new OwnEffect(Inner);
        await _pipeline.ExecuteAsync(
            static (state, token) => state.move.MoveAsync(state.source, state.target, token),
            (move, source, target),
            cancellationToken).ConfigureAwait(false);
    }

    protected override ValueTask<TResult> InvokeAsync<TState, TResult>(
        CloudRequest request,
        TState state,
        Func<TState, CancellationToken, ValueTask<TResult>> call,
        CancellationToken cancellationToken)
    {
        // What succeeds at once (a read from a cache) does not pay for the pipeline.
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
            : GoOnAsync(new Tries<TState, TResult>(first, state, call), cancellationToken);
    }

    private async ValueTask<TResult> GoOnAsync<TState, TResult>(Tries<TState, TResult> tries, CancellationToken cancellationToken)
    {
        try
        {
            return await _pipeline.ExecuteAsync(static (tries, token) => tries.NextAsync(token), tries, cancellationToken)
                .ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!tries.HasBegun)
        {
            // Cancelled before the pipeline looked. The first try is under way all the same, and in the caller's buffer.
            return await tries.NextAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private sealed class Tries<TState, TResult>(
        ValueTask<TResult> first, TState state, Func<TState, CancellationToken, ValueTask<TResult>> call)
    {
        /// <summary>Whether the first try was handed out.</summary>
        public bool HasBegun { get; private set; }

        public ValueTask<TResult> NextAsync(CancellationToken cancellationToken)
        {
            if (HasBegun)
                return call(state, cancellationToken);
            HasBegun = true;
            return first;
        }
    }
}
