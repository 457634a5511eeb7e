using System.Runtime.InteropServices;

namespace CuckooDrive.Benchmarks.Support;

/// <summary>Memory that nobody uses.</summary>
internal static class FreeMemory
{
    private const int PageLength = 4096;

    /// <summary>
    /// Writes to so many bytes of it, and gives them back. The host of a virtual machine takes free memory away within seconds
    /// (free page reporting), and whoever is given such a page next waits some microseconds for the host: more than all else that
    /// is done with 4 KiB. Whom that hits is chance; after this, for the next second or two, it hits nobody.
    /// </summary>
    public static unsafe void Touch(long bytes)
    {
        // Not more than what is free: nothing is to leave the kernel's caches for it.
        var length = (nuint)Math.Min(bytes, Machine.FreeMemory / 2);
        var memory = (byte*)NativeMemory.Alloc(length);
        for (nuint at = 0; at < length; at += PageLength)
            memory[at] = 1;
        NativeMemory.Free(memory);
    }
}
