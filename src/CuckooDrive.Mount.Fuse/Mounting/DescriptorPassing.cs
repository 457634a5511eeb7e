using System.Buffers.Binary;
using System.Runtime.InteropServices;
using CuckooDrive.Mount.Fuse.Native;

namespace CuckooDrive.Mount.Fuse.Mounting;

/// <summary>Receives a file descriptor over a Unix socket (SCM_RIGHTS).</summary>
internal static class DescriptorPassing
{
    // struct cmsghdr on 64-bit machines: length (8, with itself), level (4), type (4); then the descriptor.
    private const int ControlHeader = 16;
    private const int SocketLevel = 1;
    private const int Rights = 1;

    public static int Receive(int socket)
    {
        // Pinned for the call: one byte of data, an iovec, the control message.
        var memory = GC.AllocateArray<byte>(128, pinned: true);
        var data = Marshal.UnsafeAddrOfPinnedArrayElement(memory, 0);
        var vector = new IoVector { Base = data, Length = 1 };
        MemoryMarshal.Write(memory.AsSpan(16), in vector);
        var message = new MessageHeader
        {
            Vector = Marshal.UnsafeAddrOfPinnedArrayElement(memory, 16),
            VectorLength = 1,
            Control = Marshal.UnsafeAddrOfPinnedArrayElement(memory, 64),
            ControlLength = 64,
        };
        nint received;
        do
        {
            received = Libc.ReceiveMessage(socket, ref message, 0);
        }
        while (received < 0 && Marshal.GetLastPInvokeError() == Errno.EINTR);
        var control = memory.AsSpan(64);
        if (received <= 0
            || message.ControlLength < ControlHeader + sizeof(int)
            || BinaryPrimitives.ReadInt32LittleEndian(control[8..]) != SocketLevel
            || BinaryPrimitives.ReadInt32LittleEndian(control[12..]) != Rights)
        {
            throw new FuseMountException(FuseMountFailure.Other, "fusermount3 did not hand over the connection to the kernel.");
        }
        return BinaryPrimitives.ReadInt32LittleEndian(control[ControlHeader..]);
    }
}
