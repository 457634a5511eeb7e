using System.Diagnostics;
using Microsoft.Win32.SafeHandles;

namespace CuckooDrive.Benchmarks.Work;

/// <summary>Workloads on one large file.</summary>
internal static class LargeFileWork
{
    private const int BlockLength = 1 << 20;
    private const int Seed = 1;

    /// <summary>Creates the file and writes it in blocks of 1 MiB; the clock stops after fsync and close.</summary>
    public static WorkResult Write(string path, long bytes, DataKind kind)
    {
        var pool = new DataPool(kind, Seed);
        var clock = Stopwatch.StartNew();
        using (var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite))
        {
            for (long offset = 0; offset < bytes; offset += BlockLength)
                RandomAccess.Write(file, pool.Take(Seed, offset, BlockLength).Span, offset);
            RandomAccess.FlushToDisk(file);
        }
        return new WorkResult(clock.Elapsed.TotalSeconds, bytes / BlockLength, bytes);
    }

    /// <summary>Reads the whole file in blocks of 1 MiB and checks every page.</summary>
    public static WorkResult Read(string path)
    {
        var buffer = GC.AllocateUninitializedArray<byte>(BlockLength, pinned: true);
        long offset = 0;
        var clock = Stopwatch.StartNew();
        using (var file = File.OpenHandle(path))
        {
            for (int read; (read = RandomAccess.Read(file, buffer, offset)) > 0; offset += read)
                DataPool.Check(buffer.AsSpan(0, read), Seed, offset);
        }
        return new WorkResult(clock.Elapsed.TotalSeconds, offset / BlockLength, offset);
    }

    /// <summary>Opens the file and reads one byte of it.</summary>
    public static WorkResult ReadFirstByte(string path)
    {
        Span<byte> buffer = stackalloc byte[1];
        var clock = Stopwatch.StartNew();
        using var file = File.OpenHandle(path);
        var read = RandomAccess.Read(file, buffer, 0);
        return new WorkResult(clock.Elapsed.TotalSeconds, 1, read);
    }

    /// <summary>Reads pages of 4 KiB, each at most once, in random order, one at a time.</summary>
    public static WorkResult ReadPages(string path, int count, bool direct, int order)
    {
        using var buffer = new AlignedBuffer(DataPool.PageLength);
        using var file = direct ? DirectFile.Open(path) : File.OpenHandle(path);
        var pages = PickPages(RandomAccess.GetLength(file), count, order);
        var clock = Stopwatch.StartNew();
        foreach (var page in pages)
        {
            var offset = page * DataPool.PageLength;
            if (RandomAccess.Read(file, buffer.Span, offset) != DataPool.PageLength)
                throw new InvalidDataException($"A short read at offset {offset}.");
            DataPool.Check(buffer.Span, Seed, offset);
        }
        return new WorkResult(clock.Elapsed.TotalSeconds, pages.Length, pages.Length * (long)DataPool.PageLength);
    }

    /// <summary>Overwrites pages of 4 KiB, each at most once, in random order; fsync after each, or once at the end.</summary>
    public static WorkResult WritePages(string path, int count, bool flushEach, int order)
    {
        var pool = new DataPool(DataKind.Random, order);
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        var pages = PickPages(RandomAccess.GetLength(file), count, order);
        var clock = Stopwatch.StartNew();
        foreach (var page in pages)
        {
            var offset = page * DataPool.PageLength;
            RandomAccess.Write(file, pool.Take(Seed, offset, DataPool.PageLength, order).Span, offset);
            if (flushEach)
                RandomAccess.FlushToDisk(file);
        }
        RandomAccess.FlushToDisk(file);
        return new WorkResult(clock.Elapsed.TotalSeconds, pages.Length, pages.Length * (long)DataPool.PageLength);
    }

    /// <summary>Different pages in random order: the start of a shuffle that only depends on its arguments.</summary>
    private static long[] PickPages(long fileLength, int count, int order)
    {
        var pages = new long[fileLength / DataPool.PageLength];
        for (var i = 0; i < pages.Length; i++)
            pages[i] = i;
        new Random(order).Shuffle(pages);
        return pages[..Math.Min(count, pages.Length)];
    }
}
