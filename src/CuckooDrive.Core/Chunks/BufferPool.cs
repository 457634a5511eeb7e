namespace CuckooDrive.Core.Chunks;

/// <summary>
/// Buffers for at most one chunk, in use by dirty data and by the cache of plaintext. Keeps a bounded number of free ones: what
/// the pools of the framework keep of this size is less than one burst needs, and the rest would pile up in the large-object heap
/// faster than it is collected. Thread safe.
/// </summary>
internal sealed class BufferPool
{
    private static readonly int[] Sizes = [1 << 10, 4 << 10, 8 << 10, 16 << 10, 32 << 10, 64 << 10, IChunkStore.MaximumChunkLength];

    /// <summary>How many free ones of each size are kept. The smallest is for small files: making a million took 36 to 65 MiB more at the peak without.</summary>
    private static readonly int[] FreeLimits = [4096, 1024, 512, 256, 128, 64, 256];

    /// <summary>How many of the largest are kept beside the cache's: half of what a burst of writing takes.</summary>
    private const int LargestBesideCache = 128;

    private readonly Stack<byte[]>[] _free = [.. Sizes.Select(static _ => new Stack<byte[]>())];
    private readonly int[] _made = new int[Sizes.Length];
    private int _largestLimit = LargestBesideCache;

    /// <summary>One for all, so that a writer's free buffers serve a reader.</summary>
    public static BufferPool Shared { get; } = new();

    /// <summary>
    /// Keeps enough of the largest for a cache of so many bytes. The cache's are nearly always in use, a writer's only now and then: with
    /// more in use or free together, none more is kept.
    /// </summary>
    public void KeepForCache(long bytes)
    {
        lock (_free[^1])
            _largestLimit = Math.Max(_largestLimit, (int)(bytes / IChunkStore.MaximumChunkLength) + LargestBesideCache);
    }

    /// <summary>A buffer of at least <paramref name="length"/> bytes (at most a chunk's); its content is undefined.</summary>
    public byte[] Rent(int length)
    {
        var index = IndexFor(length);
        var free = _free[index];
        lock (free)
        {
            if (free.TryPop(out var buffer))
                return buffer;
            _made[index]++;
        }
        return GC.AllocateUninitializedArray<byte>(Sizes[index]);
    }

    public void Return(byte[] buffer)
    {
        var index = IndexFor(buffer.Length);
        var free = _free[index];
        lock (free)
        {
            if (free.Count < FreeLimits[index] && (index < Sizes.Length - 1 || _made[index] <= _largestLimit))
                free.Push(buffer);
            else
                _made[index]--;
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
