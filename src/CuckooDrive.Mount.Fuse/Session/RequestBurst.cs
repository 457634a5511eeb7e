using System.Diagnostics;

namespace CuckooDrive.Mount.Fuse.Session;

/// <summary>
/// Whether requests follow each other closely, as they do while a program works on many files. Then a wake-up costs more than
/// the request, and what avoids it pays: <see cref="CpuLatencyRequest"/>, <see cref="PollingReader"/>. Thread safe.
/// </summary>
internal sealed class RequestBurst : IDisposable
{
    /// <summary>So many requests within <see cref="Window"/> begin a burst, and so many within <see cref="LookInterval"/> keep it up.</summary>
    private const int Enough = 8;

    private static readonly TimeSpan Window = TimeSpan.FromMilliseconds(4);

    /// <summary>Longer, since each look wakes a thread that the burst has to share the processors with.</summary>
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(16);

    private static readonly long WindowTicks = (long)(Window.TotalSeconds * Stopwatch.Frequency);

    private readonly CpuLatencyRequest _latency;
    private readonly Timer _timer;
    private volatile bool _isUnderWay;
    private int _count;
    private long _windowStart;

    /// <param name="latency">Held during a burst; owned from now on.</param>
    public RequestBurst(CpuLatencyRequest latency)
    {
        _latency = latency;
        _timer = new Timer(static state => ((RequestBurst)state!).Look(), this, Timeout.Infinite, Timeout.Infinite);
    }

    public bool IsUnderWay => _isUnderWay;

    /// <summary>A request has come. Counts from several readers may get lost: they only have to show a burst.</summary>
    public void Count()
    {
        var count = ++_count;
        if (_isUnderWay || count < Enough)
            return;
        _count = 0;
        var now = Stopwatch.GetTimestamp();
        var started = Interlocked.Exchange(ref _windowStart, now);
        if (now - started > WindowTicks)
            return;
        _latency.Ask(hold: true);
        _isUnderWay = true;
        _timer.Change(LookInterval, LookInterval);
    }

    public void Dispose()
    {
        _timer.Dispose();
        _latency.Dispose();
    }

    private void Look()
    {
        if (Interlocked.Exchange(ref _count, 0) >= Enough)
            return;
        _timer.Change(Timeout.Infinite, Timeout.Infinite);
        // In this order, or the next burst could begin in between and be forgotten by this end.
        _latency.Ask(hold: false);
        _isUnderWay = false;
    }
}
