using System.Buffers;
using System.Runtime.InteropServices;
using CuckooDrive.Core.Volume;

namespace CuckooDrive.Mount.Fuse.Session;

/// <summary>
/// Memory that the kernel reads and writes by address. The payload begins on a page so that the kernel copies whole
/// pages; what precedes it (a request's or reply's header) lies directly before, so that both are one contiguous piece.
/// </summary>
#pragma warning disable CA1001 // a loan holds nothing to dispose of
internal sealed class PinnedBuffer
#pragma warning restore CA1001
{
    private const int PageSize = 4096;

    private readonly byte[] _array;
    private readonly int _start;
    private readonly Loan? _loan;

    /// <param name="headSize">Bytes directly before the page border.</param>
    /// <param name="payloadSize">Bytes from the page border on.</param>
    /// <param name="pool">Where it goes when its last reference is released; its memory can be lent then. Null when its owner keeps it.</param>
    public PinnedBuffer(int headSize, int payloadSize, PinnedBufferPool? pool = null)
    {
        HeadSize = headSize;
        Length = headSize + payloadSize;
        _array = GC.AllocateUninitializedArray<byte>(Length + PageSize, pinned: true);
        var first = Marshal.UnsafeAddrOfPinnedArrayElement(_array, headSize);
        _start = (int)(-first & (PageSize - 1));
        Address = Marshal.UnsafeAddrOfPinnedArrayElement(_array, _start);
        _loan = pool is null ? null : new Loan(this, pool);
    }

    public int HeadSize { get; }

    /// <summary>Head and payload together.</summary>
    public int Length { get; }

    /// <summary>Where the head begins.</summary>
    public nint Address { get; }

    public Span<byte> Span => _array.AsSpan(_start, Length);

    /// <summary>Of a pool's buffer: <see cref="LendableMemory"/>.</summary>
    public Memory<byte> Memory => _loan?.Memory ?? _array.AsMemory(_start, Length);

    public Memory<byte> Payload => Memory[HeadSize..];

    /// <summary>Somebody but its owner holds a reference, so nothing may be written to it.</summary>
    public bool IsLent => _loan is { IsLent: true };

    /// <summary>Releases the owner's reference to a pool's buffer.</summary>
    public void Release() => _loan!.Release();

    /// <summary>Begins its next use, by one owner.</summary>
    public void Begin() => _loan!.Begin();

    private sealed class Loan(PinnedBuffer buffer, PinnedBufferPool pool) : LendableMemory
    {
        private int _references;

        public bool IsLent => Volatile.Read(ref _references) > 1;

        public void Begin()
        {
            if (Interlocked.Exchange(ref _references, 1) != 0)
                throw new InvalidOperationException("A buffer of the pool is still in use.");
        }

        public override void AddReference()
        {
            if (Interlocked.Increment(ref _references) < 2)
                throw new InvalidOperationException("A buffer was lent that nobody owns.");
        }

        public override void Release()
        {
            var left = Interlocked.Decrement(ref _references);
            if (left < 0)
                throw new InvalidOperationException("A buffer was released twice.");
            if (left == 0)
                pool.Keep(buffer);
        }

        public override Span<byte> GetSpan() => buffer.Span;

        public override unsafe MemoryHandle Pin(int elementIndex = 0)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)elementIndex, (uint)buffer.Length);
            return new MemoryHandle((byte*)buffer.Address + elementIndex, pinnable: this);
        }

        public override void Unpin()
        {
        }

        protected override void Dispose(bool disposing)
        {
        }
    }
}

/// <summary>Keeps a few idle buffers of one size. Thread safe.</summary>
internal sealed class PinnedBufferPool(int headSize, int payloadSize, int keep)
{
    private readonly Stack<PinnedBuffer> _idle = new(keep);

    public int PayloadSize => payloadSize;

    public PinnedBuffer Rent()
    {
        var buffer = TakeIdle() ?? new PinnedBuffer(headSize, payloadSize, this);
        buffer.Begin();
        return buffer;
    }

    /// <summary>Takes a buffer that nobody uses any more.</summary>
    public void Keep(PinnedBuffer buffer)
    {
        lock (_idle)
        {
            if (_idle.Count < keep)
                _idle.Push(buffer);
        }
    }

    private PinnedBuffer? TakeIdle()
    {
        lock (_idle)
            return _idle.TryPop(out var buffer) ? buffer : null;
    }
}
