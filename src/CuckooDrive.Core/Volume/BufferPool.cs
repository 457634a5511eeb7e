namespace CuckooDrive.Core.Volume;

/// <summary>
/// Buffers for dirty data in four sizes. Keeps a bounded number of free ones, so that steady writing does not allocate.
/// Thread safe.
/// </summary>
internal sealed class BufferPool
{
    private static readonly int[] Sizes = [4 << 10, 16 << 10, 64 << 10, 128 << 10];

    private readonly Stack<byte[]>[] _free = [new(), new(), new(), new()];
    private readonly int[] _limits = [1024, 256, 64, 288];

    /// <summary>A buffer of at least <paramref name="length"/> bytes (at most 128 KiB); its content is undefined.</summary>
    public byte[] Rent(int length)
    {
        var index = IndexFor(length);
        var free = _free[index];
        lock (free)
        {
            if (free.TryPop(out var buffer))
                return buffer;
        }
        return GC.AllocateUninitializedArray<byte>(Sizes[index]);
    }

    public void Return(byte[] buffer)
    {
        var index = IndexFor(buffer.Length);
        var free = _free[index];
        lock (free)
        {
            if (free.Count < _limits[index])
                free.Push(buffer);
        }
    }

    private static int IndexFor(int length)
    {
        for (var i = 0; i < Sizes.Length; i++)
        {
            if (length <= Sizes[i])
                return i;
        }
        throw new ArgumentOutOfRangeException(nameof(length));
    }
}
