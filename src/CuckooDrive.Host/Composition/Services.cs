using CuckooDrive.Clouds;
using CuckooDrive.Core.Drives;
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

    /// <summary>Fails with a sentence when no provider takes the address. Contacts nothing.</summary>
    public static async ValueTask CheckAddressAsync(string address)
    {
        await using var cloud = CloudRegistry.Default.Open(address);
    }
}
