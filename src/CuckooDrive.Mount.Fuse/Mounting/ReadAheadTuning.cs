using System.Globalization;
using Microsoft.Extensions.Logging;

namespace CuckooDrive.Mount.Fuse.Mounting;

/// <summary>Raises the kernel's read-ahead of one mount, which INIT cannot take over 128 KiB. Root only; others go without.</summary>
internal static partial class ReadAheadTuning
{
    public static void Apply(string mountPoint, int kibibytes, ILogger logger)
    {
        if (MountTable.Find(mountPoint) is not { } entry)
            return;
        var file = $"/sys/class/bdi/{entry.Device}/read_ahead_kb";
        try
        {
            File.WriteAllText(file, kibibytes.ToString(CultureInfo.InvariantCulture));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            LogNotRaised(logger, file, exception.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "The kernel's read-ahead stays as it is: {File}: {Reason}")]
    private static partial void LogNotRaised(ILogger logger, string file, string reason);
}
