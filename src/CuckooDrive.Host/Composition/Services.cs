using CuckooDrive.Clouds;
using CuckooDrive.Core.Drives;
using Microsoft.Extensions.Logging;

namespace CuckooDrive.Host.Composition;

/// <summary>What the drive gets from this program.</summary>
internal static class Services
{
    /// <param name="loggers">Must live as long as the drive.</param>
    /// <param name="createRoots">Make missing folders: only for a new drive, since later a missing folder is an unplugged disk.</param>
    public static DriveServices Create(ILoggerFactory loggers, bool createRoots = false) => new()
    {
        OpenCloud = Open,
        Loggers = loggers,
    };

    /// <summary>Fails with a sentence when no provider takes the address. Contacts nothing.</summary>
    public static void CheckAddress(string address) => Open(address);

    private static ICloudStorage Open(string address) =>
        throw new CloudException(CloudErrorKind.InvalidAddress, $"'{address}' is not a known kind of cloud.");
}
