using System.Runtime.CompilerServices;

namespace CuckooDrive.Clouds.Decorators;

public enum CloudOperation
{
    List,
    Read,
    OpenRead,
    Write,
    Stat,
    Delete,
    Move,
    Quota,
}

/// <summary>One call to a storage.</summary>
/// <param name="Operation">What it does.</param>
/// <param name="Name">The object (the source of a move, the prefix of a list, empty for the quota).</param>
/// <param name="Length">How many bytes it transfers at most; 0 where it transfers none.</param>
public readonly record struct CloudRequest(CloudOperation Operation, string Name, long Length = 0);

/// <summary>
/// Base of decorators that treat all calls alike: each goes through one <see cref="InvokeAsync"/>. The state is handed through
/// so that no call needs a closure.
/// </summary>
public abstract class InterceptingStorage(ICloudStorage inner) : DelegatingStorage(inner)
{
    public override async IAsyncEnumerable<CloudObject> ListAsync(
        string prefix, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var request = new CloudRequest(CloudOperation.List, prefix);
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await using var list = Inner.ListAsync(prefix, giveUp.Token).GetAsyncEnumerator(giveUp.Token);
        if (!await InvokeAsync(request, list, static (list, _) => list.MoveNextAsync(), cancellationToken).ConfigureAwait(false))
            yield break;
        yield return list.Current;
        while (true)
        {
            // Only the first step and those that wait for a new page are requests; the rest comes from memory.
            var step = list.MoveNextAsync();
            if (!await (step.IsCompleted ? step : new ValueTask<bool>(WaitAsync(step.AsTask()))).ConfigureAwait(false))
                yield break;
            yield return list.Current;
        }

        async Task<bool> WaitAsync(Task<bool> step)
        {
            try
            {
                return await InvokeAsync(request, step, static (step, _) => new ValueTask<bool>(step), cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                // Whoever refused the call did not wait for what it found under way, and an iterator that runs cannot be disposed.
                if (!step.IsCompleted)
                    await giveUp.CancelAsync().ConfigureAwait(false);
                await ((Task)step).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    public override ValueTask<int> ReadAsync(
        string name, long offset, Memory<byte> destination, CancellationToken cancellationToken = default) => InvokeAsync(
        new CloudRequest(CloudOperation.Read, name, destination.Length),
        (Inner, name, offset, destination),
        static (state, token) => state.Inner.ReadAsync(state.name, state.offset, state.destination, token),
        cancellationToken);

    public override Task<Stream> OpenReadAsync(
        string name, long offset = 0, long? length = null, CancellationToken cancellationToken = default) => InvokeAsync(
        new CloudRequest(CloudOperation.OpenRead, name, length ?? 0),
        (Inner, name, offset, length),
        static (state, token) => new ValueTask<Stream>(state.Inner.OpenReadAsync(state.name, state.offset, state.length, token)),
        cancellationToken).AsTask();

    public override Task<CloudObject> WriteAsync(
        string name, CloudContent content, CancellationToken cancellationToken = default) => InvokeAsync(
        new CloudRequest(CloudOperation.Write, name, content.Length),
        (Inner, name, content),
        static (state, token) => new ValueTask<CloudObject>(state.Inner.WriteAsync(state.name, state.content, token)),
        cancellationToken).AsTask();

    public override Task<CloudObject?> StatAsync(string name, CancellationToken cancellationToken = default) => InvokeAsync(
        new CloudRequest(CloudOperation.Stat, name),
        (Inner, name),
        static (state, token) => new ValueTask<CloudObject?>(state.Inner.StatAsync(state.name, token)),
        cancellationToken).AsTask();

    public override Task DeleteAsync(string name, CancellationToken cancellationToken = default) => InvokeAsync(
        new CloudRequest(CloudOperation.Delete, name),
        (Inner, name),
        static async (state, token) =>
        {
            await state.Inner.DeleteAsync(state.name, token).ConfigureAwait(false);
            return true;
        },
        cancellationToken).AsTask();

    public override Task MoveAsync(string source, string target, CancellationToken cancellationToken = default) => InvokeAsync(
        new CloudRequest(CloudOperation.Move, source),
        (Inner, source, target),
        static async (state, token) =>
        {
            await state.Inner.MoveAsync(state.source, state.target, token).ConfigureAwait(false);
            return true;
        },
        cancellationToken).AsTask();

    public override Task<CloudQuota> GetQuotaAsync(CancellationToken cancellationToken = default) => InvokeAsync(
        new CloudRequest(CloudOperation.Quota, ""),
        Inner,
        static (inner, token) => new ValueTask<CloudQuota>(inner.GetQuotaAsync(token)),
        cancellationToken).AsTask();

    /// <summary>
    /// Every call comes through here; <paramref name="call"/> does it. It may be called more than once, except for a list.
    /// </summary>
    protected abstract ValueTask<TResult> InvokeAsync<TState, TResult>(
        CloudRequest request,
        TState state,
        Func<TState, CancellationToken, ValueTask<TResult>> call,
        CancellationToken cancellationToken);
}
