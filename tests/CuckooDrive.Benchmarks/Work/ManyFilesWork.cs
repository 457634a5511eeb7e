using System.Diagnostics;

namespace CuckooDrive.Benchmarks.Work;

/// <summary>A tree of very many small files, two levels of folders deep.</summary>
internal static class ManyFilesWork
{
    private const int FilesPerFolder = 1000;
    private const int FoldersPerFolder = 100;

    /// <summary>Makes files of a few bytes; calls <paramref name="made"/> after each folder.</summary>
    public static WorkResult Create(string root, int files, int fileLength)
    {
        var content = new byte[fileLength];
        var clock = Stopwatch.StartNew();
        for (var number = 0; number < files; number++)
        {
            var folder = FolderOf(root, number);
            if (number % FilesPerFolder == 0)
                Directory.CreateDirectory(folder);
            using var file = File.OpenHandle(Path.Combine(folder, $"{number:d8}.txt"), FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite);
            if (fileLength == 0)
                continue;
            BitConverter.TryWriteBytes(content, number);
            RandomAccess.Write(file, content, 0);
        }
        return new WorkResult(clock.Elapsed.TotalSeconds, files, (long)files * fileLength);
    }

    /// <summary>Lists every folder and asks for the attributes of every file, as `du` does.</summary>
    public static WorkResult Walk(string root)
    {
        long count = 0, bytes = 0;
        var clock = Stopwatch.StartNew();
        foreach (var path in Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories))
        {
            count++;
            bytes += new FileInfo(path).Length;
        }
        return new WorkResult(clock.Elapsed.TotalSeconds, count, bytes);
    }

    private static string FolderOf(string root, int number)
    {
        var folder = number / FilesPerFolder;
        return Path.Combine(root, $"{folder / FoldersPerFolder:d3}", $"{folder % FoldersPerFolder:d3}");
    }
}
