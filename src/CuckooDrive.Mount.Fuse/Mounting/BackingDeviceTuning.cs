using System.Globalization;
using Microsoft.Extensions.Logging;

namespace CuckooDrive.Mount.Fuse.Mounting;

/// <summary>
/// Changes limits that the kernel sets for every FUSE mount and INIT cannot change. Root only; other users' mounts go
/// without and are slower, nothing else.
/// </summary>
internal static partial class BackingDeviceTuning
{
    private const int RatioWithoutGrant = 50;

    public static void Apply(string mountPoint, FuseMountOptions options, ILogger logger)
    {
        // The table may lack an entry when it is read while others mount and unmount.
        if ((MountTable.Find(mountPoint) ?? MountTable.Find(mountPoint)) is not { } entry)
        {
            LogNotFound(logger, mountPoint);
            return;
        }
        var folder = $"/sys/class/bdi/{entry.Device}";
        Set(folder, "read_ahead_kb", options.ReadAheadKiB, logger);
        if (!File.Exists(Path.Combine(folder, "strict_limit")))
        {
            // Before Linux 6.2. Some of those kernels forget to take a least share back when the mount ends.
            Set(folder, "max_ratio", RatioWithoutGrant, logger);
            return;
        }
        // Strictly, so that pages come while a program still writes, and not only with its fsync or when a tenth of the memory is dirty. But without
        // a least share a new mount's writers would sleep most of the time, and all least shares together cannot exceed the whole.
        var share = DirtyShare.OfThisMachine();
        var isGranted = Set(folder, "max_ratio", share, logger) && Set(folder, "min_ratio", share, logger);
        if (!isGranted)
            Set(folder, "max_ratio", RatioWithoutGrant, logger);
        Set(folder, "strict_limit", isGranted ? 1 : 0, logger);
    }

    private static bool Set(string folder, string name, int value, ILogger logger)
    {
        try
        {
            File.WriteAllText(Path.Combine(folder, name), value.ToString(CultureInfo.InvariantCulture));
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            LogNotSet(logger, name, folder, exception.Message);
            return false;
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The mount at {MountPoint} is not in the table of mounts; it keeps the kernel's limits and may be slow.")]
    private static partial void LogNotFound(ILogger logger, string mountPoint);

    [LoggerMessage(Level = LogLevel.Debug, Message = "The kernel's {Name} of {Folder} stays as it is: {Reason}")]
    private static partial void LogNotSet(ILogger logger, string name, string folder, string reason);
}
