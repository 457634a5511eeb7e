using CuckooDrive.Core.Volume;
using CuckooDrive.Host.CommandLine;
using CuckooDrive.Host.Daemon;
using Microsoft.Extensions.Logging;

namespace CuckooDrive.Host.Composition;

/// <summary>Chooses the kernel adapter of this system.</summary>
internal static class FileSystemMounter
{
    /// <summary>Fails with a sentence where mounting is not possible.</summary>
    public static void CheckSupported()
    {
        if (!OperatingSystem.IsLinux())
            throw new UserException("Mounting is not supported on this system yet; it works on Linux.");
    }

    public static IFileSystemMount Mount(IFileSystem fileSystem, MountRequest request, ILoggerFactory loggers)
    {
        CheckSupported();
        throw new UserException("no adapter");
    }
}
