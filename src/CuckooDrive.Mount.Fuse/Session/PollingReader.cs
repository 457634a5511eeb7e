using CuckooDrive.Mount.Fuse.Native;

namespace CuckooDrive.Mount.Fuse.Session;

/// <summary>
/// Reads requests from a device and, during a burst, asks for the next one again and again for a moment before it sleeps: a
/// reader that is awake saves the caller the waking and both of them a switch of threads. When that is in vain more often than not,
/// or others of this process need the processor, it does without for a while. The only one who decides whether reads of its device wait.
/// For one thread, but for <see cref="LeaveProcessor"/>.
/// </summary>
internal sealed class PollingReader(FuseDevice device, RequestBurst burst)
{
    /// <summary>About a microsecond each: longer than a program takes from one answer to its next request, shorter than two wake-ups.</summary>
    private const int Attempts = 32;

    /// <summary>So many times more in vain than not, and the next <see cref="Rest"/> reads sleep at once.</summary>
    private const int Patience = 4;

    private const int Rest = 64;

    // Who polls on the only processor keeps the caller from working.
    private static readonly bool IsWorthwhile = Environment.ProcessorCount > 1;

    private bool _waits = true;
    private int _inVain;
    private volatile int _rest;

    /// <summary>Sleeps at once for the next reads: work has come up that needs the processor more. By any thread.</summary>
    public void LeaveProcessor() => _rest = Rest;

    /// <summary>Bytes read, or a negative errno: EAGAIN when there is nothing to read and it must not wait.</summary>
    public int Read(PinnedBuffer buffer, bool mayWait)
    {
        var length = mayWait ? PollAndWait(buffer) : ReadNow(buffer);
        if (length > 0)
            burst.Count();
        return length;
    }

    private int PollAndWait(PinnedBuffer buffer)
    {
        if (IsWorthwhile && burst.IsUnderWay && _rest == 0)
        {
            var length = Poll(buffer);
            if (length != -Errno.EAGAIN)
                return length;
        }
        // A call of LeaveProcessor may get lost here; the next is not far.
        else if (_rest is > 0 and var rest)
        {
            _rest = rest - 1;
        }
        SetWaits(true);
        return device.Read(buffer);
    }

    private int Poll(PinnedBuffer buffer)
    {
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var length = ReadNow(buffer);
            if (length == -Errno.EAGAIN)
                continue;
            _inVain = Math.Max(_inVain - 1, 0);
            return length;
        }
        if (++_inVain >= Patience)
        {
            // After the rest one more in vain is enough.
            _inVain--;
            _rest = Rest;
        }
        return -Errno.EAGAIN;
    }

    private int ReadNow(PinnedBuffer buffer)
    {
        SetWaits(false);
        return device.Read(buffer);
    }

    private void SetWaits(bool waits)
    {
        if (_waits == waits)
            return;
        _waits = waits;
        device.SetBlocking(waits);
    }
}
