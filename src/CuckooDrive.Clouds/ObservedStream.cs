namespace CuckooDrive.Clouds;

/// <summary>Tells of each reading of at least one byte, by the thread that read. Owns the inner stream. Not thread safe.</summary>
internal sealed class ObservedStream(Stream inner, Action<int> onRead) : ReadOnlyStream
{
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var reading = inner.ReadAsync(buffer, cancellationToken);
        return reading.IsCompletedSuccessfully ? new ValueTask<int>(Seen(reading.Result)) : WaitAsync(reading);
    }

    public override ValueTask DisposeAsync() => inner.DisposeAsync();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
        base.Dispose(disposing);
    }

    private async ValueTask<int> WaitAsync(ValueTask<int> reading) => Seen(await reading.ConfigureAwait(false));

    private int Seen(int count)
    {
        if (count > 0)
            onRead(count);
        return count;
    }
}
