namespace CuckooDrive.Core.Chunks;

/// <summary>
/// How much the disk of the staging folder can take. Some of it is kept back, so that commits, deletions and everything else
/// that frees space still work when writers are refused; and the disk cache goes before anybody is. Thread safe.
/// </summary>
internal sealed class LocalDisk(string folder, DiskCache cache)
{
    private const int PartKeptBack = 20;
    private const long LeastKeptBack = 4L << 20;
    private const long MostKeptBack = 64L << 20;

    /// <summary>Bytes, negative when less is free than should be kept back; <see cref="long.MaxValue"/> when the system does not tell.</summary>
    public long MeasureRoom()
    {
        try
        {
            var disk = new DriveInfo(folder);
            var keptBack = Math.Clamp(disk.TotalSize / PartKeptBack, LeastKeptBack, MostKeptBack);
            var free = disk.AvailableFreeSpace;
            if (free < 2 * keptBack && cache.Bytes > 0)
            {
                cache.GiveUp((2 * keptBack) - free);
                free = disk.AvailableFreeSpace;
            }
            return free - keptBack;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            // A disk that does not answer this question answers the writes themselves.
            return long.MaxValue;
        }
    }
}
