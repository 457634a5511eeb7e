using System.Diagnostics;
using CuckooDrive.Mount.Fuse.Native;
using Microsoft.Extensions.Logging;

namespace CuckooDrive.Mount.Fuse.Session;

/// <summary>
/// Keeps idle processors from sleeping while requests follow each other closely, and a few milliseconds longer. Every
/// request wakes a reader and every answer wakes the caller, usually on a processor that has just become idle: in a virtual
/// machine each of these wake-ups takes 50 to 100 microseconds, ten times the request itself. Linux lets root ask for
/// less (Documentation/power/pm_qos_interface.rst); for other users nothing happens. Thread safe.
/// </summary>
internal sealed partial class CpuLatencyRequest : IDisposable
{
    /// <summary>So many requests within <see cref="Window"/> are a burst, which begins and keeps up the request.</summary>
    private const int Burst = 8;

    private static readonly TimeSpan Window = TimeSpan.FromMilliseconds(4);

    private static readonly long WindowTicks = (long)(Window.TotalSeconds * Stopwatch.Frequency);

    private readonly Lock _gate = new();
    private readonly Timer _timer;
    private int _descriptor;
    private volatile bool _isHeld;
    private int _count;
    private long _windowStart;

    private CpuLatencyRequest(int descriptor)
    {
        _descriptor = descriptor;
        _timer = new Timer(static state => ((CpuLatencyRequest)state!).Look(), this, Timeout.Infinite, Timeout.Infinite);
    }

    /// <summary>Null where it is not permitted or the system has no such thing.</summary>
    public static CpuLatencyRequest? TryOpen(ILogger logger)
    {
        var descriptor = Libc.Open("/dev/cpu_dma_latency", Libc.OpenReadWrite | Libc.OpenCloseOnExec);
        if (descriptor < 0)
        {
            LogNotOpened(logger);
            return null;
        }
        var request = new CpuLatencyRequest(descriptor);
        // An open descriptor asks for zero until something is written.
        request.Ask(hold: false);
        return request;
    }

    /// <summary>A request has come. Counts from several readers may get lost: they only have to show a burst.</summary>
    public void Count()
    {
        var count = ++_count;
        if (_isHeld || count < Burst)
            return;
        _count = 0;
        var now = Stopwatch.GetTimestamp();
        var started = Interlocked.Exchange(ref _windowStart, now);
        if (now - started > WindowTicks)
            return;
        Ask(hold: true);
        _timer.Change(Window, Window);
    }

    public void Dispose()
    {
        _timer.Dispose();
        lock (_gate)
        {
            if (_descriptor >= 0)
                _ = Libc.Close(_descriptor);
            _descriptor = -1;
        }
    }

    private void Look()
    {
        var count = Interlocked.Exchange(ref _count, 0);
        if (count >= Burst)
            return;
        _timer.Change(Timeout.Infinite, Timeout.Infinite);
        Ask(hold: false);
    }

    private unsafe void Ask(bool hold)
    {
        lock (_gate)
        {
            if (_descriptor < 0)
                return;
            // Microseconds that a processor may take to wake up; -1 leaves it to the others who ask.
            var microseconds = hold ? 0 : -1;
            _ = Libc.Write(_descriptor, (nint)(&microseconds), sizeof(int));
            _isHeld = hold;
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "Processors sleep as they like: /dev/cpu_dma_latency cannot be opened.")]
    private static partial void LogNotOpened(ILogger logger);
}
