namespace CuckooDrive.Benchmarks.Support;

/// <summary>The page, dentry and inode caches of the kernel.</summary>
internal static class KernelCaches
{
    private const string DropFile = "/proc/sys/vm/drop_caches";

    /// <summary>Only root of the machine may drop them.</summary>
    public static bool CanDrop { get; } = TryDrop();

    /// <summary>Drops everything that is clean; nothing when not allowed.</summary>
    public static void Drop()
    {
        if (CanDrop)
            TryDrop();
    }

    private static bool TryDrop()
    {
        try
        {
            File.WriteAllText(DropFile, "3");
            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
