namespace CuckooDrive.Core.Volume;

/// <summary>
/// Offered by a <see cref="TimeProvider"/> that tells time more finely than its 100 nanoseconds, so that times set here
/// and times set by the kernel are in one order.
/// </summary>
public interface INanosecondClock
{
    Timestamp Now { get; }
}
