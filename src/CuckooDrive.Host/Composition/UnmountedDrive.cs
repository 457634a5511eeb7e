using CuckooDrive.Core.Drives;
using CuckooDrive.Format;
using CuckooDrive.Host.CommandLine;
using CuckooDrive.Host.State;
using Microsoft.Extensions.Logging;

namespace CuckooDrive.Host.Composition;

/// <summary>A drive that a command opens for itself while it is not mounted.</summary>
internal sealed class UnmountedDrive : IAsyncDisposable
{
    private readonly ILoggerFactory _loggers;

    private UnmountedDrive(Drive drive, ILoggerFactory loggers)
    {
        Drive = drive;
        _loggers = loggers;
    }

    public Drive Drive { get; }

    /// <summary>Borrows the passphrase.</summary>
    public static async Task<UnmountedDrive> OpenAsync(
        CommandContext context, DriveFolders folders, Secret passphrase, bool readOnly, CancellationToken cancellation)
    {
        var options = DriveSettings.OptionsFor(DriveSettings.Load(context.Paths), folders.Name) with { ReadOnly = readOnly };
        var loggers = CommandLoggers.Create(context);
        try
        {
            return new UnmountedDrive(await Drive.OpenAsync(folders.Volume, passphrase, options, Services.Create(loggers), cancellation), loggers);
        }
        catch
        {
            loggers.Dispose();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Drive.DisposeAsync();
        _loggers.Dispose();
    }
}
