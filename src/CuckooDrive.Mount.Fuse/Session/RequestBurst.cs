using System.Diagnostics;

namespace CuckooDrive.Mount.Fuse.Session;

/// <summary>
/// Whether requests follow each other closely, as they do while a program works on many files. Then a wake-up costs more than
/// the request, and what avoids it pays: <see cref="CpuLatencyRequest"/>, <see cref="PollingReader"/>. Thread safe.
/// </summary>
internal sealed class RequestBurst : IDisposable
{
    /// <summary>So many requests within <see cref="Window"/> begin a burst.</summary>
    private const int Enough = 8;

    /// <summary>A burst lasts while as many come in each of its windows, on average over this many: each look wakes a thread that it has to share the processors with.</summary>
    private const int WindowsBetweenLooks = 4;

    private static readonly TimeSpan Window = TimeSpan.FromMilliseconds(4);

    private static readonly TimeSpan LookInterval = Window * WindowsBetweenLooks;

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
        LookLater();
    }

    public void Dispose()
    {
        _timer.Dispose();
        _latency.Dispose();
    }

    private void Look()
    {
        if (Interlocked.Exchange(ref _count, 0) >= Enough * WindowsBetweenLooks)
        {
            LookLater();
            return;
        }
        // In this order, or the next burst could begin in between and be forgotten by this end.
        _latency.Ask(hold: false);
        _isUnderWay = false;
    }

    // Once: two looks at a time could not tell whose burst they end.
    private void LookLater() => _timer.Change(LookInterval, Timeout.InfiniteTimeSpan);
}
