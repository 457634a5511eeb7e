using CuckooDrive.Clouds;
using CuckooDrive.Clouds.Decorators;
using CuckooDrive.Format;

namespace CuckooDrive.Core.Drives;

/// <summary>
/// Lets calls through only when the cloud is the member of the drive that it is taken for: its member object is read before the
/// first call, and again after something was not found. Until then every call fails as <see cref="CloudErrorKind.Transient"/>, so that an empty mount
/// point or another account looks like a cloud that is away, never like one that has lost its objects.
/// </summary>
internal sealed class VerifiedCloud(ICloudStorage inner, CloudRecord record, ObjectSealer sealer) : InterceptingStorage(inner)
{
    /// <summary>How often something was not found.</summary>
    private int _doubts;

    /// <summary>What <see cref="_doubts"/> was before the look that found the member; a doubt that came during the look remains one.</summary>
    private volatile int _verifiedAt = -1;

    protected override ValueTask<TResult> InvokeAsync<TState, TResult>(
        CloudRequest request,
        TState state,
        Func<TState, CancellationToken, ValueTask<TResult>> call,
        CancellationToken cancellationToken) =>
        _verifiedAt == Volatile.Read(ref _doubts) ? ExplainAsync(call(state, cancellationToken)) : ExplainAsync(VerifyAndCallAsync(state, call, cancellationToken));

    /// <summary>
    /// Says what to do about a login that does not work, and has the member looked for again after something was not found: its
    /// disk may have been unmounted. Nothing else is changed.
    /// </summary>
    private ValueTask<TResult> ExplainAsync<TResult>(ValueTask<TResult> call)
    {
        return call.IsCompletedSuccessfully ? call : AwaitAsync(call);

        async ValueTask<TResult> AwaitAsync(ValueTask<TResult> pending)
        {
            try
            {
                return await pending.ConfigureAwait(false);
            }
            catch (CloudException exception) when (exception.Kind == CloudErrorKind.NotFound)
            {
                Interlocked.Increment(ref _doubts);
                throw;
            }
            catch (CloudException exception) when (exception.Kind == CloudErrorKind.Unauthorized)
            {
                throw new CloudException(
                    CloudErrorKind.Unauthorized, $"{exception.Message.TrimEnd('.')} (cuckoo cloud login NAME {record.Name}).", exception);
            }
        }
    }

    private async ValueTask<TResult> VerifyAndCallAsync<TState, TResult>(
        TState state, Func<TState, CancellationToken, ValueTask<TResult>> call, CancellationToken cancellationToken)
    {
        await VerifyAsync(cancellationToken).ConfigureAwait(false);
        return await call(state, cancellationToken).ConfigureAwait(false);
    }

    private async Task VerifyAsync(CancellationToken cancellationToken)
    {
        var doubts = Volatile.Read(ref _doubts);
        var name = ObjectNames.Member(record.Id);
        byte[] bytes;
        try
        {
            bytes = await CloudObjects.ReadAsync(Inner, name, CloudObjects.SmallLimit, cancellationToken).ConfigureAwait(false);
        }
        catch (CloudException exception) when (exception.Kind == CloudErrorKind.NotFound)
        {
            throw Refuse("holds nothing of this drive; is the right disk or account connected?", exception);
        }
        if (!MemberObjects.TryOpen(sealer, record.Id, bytes, out var member) || !member.Id.AsSpan().SequenceEqual(record.MemberId))
            throw Refuse("holds another drive or another member of this one; is the right disk or account connected?", null);
        _verifiedAt = doubts;
    }

    private CloudException Refuse(string why, Exception? inner) =>
        new(CloudErrorKind.Transient, $"The cloud '{record.Name}' ({record.Address}) {why}", inner);
}

/// <summary>Stands for a cloud whose address means nothing on this machine: every call fails with the reason.</summary>
internal sealed class UnusableCloud(string address, string failureDomain, CloudException reason) : ICloudStorage
{
    public CloudCapabilities Capabilities { get; } = new() { FailureDomain = failureDomain, RangeRead = true };

    public string Address => address;

    public IAsyncEnumerable<CloudObject> ListAsync(string prefix, CancellationToken cancellationToken = default) => throw Failure();

    public ValueTask<int> ReadAsync(string name, long offset, Memory<byte> destination, CancellationToken cancellationToken = default) =>
        throw Failure();

    public Task<Stream> OpenReadAsync(string name, long offset = 0, long? length = null, CancellationToken cancellationToken = default) =>
        throw Failure();

    public Task<CloudObject> WriteAsync(string name, CloudContent content, CancellationToken cancellationToken = default) => throw Failure();

    public Task<CloudObject?> StatAsync(string name, CancellationToken cancellationToken = default) => throw Failure();

    public Task DeleteAsync(string name, CancellationToken cancellationToken = default) => throw Failure();

    public Task MoveAsync(string source, string target, CancellationToken cancellationToken = default) => throw Failure();

    public Task<CloudQuota> GetQuotaAsync(CancellationToken cancellationToken = default) => throw Failure();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private CloudException Failure() => new(CloudErrorKind.Other, reason.Message, reason);
}
