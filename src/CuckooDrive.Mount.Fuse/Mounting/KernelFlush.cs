using System.ComponentModel;
using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace CuckooDrive.Mount.Fuse.Mounting;

/// <summary>Has the kernel write out what it holds of a mount.</summary>
internal static partial class KernelFlush
{
    /// <summary>
    /// syncfs(2) needs an open file on the mount, and this process must not touch its own: so another program does it
    /// (sync of the core utilities). Recent kernels do not wait in it until the pages have arrived. Where that is missing, the next best is left: the kernel's own writing every few seconds.
    /// </summary>
    public static async Task RunAsync(string mountPoint, ILogger logger)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo("sync", ["-f", mountPoint]) { RedirectStandardError = true });
            if (process is null)
                return;
            await process.StandardError.ReadToEndAsync().ConfigureAwait(false);
            await process.WaitForExitAsync().ConfigureAwait(false);
        }
        catch (Win32Exception exception)
        {
            LogNotFlushed(logger, exception, mountPoint);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "What programs wrote to {MountPoint} in the last seconds may be lost: the program sync is missing.")]
    private static partial void LogNotFlushed(ILogger logger, Exception exception, string mountPoint);
}
