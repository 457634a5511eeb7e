using System.Buffers;
using System.Diagnostics;
using System.Threading.Channels;

namespace CuckooDrive.Testing.Servers;

/// <summary>
/// One direction of a line: all connections share its rate, and every byte arrives half a round trip after it was sent. The rate is
/// that of a timetable which late timers do not disturb, so it is exact as long as there is something to send. Thread safe.
/// </summary>
internal sealed class RelayDirection : IDisposable
{
    private const int PieceLength = 128 << 10;

    /// <summary>
    /// A line that is busy for longer than this takes no more bytes: senders wait at their sockets as at a real router's short
    /// queue. Longer than timers are late.
    /// </summary>
    private static readonly long LongestQueue = Stopwatch.Frequency / 50;

    private readonly Lock _gate = new();

    /// <summary>Who waits for the line, first come first served: else whoever just sent would be first again, and the others never.</summary>
    private readonly SemaphoreSlim _turn = new(1);

    private long _busyUntil;

    /// <summary>Passes bytes on until the sender ends, and waits until the last of them have arrived.</summary>
    public async Task PumpAsync(Stream from, Stream to, Func<LineShape?> shape, CancellationToken stop)
    {
        var line = Channel.CreateUnbounded<(byte[] Bytes, int Count, long Due)>(
            new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
        var arriving = DeliverAsync(line.Reader, to, stop);
        try
        {
            while (!arriving.IsCompleted)
            {
                await WaitForRoomAsync(stop);
                var bytes = ArrayPool<byte>.Shared.Rent(PieceLength);
                var count = await from.ReadAsync(bytes.AsMemory(0, PieceLength), stop);
                if (count == 0)
                    break;
                line.Writer.TryWrite((bytes, count, Schedule(count, shape())));
            }
        }
        finally
        {
            line.Writer.TryComplete();
        }
        await arriving;
    }

    public void Dispose() => _turn.Dispose();

    /// <summary>When these bytes arrive at the other end.</summary>
    private long Schedule(int count, LineShape? shape)
    {
        var now = Stopwatch.GetTimestamp();
        if (shape is null)
            return now;
        lock (_gate)
        {
            _busyUntil = Math.Max(_busyUntil, now);
            if (shape.BytesPerSecond is { } rate)
                _busyUntil += count * Stopwatch.Frequency / rate;
            return _busyUntil + (long)(shape.RoundTrip.TotalSeconds / 2 * Stopwatch.Frequency);
        }
    }

    private async ValueTask WaitForRoomAsync(CancellationToken stop)
    {
        await _turn.WaitAsync(stop);
        try
        {
            while (true)
            {
                long queue;
                lock (_gate)
                    queue = _busyUntil - Stopwatch.GetTimestamp() - LongestQueue;
                if (queue <= 0)
                    return;
                await Task.Delay(Rounded(queue), stop);
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    private static async Task DeliverAsync(ChannelReader<(byte[] Bytes, int Count, long Due)> line, Stream to, CancellationToken stop)
    {
        await foreach (var (bytes, count, due) in line.ReadAllAsync(stop))
        {
            var left = due - Stopwatch.GetTimestamp();
            if (left > Stopwatch.Frequency / 2000)
                await Task.Delay(Rounded(left), stop);
            await to.WriteAsync(bytes.AsMemory(0, count), stop);
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    /// <summary>Timers count whole milliseconds.</summary>
    private static TimeSpan Rounded(long ticks) =>
        TimeSpan.FromMilliseconds(Math.Max(1, Math.Round(ticks * 1000.0 / Stopwatch.Frequency)));
}
