using System.Collections.Concurrent;
using System.Runtime.CompilerServices;

namespace CuckooDrive.Clouds.Decorators;

/// <summary>How long to wait for an answer.</summary>
public sealed record TimeoutOptions
{
    /// <summary>For any call, and for each part of a stream or list.</summary>
    public TimeSpan Answer { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// Transfers get longer by their length at this many bytes a second. For a write, whose progress can be seen, that is no limit for
    /// the whole of it: the time begins anew whenever more of its content is read, so that a slow line gets its work done.
    /// </summary>
    public long SlowestTransfer { get; init; } = 32 << 10;
}

/// <summary>
/// Cancels calls that take too long; they fail as <see cref="CloudErrorKind.Transient"/>. It returns when the storage below
/// reacts to the cancellation, so that no buffer of the caller is in use afterwards.
/// </summary>
public sealed class TimeoutStorage(ICloudStorage inner, TimeoutOptions? options = null, TimeProvider? time = null)
    : InterceptingStorage(inner)
{
    private const int PoolSize = 64;

    private readonly TimeoutOptions _options = options ?? new TimeoutOptions();
    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly ConcurrentBag<CancellationTokenSource> _sources = [];

    public override async IAsyncEnumerable<CloudObject> ListAsync(
        string prefix, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        // A list has one token for all its pages, so its timer is set anew for each of them.
        using var source = new CancellationTokenSource(Timeout.InfiniteTimeSpan, _time);
        await using var link = cancellationToken.UnsafeRegister(Cancel, source);
        await using var list = Inner.ListAsync(prefix, source.Token).GetAsyncEnumerator(source.Token);
        while (true)
        {
            try
            {
                source.CancelAfter(_options.Answer);
                if (!await list.MoveNextAsync().ConfigureAwait(false))
                    break;
                source.CancelAfter(Timeout.InfiniteTimeSpan);
            }
            catch (OperationCanceledException) when (source.IsCancellationRequested)
            {
                cancellationToken.ThrowIfCancellationRequested();
                throw TimedOut(_options.Answer);
            }
            yield return list.Current;
        }
    }

    public override async Task<Stream> OpenReadAsync(
        string name, long offset = 0, long? length = null, CancellationToken cancellationToken = default) =>
        new TimedStream(this, await base.OpenReadAsync(name, offset, length, cancellationToken).ConfigureAwait(false));

    public override async Task<CloudObject> WriteAsync(string name, CloudContent content, CancellationToken cancellationToken = default)
    {
        var limit = LimitOf(content.Length);
        // Its own: who still reads after the end of the write must set nobody else's timer.
        using var source = new CancellationTokenSource(Timeout.InfiniteTimeSpan, _time);
        return await LimitAsync(
            source,
            limit,
            (Inner, name, content: new ObservedContent(content, _ => Prolong(source, limit))),
            static (state, token) => new ValueTask<CloudObject>(state.Inner.WriteAsync(state.name, state.content, token)),
            cancellationToken).ConfigureAwait(false);
    }

    protected override ValueTask<TResult> InvokeAsync<TState, TResult>(
        CloudRequest request,
        TState state,
        Func<TState, CancellationToken, ValueTask<TResult>> call,
        CancellationToken cancellationToken)
    {
        var limit = LimitOf(request.Operation is CloudOperation.OpenRead ? 0 : request.Length);
        return LimitAsync(limit, state, call, cancellationToken);
    }

    private TimeSpan LimitOf(long transferred) => _options.Answer + TimeSpan.FromSeconds(transferred / (double)_options.SlowestTransfer);

    private static void Prolong(CancellationTokenSource source, TimeSpan limit)
    {
        try
        {
            source.CancelAfter(limit);
        }
        catch (ObjectDisposedException)
        {
            // Somebody still reads although the write has ended.
        }
    }

    private static void Cancel(object? source) => ((CancellationTokenSource)source!).Cancel();

    private async ValueTask<TResult> LimitAsync<TState, TResult>(
        TimeSpan limit,
        TState state,
        Func<TState, CancellationToken, ValueTask<TResult>> call,
        CancellationToken cancellationToken)
    {
        if (!_sources.TryTake(out var source))
            source = new CancellationTokenSource(Timeout.InfiniteTimeSpan, _time);
        try
        {
            return await LimitAsync(source, limit, state, call, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            if (_sources.Count < PoolSize && source.TryReset())
                _sources.Add(source);
            else
                source.Dispose();
        }
    }

    private async ValueTask<TResult> LimitAsync<TState, TResult>(
        CancellationTokenSource source,
        TimeSpan limit,
        TState state,
        Func<TState, CancellationToken, ValueTask<TResult>> call,
        CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        source.CancelAfter(limit);
        try
        {
            await using (cancellationToken.UnsafeRegister(Cancel, source).ConfigureAwait(false))
                return await call(state, source.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException exception) when (source.IsCancellationRequested)
        {
            if (cancellationToken.IsCancellationRequested)
                throw new OperationCanceledException(exception.Message, exception, cancellationToken);
            throw TimedOut(limit);
        }
    }

    private CloudException TimedOut(TimeSpan limit) =>
        new(CloudErrorKind.Transient, $"{Address} did not answer within {limit.TotalSeconds:0.#} seconds.");

    private sealed class TimedStream(TimeoutStorage storage, Stream inner) : ReadOnlyStream
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            storage.LimitAsync(
                storage._options.Answer,
                (inner, buffer),
                static (state, token) => state.inner.ReadAsync(state.buffer, token),
                cancellationToken);

        public override ValueTask DisposeAsync() => inner.DisposeAsync();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                inner.Dispose();
            base.Dispose(disposing);
        }
    }
}
