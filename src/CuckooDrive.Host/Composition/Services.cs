using CuckooDrive.Clouds;
using CuckooDrive.Core.Drives;
using CuckooDrive.Host.CommandLine;
using CuckooDrive.Mount.Fuse;
using Microsoft.Extensions.Logging;

namespace CuckooDrive.Host.Composition;

/// <summary>What a drive gets from this program.</summary>
internal static class Services
{
    /// <param name="loggers">Must live as long as the drive.</param>
    public static DriveServices Create(ILoggerFactory loggers) => new()
    {
        Clouds = CloudRegistry.Default,
        Loggers = loggers,
        // The kernel's own clock, so that times set by it and by the drive are in one order.
        Time = OperatingSystem.IsLinux() ? CoarseClock.Instance : TimeProvider.System,
    };

    /// <summary>Fails with a sentence when no provider takes the address, or none may keep a drive there. Contacts nothing.</summary>
    public static async ValueTask CheckAddressAsync(string address)
    {
        // For trying the storage commands out: what it was given is gone when the process ends.
        if (address.StartsWith("memory:", StringComparison.OrdinalIgnoreCase))
            throw UserException.Usage($"'{address}' keeps nothing when the command has ended, so no drive can be stored there; give a place that lasts, such as file:///path.");
        await using var cloud = CloudRegistry.Default.Open(address);
    }
}
