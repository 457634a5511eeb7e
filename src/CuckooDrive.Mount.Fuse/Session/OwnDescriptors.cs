using CuckooDrive.Mount.Fuse.Native;

namespace CuckooDrive.Mount.Fuse.Session;

/// <summary>A table of file descriptors for one thread, unshare(2): what other threads open and close is not seen by it, nor the other way round.</summary>
internal static class OwnDescriptors
{
    private const int Errors = 2;

    /// <summary>More are not open when a drive is mounted.</summary>
    private const int Highest = 1023;

    /// <summary>
    /// Gives the calling thread a table of its own and closes in it all but the standard streams and the runtime's memory for code. From then on the
    /// thread must use no files, sockets or other things with descriptors that others opened. False when the system refuses.
    /// </summary>
    public static bool TryLeaveOthers()
    {
        if (Libc.Unshare(Libc.CloneFiles) != 0)
            return false;
        Span<byte> target = stackalloc byte[64];
        for (var descriptor = Errors + 1; descriptor <= Highest; descriptor++)
        {
            var length = Libc.ReadLink($"/proc/thread-self/fd/{descriptor}", ref target[0], target.Length);
            // The runtime maps what it compiles through a file in memory, on any thread.
            if (length > 0 && !target[..(int)length].StartsWith("/memfd:"u8))
                _ = Libc.Close(descriptor);
        }
        return true;
    }
}
