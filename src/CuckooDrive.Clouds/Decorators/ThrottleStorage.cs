namespace CuckooDrive.Clouds.Decorators;

/// <summary>Limits of one account; null for no limit.</summary>
public sealed record ThrottleOptions
{
    /// <summary>Calls other than writes at once. An open stream counts until it is disposed.</summary>
    public int? ParallelReads { get; init; }

    /// <summary>Writes at once; the provider's <see cref="CloudCapabilities.ParallelWrites"/> if null.</summary>
    public int? ParallelWrites { get; init; }

    /// <summary>Bytes a second, at all times (a number will do) or by the time of day.</summary>
    public BandwidthLimit? UploadRate { get; init; }

    /// <summary>Bytes a second, at all times (a number will do) or by the time of day.</summary>
    public BandwidthLimit? DownloadRate { get; init; }
}

/// <summary>Limits how many calls run at once and how many bytes a second pass.</summary>
public sealed class ThrottleStorage : InterceptingStorage
{
    private readonly SemaphoreSlim? _reads;
    private readonly SemaphoreSlim? _writes;
    private readonly RateLimit? _upload;
    private readonly RateLimit? _download;

    public ThrottleStorage(ICloudStorage inner, ThrottleOptions options, TimeProvider? time = null) : base(inner)
    {
        time ??= TimeProvider.System;
        var writes = options.ParallelWrites ?? inner.Capabilities.ParallelWrites;
        _reads = options.ParallelReads is { } reads ? new SemaphoreSlim(reads) : null;
        _writes = writes > 0 ? new SemaphoreSlim(writes) : null;
        _upload = options.UploadRate is { } up ? new RateLimit(up, time) : null;
        _download = options.DownloadRate is { } down ? new RateLimit(down, time) : null;
    }

    public override async ValueTask<int> ReadAsync(
        string name, long offset, Memory<byte> destination, CancellationToken cancellationToken = default)
    {
        var read = await base.ReadAsync(name, offset, destination, cancellationToken).ConfigureAwait(false);
        if (_download is not null)
            await _download.SpendAsync(read, cancellationToken).ConfigureAwait(false);
        return read;
    }

    public override async Task<Stream> OpenReadAsync(
        string name, long offset = 0, long? length = null, CancellationToken cancellationToken = default)
    {
        if (_reads is not null)
            await _reads.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var stream = await Inner.OpenReadAsync(name, offset, length, cancellationToken).ConfigureAwait(false);
            return _reads is null && _download is null ? stream : new PacedStream(stream, _download, _reads);
        }
        catch
        {
            _reads?.Release();
            throw;
        }
    }

    public override Task<CloudObject> WriteAsync(
        string name, CloudContent content, CancellationToken cancellationToken = default) =>
        base.WriteAsync(name, _upload is null ? content : new PacedContent(content, _upload), cancellationToken);

    protected override ValueTask<TResult> InvokeAsync<TState, TResult>(
        CloudRequest request,
        TState state,
        Func<TState, CancellationToken, ValueTask<TResult>> call,
        CancellationToken cancellationToken)
    {
        var slots = request.Operation is CloudOperation.Write or CloudOperation.Move or CloudOperation.Delete ? _writes : _reads;
        return slots is null ? call(state, cancellationToken) : InSlotAsync(slots, state, call, cancellationToken);
    }

    private static async ValueTask<TResult> InSlotAsync<TState, TResult>(
        SemaphoreSlim slots,
        TState state,
        Func<TState, CancellationToken, ValueTask<TResult>> call,
        CancellationToken cancellationToken)
    {
        await slots.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await call(state, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            slots.Release();
        }
    }

    private sealed class PacedContent(CloudContent inner, RateLimit rate) : CloudContent
    {
        public override long Length => inner.Length;

        public override Stream Open() => new PacedStream(inner.Open(), rate, slot: null);
    }

    private sealed class PacedStream(Stream inner, RateLimit? rate, SemaphoreSlim? slot) : ReadOnlyStream
    {
        private SemaphoreSlim? _slot = slot;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            // In pieces, so that a slow rate is a steady trickle.
            var piece = buffer.Length > RateLimit.Piece ? buffer[..RateLimit.Piece] : buffer;
            var read = await inner.ReadAsync(piece, cancellationToken).ConfigureAwait(false);
            if (rate is not null)
                await rate.SpendAsync(read, cancellationToken).ConfigureAwait(false);
            return read;
        }

        public override async ValueTask DisposeAsync()
        {
            await inner.DisposeAsync().ConfigureAwait(false);
            Interlocked.Exchange(ref _slot, null)?.Release();
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                inner.Dispose();
                Interlocked.Exchange(ref _slot, null)?.Release();
            }
            base.Dispose(disposing);
        }
    }
}

/// <summary>Paces bytes: each spender waits until the bytes before its own have had their time. Thread safe.</summary>
internal sealed class RateLimit(BandwidthLimit limit, TimeProvider time)
{
    public const int Piece = 64 << 10;

    private readonly Lock _gate = new();
    private readonly long _start = time.GetTimestamp();
    private TimeSpan _busyUntil;

    public Task SpendAsync(int bytes, CancellationToken cancellationToken)
    {
        TimeSpan wait;
        lock (_gate)
        {
            var now = time.GetElapsedTime(_start);
            // Unused time is not saved up: a pause does not allow a burst.
            var ahead = now > _busyUntil ? TimeSpan.Zero : _busyUntil - now;
            var begin = time.GetLocalNow().DateTime + ahead;
            wait = ahead + (limit.Pass(begin, bytes) - begin);
            _busyUntil = now + wait;
        }
        return Task.Delay(wait, time, cancellationToken);
    }
}
