using CuckooDrive.Mount.Fuse.Native;
using Microsoft.Extensions.Logging;

namespace CuckooDrive.Mount.Fuse.Session;

/// <summary>
/// Keeps idle processors from sleeping, for as long as a burst of requests. Every request wakes a reader and every answer wakes
/// the caller, usually on a processor that has just become idle: in a virtual machine each of these wake-ups takes 50 to 100
/// microseconds, ten times the request itself. Linux lets root ask for less (Documentation/power/pm_qos_interface.rst); for
/// other users nothing happens. Thread safe.
/// </summary>
internal sealed partial class CpuLatencyRequest : IDisposable
{
    private readonly Lock _gate = new();
    private int _descriptor;

    public CpuLatencyRequest(ILogger logger)
    {
        _descriptor = Libc.Open("/dev/cpu_dma_latency", Libc.OpenReadWrite | Libc.OpenCloseOnExec);
        if (_descriptor < 0)
            LogNotOpened(logger);
        // An open descriptor asks for zero until something is written.
        Ask(hold: false);
    }

    public unsafe void Ask(bool hold)
    {
        lock (_gate)
        {
            if (_descriptor < 0)
                return;
            // Microseconds that a processor may take to wake up; -1 leaves it to the others who ask.
            var microseconds = hold ? 0 : -1;
            _ = Libc.Write(_descriptor, (nint)(&microseconds), sizeof(int));
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            if (_descriptor >= 0)
                _ = Libc.Close(_descriptor);
            _descriptor = -1;
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "Processors sleep as they like: /dev/cpu_dma_latency cannot be opened.")]
    private static partial void LogNotOpened(ILogger logger);
}
