using CuckooDrive.Core.Volume;
using CuckooDrive.Host.CommandLine;
using CuckooDrive.Host.Daemon;
using CuckooDrive.Mount.Fuse;
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

    /// <summary>Mounts; the result does not own the file system.</summary>
    public static IFileSystemMount Mount(IFileSystem fileSystem, MountRequest request, ILoggerFactory loggers)
    {
        CheckSupported();
        var options = new FuseMountOptions
        {
            Name = request.Name,
            ReadOnly = request.ReadOnly,
            AllowOther = request.AllowOther,
        };
        return new FuseFileSystemMount(FuseMount.Mount(fileSystem, request.MountPoint, options, loggers.CreateLogger<FuseMount>()));
    }
}
