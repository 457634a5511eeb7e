using System.Runtime.CompilerServices;

namespace CuckooDrive.Clouds.Decorators;

/// <summary>
/// A cloud that misbehaves as its <see cref="FaultPlan"/> says: for tests, and for trying out what a drive withstands.
/// Without any fault switched on it passes everything on.
/// </summary>
public sealed class FaultStorage(ICloudStorage inner, FaultPlan plan, TimeProvider? time = null) : InterceptingStorage(inner)
{
    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly Lock _gate = new();
    private List<CloudObject>? _staleList;

    public FaultPlan Plan => plan;

    /// <summary>Takes the picture that lists show while <see cref="FaultPlan.StaleLists"/> is on.</summary>
    public async Task FreezeListsAsync(CancellationToken cancellationToken = default)
    {
        var objects = new List<CloudObject>();
        await foreach (var each in Inner.ListAsync("", cancellationToken).ConfigureAwait(false))
            objects.Add(each);
        lock (_gate)
            _staleList = objects;
        plan.StaleLists = true;
    }

    public override async IAsyncEnumerable<CloudObject> ListAsync(
        string prefix, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var stale = Stale(prefix);
        await foreach (var each in (stale ?? base.ListAsync(prefix, cancellationToken)).ConfigureAwait(false))
        {
            if (!plan.IsLost(each.Name))
                yield return each;
        }
    }

    public override async ValueTask<int> ReadAsync(
        string name, long offset, Memory<byte> destination, CancellationToken cancellationToken = default)
    {
        CheckLost(name);
        var read = await base.ReadAsync(name, offset, destination, cancellationToken).ConfigureAwait(false);
        if (plan.AppliesTo(new CloudRequest(CloudOperation.Read, name, destination.Length)))
            plan.Corrupt(name, offset, destination.Span[..read]);
        return read;
    }

    public override async Task<Stream> OpenReadAsync(
        string name, long offset = 0, long? length = null, CancellationToken cancellationToken = default)
    {
        CheckLost(name);
        var stream = await base.OpenReadAsync(name, offset, length, cancellationToken).ConfigureAwait(false);
        return plan.AppliesTo(new CloudRequest(CloudOperation.OpenRead, name, length ?? 0))
            ? new FaultStream(this, stream, name, offset)
            : stream;
    }

    public override async Task<CloudObject> WriteAsync(
        string name, CloudContent content, CancellationToken cancellationToken = default)
    {
        var request = new CloudRequest(CloudOperation.Write, name, content.Length);
        if (content.Length == 0 || !plan.AppliesTo(request) || !plan.Draw(plan.TornWriteShare))
            return await base.WriteAsync(name, content, cancellationToken).ConfigureAwait(false);

        await base.WriteAsync(name, new TornContent(content, plan.Pick(content.Length)), cancellationToken).ConfigureAwait(false);
        throw Failure("lost the connection in the middle of an upload");
    }

    public override async Task<CloudObject?> StatAsync(string name, CancellationToken cancellationToken = default)
    {
        var found = await base.StatAsync(name, cancellationToken).ConfigureAwait(false);
        return plan.IsLost(name) ? null : found;
    }

    protected override async ValueTask<TResult> InvokeAsync<TState, TResult>(
        CloudRequest request,
        TState state,
        Func<TState, CancellationToken, ValueTask<TResult>> call,
        CancellationToken cancellationToken)
    {
        if (!plan.AppliesTo(request))
            return await call(state, cancellationToken).ConfigureAwait(false);

        if (plan.Delay > TimeSpan.Zero)
            await Task.Delay(plan.Delay, _time, cancellationToken).ConfigureAwait(false);
        await plan.WaitWhileHangingAsync(cancellationToken).ConfigureAwait(false);
        Refuse(request);
        if (plan.Draw(plan.FailBeforeShare))
            throw Failure("failed before the effect");

        var result = await call(state, cancellationToken).ConfigureAwait(false);
        if (plan.Draw(plan.FailAfterShare))
        {
            if (result is IAsyncDisposable opened)
                await opened.DisposeAsync().ConfigureAwait(false);
            throw Failure("failed after the effect");
        }
        if (plan.Full && result is CloudQuota quota)
            return (TResult)(object)(quota with { Free = 0, Used = quota.Total });
        return result;
    }

    private void Refuse(CloudRequest request)
    {
        var adds = request.Operation is CloudOperation.Write or CloudOperation.Move;
        if (plan.Offline)
            throw Counted(CloudErrorKind.Transient, "cannot be reached");
        if (plan.RefuseWrites && adds)
            throw Counted(CloudErrorKind.Forbidden, "may not be written");
        if (plan.Full && request.Operation == CloudOperation.Write)
            throw Counted(CloudErrorKind.QuotaExceeded, "is full");
    }

    private void CheckLost(string name)
    {
        if (plan.IsLost(name))
            throw Counted(CloudErrorKind.NotFound, $"has lost '{name}'");
    }

    private IAsyncEnumerable<CloudObject>? Stale(string prefix)
    {
        lock (_gate)
        {
            if (!plan.StaleLists || _staleList is null)
                return null;
            plan.Count();
            return _staleList.Where(each => each.Name.StartsWith(prefix, StringComparison.Ordinal)).ToAsyncEnumerable();
        }
    }

    private CloudException Counted(CloudErrorKind kind, string what)
    {
        plan.Count();
        return new CloudException(kind, $"{Address} {what} (injected).");
    }

    private CloudException Failure(string what) =>
        new(plan.ErrorKind, $"{Address} {what} (injected).") { RetryAfter = plan.RetryAfter };

    private sealed class TornContent(CloudContent inner, long length) : CloudContent
    {
        public override long Length => length;

        public override Stream Open() => new CutStream(inner.Open(), length);
    }

    /// <summary>The first bytes of a stream.</summary>
    private sealed class CutStream(Stream inner, long left) : ReadOnlyStream
    {
        private long _left = left;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var piece = buffer[..(int)Math.Min(buffer.Length, _left)];
            var read = piece.Length == 0 ? 0 : await inner.ReadAsync(piece, cancellationToken).ConfigureAwait(false);
            _left -= read;
            return read;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                inner.Dispose();
            base.Dispose(disposing);
        }
    }

    private sealed class FaultStream(FaultStorage owner, Stream inner, string name, long position) : ReadOnlyStream
    {
        private long _position = position;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await owner.Plan.WaitWhileHangingAsync(cancellationToken).ConfigureAwait(false);
            if (owner.Plan.Draw(owner.Plan.BreakStreamShare))
                throw owner.Failure("broke the connection in the middle of a download");
            var read = await inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
            owner.Plan.Corrupt(name, _position, buffer.Span[..read]);
            _position += read;
            return read;
        }

        public override ValueTask DisposeAsync() => inner.DisposeAsync();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                inner.Dispose();
            base.Dispose(disposing);
        }
    }
}
