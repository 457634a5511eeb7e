using CuckooDrive.Clouds;
using CuckooDrive.Core.Drives;
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
    };

    /// <summary>Fails with a sentence when no provider takes the address. Contacts nothing.</summary>
    public static async ValueTask CheckAddressAsync(string address)
    {
        await using var cloud = CloudRegistry.Default.Open(address);
    }
}
