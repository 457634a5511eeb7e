using System.Runtime.InteropServices;

namespace CuckooDrive.Mount.Fuse.Session;

/// <summary>
/// Memory that the kernel reads and writes by address. The payload begins on a page so that the kernel copies whole
/// pages; what precedes it (a request's or reply's header) lies directly before, so that both are one contiguous piece.
/// </summary>
internal sealed class PinnedBuffer
{
    private const int PageSize = 4096;

    private readonly byte[] _array;
    private readonly int _start;

    /// <param name="headSize">Bytes directly before the page border.</param>
    /// <param name="payloadSize">Bytes from the page border on.</param>
    public PinnedBuffer(int headSize, int payloadSize)
    {
        HeadSize = headSize;
        Length = headSize + payloadSize;
        _array = GC.AllocateUninitializedArray<byte>(Length + PageSize, pinned: true);
        var first = Marshal.UnsafeAddrOfPinnedArrayElement(_array, headSize);
        _start = (int)(-first & (PageSize - 1));
        Address = Marshal.UnsafeAddrOfPinnedArrayElement(_array, _start);
    }

    public int HeadSize { get; }

    /// <summary>Head and payload together.</summary>
    public int Length { get; }

    /// <summary>Where the head begins.</summary>
    public nint Address { get; }

    public Span<byte> Span => _array.AsSpan(_start, Length);

    public Memory<byte> Memory => _array.AsMemory(_start, Length);

    public Memory<byte> Payload => _array.AsMemory(_start + HeadSize, Length - HeadSize);
}

/// <summary>Keeps a few idle buffers of one size. Thread safe.</summary>
internal sealed class PinnedBufferPool(int headSize, int payloadSize, int keep)
{
    private readonly Stack<PinnedBuffer> _idle = new(keep);

    public int PayloadSize => payloadSize;

    public PinnedBuffer Rent()
    {
        lock (_idle)
        {
            if (_idle.TryPop(out var buffer))
                return buffer;
        }
        return new PinnedBuffer(headSize, payloadSize);
    }

    public void Return(PinnedBuffer buffer)
    {
        lock (_idle)
        {
            if (_idle.Count < keep)
                _idle.Push(buffer);
        }
    }
}
