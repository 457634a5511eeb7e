using Microsoft.Extensions.Logging;

namespace CuckooDrive.Clouds.Decorators;

/// <summary>The parts of the standard stack; null leaves a part out.</summary>
public sealed record ResilientCloudOptions
{
    public RetryOptions? Retry { get; init; } = new();

    public TimeoutOptions? Timeout { get; init; } = new();

    public CircuitBreakerOptions? CircuitBreaker { get; init; } = new();

    /// <summary>Left out by itself when neither this nor the provider sets any limit.</summary>
    public ThrottleOptions? Throttle { get; init; } = new();

    /// <summary>Waits for nothing until the account asks for fewer requests.</summary>
    public AdaptiveRateOptions? AdaptiveRate { get; init; } = new();

    /// <summary>
    /// Compares hashes after uploads. Left out by itself where the provider declares none or compares it already
    /// (<see cref="CloudCapabilities.ComparesHash"/>): that would cost a second hash of every byte and find nothing more.
    /// </summary>
    public bool Integrity { get; init; } = true;

    public bool Metrics { get; init; } = true;

    public ILogger? Logger { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;
}

/// <summary>Composes the decorators that every cloud in daily use gets, in the order that makes sense of them.</summary>
public static class ResilientCloud
{
    /// <summary>Takes over the storage: disposing the result disposes it.</summary>
    public static ICloudStorage Wrap(ICloudStorage storage, ResilientCloudOptions? options = null)
    {
        options ??= new ResilientCloudOptions();
        // From the inside out. A time-out covers one try and not the wait for a turn; metrics see every try. The rate is looked
        // at last before a call: who had still to wait for a slot after it would start in a pause that began meanwhile. Retries
        // wait for a turn again each time. Hashes are compared once the retries are through, each of which reads the content
        // anew, and the question for the hash is retried by itself. The breaker counts what retries could not mend, and its own
        // refusals are not retried.
        if (options.Timeout is not null)
            storage = new TimeoutStorage(storage, options.Timeout, options.Time);
        if (options.Metrics)
            storage = new MetricsStorage(storage, options.Time);
        if (options.AdaptiveRate is not null)
            storage = new AdaptiveRateStorage(storage, options.AdaptiveRate, options.Time);
        if (options.Throttle is not null && Limits(options.Throttle, storage.Capabilities))
            storage = new ThrottleStorage(storage, options.Throttle, options.Time);
        if (options.Retry is not null)
            storage = new RetryStorage(storage, options.Retry, options.Time);
        if (options.Integrity && storage.Capabilities is { Hash: not CloudHashKind.None, ComparesHash: false })
            storage = new IntegrityStorage(storage, options.Time);
        if (options.CircuitBreaker is not null)
            storage = new CircuitBreakerStorage(storage, options.CircuitBreaker, options.Time);
        if (options.Logger is not null)
            storage = new LoggingStorage(storage, options.Logger, options.Time);
        return storage;
    }

    private static bool Limits(ThrottleOptions options, CloudCapabilities capabilities) =>
        options != new ThrottleOptions() || capabilities.ParallelWrites > 0;
}
