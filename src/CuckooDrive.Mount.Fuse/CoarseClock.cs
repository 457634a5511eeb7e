using CuckooDrive.Core.Volume;
using CuckooDrive.Mount.Fuse.Native;

namespace CuckooDrive.Mount.Fuse;

/// <summary>
/// The clock that the kernel stamps files with. Under write-back caching the kernel stamps what is written and the file
/// system what is created; by two different clocks a file written first could seem newer than one created later.
/// </summary>
public sealed class CoarseClock : TimeProvider, INanosecondClock
{
    public static readonly CoarseClock Instance = new();

    private const int RealTimeCoarse = 5;

    private CoarseClock()
    {
    }

    public Timestamp Now
    {
        get
        {
            if (Libc.ReadClock(RealTimeCoarse, out var time) != 0)
                throw new InvalidOperationException("The system has no coarse clock.");
            return new Timestamp(time.Seconds, (uint)time.Nanoseconds);
        }
    }

    public override DateTimeOffset GetUtcNow()
    {
        var now = Now;
        return DateTimeOffset.UnixEpoch.AddSeconds(now.Seconds).AddTicks(now.Nanoseconds / 100);
    }
}
