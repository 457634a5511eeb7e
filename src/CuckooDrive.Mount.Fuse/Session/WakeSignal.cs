using System.Buffers.Binary;
using System.Runtime.InteropServices;
using CuckooDrive.Mount.Fuse.Native;

namespace CuckooDrive.Mount.Fuse.Session;

/// <summary>
/// A signal that does nothing but end a blocked system call with EINTR. Needed because after a lazy unmount, or while
/// another mount namespace holds the mount, the kernel never ends a reader's read by itself.
/// </summary>
internal static class WakeSignal
{
    /// <summary>A real-time signal that neither the C library nor .NET uses.</summary>
    public const int Number = 41;

    // struct sigaction of glibc and musl on 64-bit machines: handler (8), mask (128), flags (4), restorer.
    private const int ActionSize = 152;

    private static readonly Lazy<bool> Installation = new(Install);

    public static void EnsureInstalled() => _ = Installation.Value;

    private static bool Install()
    {
        // The handler must be safe in a signal: a function of the C library that does nothing serves (getpid).
        var handler = NativeLibrary.GetExport(NativeLibrary.Load("libc", typeof(WakeSignal).Assembly, null), "getpid");
        Span<byte> action = stackalloc byte[ActionSize];
        action.Clear();
        BinaryPrimitives.WriteInt64LittleEndian(action, handler);
        if (Libc.SignalAction(Number, ref action[0], 0) != 0)
            throw new InvalidOperationException($"sigaction failed (errno {Marshal.GetLastPInvokeError()}).");
        return true;
    }
}
