using Polly;

namespace CuckooDrive.Clouds.Decorators;

/// <summary>A download that goes on where it was after the connection broke. Not thread safe.</summary>
internal sealed class ResumingStream(
    ICloudStorage storage, ResiliencePipeline pipeline, string name, long offset, long? length) : ReadOnlyStream
{
    private Stream? _current;
    private long _offset = offset;
    private long? _left = length;

    public ValueTask OpenAsync(CancellationToken cancellationToken) =>
        pipeline.ExecuteAsync(static (self, token) => self.ConnectAsync(token), this, cancellationToken);

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await pipeline.ExecuteAsync(
            static (state, token) => state.Item1.TryReadAsync(state.buffer, token), (this, buffer), cancellationToken)
            .ConfigureAwait(false);
        _offset += read;
        _left -= read;
        return read;
    }

    public override ValueTask DisposeAsync() => _current?.DisposeAsync() ?? ValueTask.CompletedTask;

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _current?.Dispose();
        base.Dispose(disposing);
    }

    private async ValueTask ConnectAsync(CancellationToken cancellationToken) =>
        _current ??= await storage.OpenReadAsync(name, _offset, _left, cancellationToken).ConfigureAwait(false);

    private async ValueTask<int> TryReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        await ConnectAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await _current!.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        }
        catch (CloudException failure) when (failure.IsRetryable)
        {
            await _current!.DisposeAsync().ConfigureAwait(false);
            _current = null;
            throw;
        }
    }
}
