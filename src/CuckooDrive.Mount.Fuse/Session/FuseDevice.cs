using System.Runtime.InteropServices;
using CuckooDrive.Mount.Fuse.Native;

namespace CuckooDrive.Mount.Fuse.Session;

/// <summary>
/// One descriptor of the connection to the kernel. A request must be answered on the descriptor that it was read from:
/// the kernel keeps the list of unanswered requests for each.
/// </summary>
internal sealed class FuseDevice(int descriptor)
{
    public int Descriptor { get; } = descriptor;

    /// <summary>Bytes read, or a negative errno.</summary>
    public int Read(PinnedBuffer buffer)
    {
        var length = Libc.Read(Descriptor, buffer.Address, buffer.Length);
        return length >= 0 ? (int)length : -Marshal.GetLastPInvokeError();
    }

    /// <summary>Whether a read that finds nothing waits or returns EAGAIN from now on.</summary>
    public void SetBlocking(bool waits) => _ = Libc.FileControl(Descriptor, Libc.SetStatusFlags, waits ? 0 : Libc.NonBlocking);

    /// <summary>0, or a positive errno.</summary>
    public int Write(nint address, int length) =>
        Libc.Write(Descriptor, address, length) >= 0 ? 0 : Marshal.GetLastPInvokeError();

    /// <summary>Writes two pieces as one message. 0, or a positive errno.</summary>
    public unsafe int Write(ReadOnlySpan<byte> head, ReadOnlySpan<byte> rest)
    {
        fixed (byte* headStart = head, restStart = rest)
        {
            Span<IoVector> pieces = [new() { Base = (nint)headStart, Length = head.Length }, new() { Base = (nint)restStart, Length = rest.Length }];
            return Libc.WriteVector(Descriptor, ref pieces[0], pieces.Length) >= 0 ? 0 : Marshal.GetLastPInvokeError();
        }
    }

    /// <summary>A second descriptor of the same connection, with its own queue, so that readers do not contend; null where it cannot be had.</summary>
    public FuseDevice? TryClone()
    {
        var clone = Libc.Open("/dev/fuse", Libc.OpenReadWrite | Libc.OpenCloseOnExec);
        if (clone < 0)
            return null;
        var session = (uint)Descriptor;
        if (Libc.IoCtl(clone, Libc.FuseDeviceClone, ref session) == 0)
            return new FuseDevice(clone);
        _ = Libc.Close(clone);
        return null;
    }

    public void Close() => _ = Libc.Close(Descriptor);
}
