using System.Diagnostics.CodeAnalysis;
using CuckooDrive.Core.Volume;
using Microsoft.Extensions.Logging;

namespace CuckooDrive.Mount.Dokan;

/// <summary>
/// The place of the Windows binding to dokan2.dll. Mounting on Windows is not offered yet: the drive mounts on Linux, and
/// everything that needs no mount works on Windows too.
/// </summary>
public static class DokanMount
{
    /// <summary>Refuses.</summary>
    /// <exception cref="PlatformNotSupportedException">Always, with one sentence for the user.</exception>
    [DoesNotReturn]
    public static IAsyncDisposable Mount(IFileSystem fileSystem, string mountPoint, ILogger logger)
    {
        ArgumentNullException.ThrowIfNull(fileSystem);
        ArgumentNullException.ThrowIfNull(logger);
        throw new PlatformNotSupportedException(
            $"Mounting at {mountPoint} is not possible: this version mounts drives on Linux only.");
    }
}
