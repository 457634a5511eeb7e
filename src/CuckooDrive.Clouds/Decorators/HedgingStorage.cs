namespace CuckooDrive.Clouds.Decorators;

/// <summary>
/// Sends a range read a second time when it has not been answered after a while, and takes the answer that comes first: one
/// slow server of many then costs that while and no more. A failure is the caller's at once when no other try is under way.
/// Thread safe.
/// </summary>
/// <param name="inner">Owned and disposed.</param>
/// <param name="after">How long to wait for the first answer: longer than most take, or every read is sent twice.</param>
/// <param name="time">The clock; the system's if null.</param>
public sealed class HedgingStorage(ICloudStorage inner, TimeSpan after, TimeProvider? time = null) : DelegatingStorage(inner)
{
    private readonly TimeProvider _time = time ?? TimeProvider.System;

    public override async ValueTask<int> ReadAsync(
        string name, long offset, Memory<byte> destination, CancellationToken cancellationToken = default)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var first = ReadAsync(name, offset, destination.Length, stop.Token);
        try
        {
            if (await Task.WhenAny(first, Task.Delay(after, _time, stop.Token)).ConfigureAwait(false) != first)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var second = ReadAsync(name, offset, destination.Length, stop.Token);
                var answered = await Task.WhenAny(first, second).ConfigureAwait(false);
                first = answered.IsCompletedSuccessfully ? answered : answered == first ? second : first;
            }
            var (bytes, read) = await first.ConfigureAwait(false);
            bytes.AsSpan(0, read).CopyTo(destination.Span);
            return read;
        }
        finally
        {
            // Whoever has not answered yet comes too late.
            await stop.CancelAsync().ConfigureAwait(false);
        }
    }

    // Each try has a buffer of its own, for the slower one may go on writing into it.
    private async Task<(byte[] Bytes, int Read)> ReadAsync(string name, long offset, int length, CancellationToken cancellationToken)
    {
        var bytes = GC.AllocateUninitializedArray<byte>(length);
        return (bytes, await Inner.ReadAsync(name, offset, bytes, cancellationToken).ConfigureAwait(false));
    }
}
