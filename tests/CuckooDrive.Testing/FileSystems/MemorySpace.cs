namespace CuckooDrive.Testing.FileSystems;

/// <summary>Counts the pages of a file system against its capacity, and keeps arrays of dropped blocks for new ones. Thread safe.</summary>
internal sealed class MemorySpace(long capacityPages)
{
    private const int SizeClasses = 6;
    private const int KeepOfEach = 256;

    private readonly Stack<byte[]>[] _idle = Enumerable.Range(0, SizeClasses).Select(_ => new Stack<byte[]>()).ToArray();
    private long _used;

    public long CapacityPages => capacityPages;

    public long FreePages => Math.Max(0, capacityPages - Interlocked.Read(ref _used));

    public bool TryTake(long pages)
    {
        if (Interlocked.Add(ref _used, pages) <= capacityPages)
            return true;
        Interlocked.Add(ref _used, -pages);
        return false;
    }

    public void Give(long pages) => Interlocked.Add(ref _used, -pages);

    /// <summary>An array of 4 KiB times a power of two, at least so long, with any content.</summary>
    public byte[] Rent(int length)
    {
        var index = ClassOf(length);
        lock (_idle[index])
        {
            if (_idle[index].TryPop(out var array))
                return array;
        }
        return GC.AllocateUninitializedArray<byte>(MemoryData.PageSize << index);
    }

    public void Return(byte[] array)
    {
        var stack = _idle[ClassOf(array.Length)];
        lock (stack)
        {
            if (stack.Count < KeepOfEach)
                stack.Push(array);
        }
    }

    private static int ClassOf(int length) =>
        System.Numerics.BitOperations.Log2((uint)(Math.Max(length, 1) - 1) / MemoryData.PageSize) + (length > MemoryData.PageSize ? 1 : 0);
}
