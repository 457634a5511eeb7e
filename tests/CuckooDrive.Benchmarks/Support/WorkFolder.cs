namespace CuckooDrive.Benchmarks.Support;

/// <summary>The folder that holds everything of a run and is deleted with it.</summary>
internal sealed class WorkFolder : IDisposable
{
    private const string MemoryDisk = "/dev/shm";

    private WorkFolder(string path)
    {
        Path = path;
        Directory.CreateDirectory(path);
    }

    public string Path { get; }

    /// <summary>Makes it in the given folder; by default on a disk in memory when that and the memory have the room.</summary>
    public static WorkFolder Create(string? parent, long bytesNeeded)
    {
        parent ??= HasRoom(bytesNeeded) ? MemoryDisk : System.IO.Path.GetTempPath();
        var free = new DriveInfo(parent).AvailableFreeSpace;
        if (free < bytesNeeded)
            throw new BenchmarkException($"'{parent}' has {free >> 20} MiB free and {bytesNeeded >> 20} MiB are needed; give another folder by --at, or less work by --scale.");
        return new WorkFolder(System.IO.Path.Combine(parent, $"cuckoo-bench-{Guid.NewGuid().ToString("N")[..8]}"));
    }

    /// <summary>Makes a folder inside, which nothing of that name is in yet.</summary>
    public string Make(string name)
    {
        var path = System.IO.Path.Combine(Path, name);
        Directory.CreateDirectory(path);
        return path;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);

    private static bool HasRoom(long bytes) =>
        Directory.Exists(MemoryDisk) && new DriveInfo(MemoryDisk).AvailableFreeSpace >= bytes && Machine.AvailableMemory >= bytes;
}
