using System.Diagnostics;

namespace CuckooDrive.Benchmarks.Work;

/// <summary>Workloads on many small files in folders of a given size.</summary>
internal static class SmallFileWork
{
    private const int FileLength = DataPool.PageLength;
    private const int Seed = 2;

    /// <summary>Makes folders and files of 4 KiB (create, write, close); nothing is asked to be on the disk.</summary>
    public static WorkResult Create(string root, int files, int perFolder)
    {
        var pool = new DataPool(DataKind.Random, Seed);
        var clock = Stopwatch.StartNew();
        Directory.CreateDirectory(root);
        for (var number = 0; number < files; number++)
        {
            var folder = FolderOf(root, number, perFolder);
            if (number % perFolder == 0)
                Directory.CreateDirectory(folder);
            using var file = File.OpenHandle(Path.Combine(folder, $"file-{number:d7}.dat"), FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite);
            RandomAccess.Write(file, pool.Take(Seed, (long)number * FileLength, FileLength).Span, 0);
        }
        return new WorkResult(clock.Elapsed.TotalSeconds, files, (long)files * FileLength);
    }

    /// <summary>Lists every folder and asks for the attributes of every file, as `ls -lR` does.</summary>
    public static WorkResult Stat(string root)
    {
        long count = 0, bytes = 0;
        var clock = Stopwatch.StartNew();
        foreach (var folder in Directory.EnumerateDirectories(root))
            foreach (var path in Directory.EnumerateFiles(folder))
            {
                count++;
                bytes += new FileInfo(path).Length;
            }
        return new WorkResult(clock.Elapsed.TotalSeconds, count, bytes);
    }

    /// <summary>Lists every folder and reads every file, as `tar` or `grep -r` does, and checks what it reads.</summary>
    public static WorkResult Read(string root)
    {
        var buffer = GC.AllocateUninitializedArray<byte>(2 * FileLength, pinned: true);
        long count = 0, bytes = 0;
        var clock = Stopwatch.StartNew();
        foreach (var folder in Directory.EnumerateDirectories(root))
            foreach (var path in Directory.EnumerateFiles(folder))
            {
                using var file = File.OpenHandle(path);
                var read = RandomAccess.Read(file, buffer, 0);
                if (read != FileLength)
                    throw new InvalidDataException($"'{path}' has {read} bytes instead of {FileLength}.");
                DataPool.Check(buffer.AsSpan(0, read), Seed, NumberOf(path) * FileLength);
                count++;
                bytes += read;
            }
        return new WorkResult(clock.Elapsed.TotalSeconds, count, bytes);
    }

    /// <summary>Deletes every file and every folder, as `rm -r` does.</summary>
    public static WorkResult Delete(string root)
    {
        long count = 0;
        var clock = Stopwatch.StartNew();
        foreach (var folder in Directory.GetDirectories(root))
        {
            foreach (var path in Directory.GetFiles(folder))
            {
                File.Delete(path);
                count++;
            }
            Directory.Delete(folder);
        }
        Directory.Delete(root);
        return new WorkResult(clock.Elapsed.TotalSeconds, count, count * FileLength);
    }

    private static string FolderOf(string root, int number, int perFolder) => Path.Combine(root, $"folder-{number / perFolder:d5}");

    private static long NumberOf(string path) => long.Parse(Path.GetFileNameWithoutExtension(path.AsSpan())["file-".Length..]);
}
