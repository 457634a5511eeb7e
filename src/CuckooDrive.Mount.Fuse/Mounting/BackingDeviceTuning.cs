using System.Globalization;
using Microsoft.Extensions.Logging;

namespace CuckooDrive.Mount.Fuse.Mounting;

/// <summary>
/// Lifts limits that the kernel sets for every FUSE mount and INIT cannot lift. Root only; other users' mounts go
/// without and are slower, nothing else.
/// </summary>
internal static partial class BackingDeviceTuning
{
    public static void Apply(string mountPoint, FuseMountOptions options, ILogger logger)
    {
        if (MountTable.Find(mountPoint) is not { } entry)
            return;
        var folder = $"/sys/class/bdi/{entry.Device}";
        Set(folder, "read_ahead_kb", options.ReadAheadKiB, logger);
        // Without a least share, a new mount gets 1 % and its writers sleep most of the time. Strictly, so that pages come while a
        // program still writes, and not only with its fsync or when a tenth of the memory is dirty. The greatest before the least, which may not exceed it.
        Set(folder, "max_ratio", options.DirtyRatioPercent, logger);
        Set(folder, "min_ratio", options.DirtyRatioPercent, logger);
        Set(folder, "strict_limit", 1, logger);
    }

    private static void Set(string folder, string name, int value, ILogger logger)
    {
        try
        {
            File.WriteAllText(Path.Combine(folder, name), value.ToString(CultureInfo.InvariantCulture));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            LogNotSet(logger, name, folder, exception.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "The kernel's {Name} of {Folder} stays as it is: {Reason}")]
    private static partial void LogNotSet(ILogger logger, string name, string folder, string reason);
}
