using System.Runtime.InteropServices;
using CuckooDrive.Core.Volume;
using CuckooDrive.Mount.Fuse;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace CuckooDrive.Testing.FileSystems;

/// <summary>
/// Mounts a <see cref="MemoryFileSystem"/>: what the kernel adapter costs by itself, the floor of all comparisons. For
/// a process of its own: nobody may touch a mount from the process that serves it.
/// </summary>
public static class FloorMount
{
    /// <summary>Printed when the mount can be used.</summary>
    public const string ReadyLine = "mounted";

    /// <summary>Serves until unmounted, or until SIGTERM or Ctrl-C.</summary>
    public static Task RunAsync(string mountPoint) =>
        RunAsync(mountPoint, new FuseMountOptions { Name = "floor" }, static memory => memory, NullLogger.Instance);

    /// <param name="mountPoint">An empty folder.</param>
    /// <param name="options">How to mount.</param>
    /// <param name="decorate">Puts something around the file system, for example to make it slow.</param>
    /// <param name="logger">Of the mount.</param>
    public static async Task RunAsync(string mountPoint, FuseMountOptions options, Func<IFileSystem, IFileSystem> decorate, ILogger logger)
    {
        WritebackRole.TryAssume();
        var owner = new Caller((uint)Posix.UserId(), (uint)Posix.GroupId());
        var fileSystem = decorate(new MemoryFileSystem(CoarseClock.Instance, owner: owner));
        using var stop = new CancellationTokenSource();
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        await using var mount = FuseMount.Mount(fileSystem, mountPoint, options, logger);
        Console.WriteLine(ReadyLine);
        try
        {
            await mount.WaitForUnmountAsync(stop.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // Asked to stop: disposal unmounts.
        }

        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            stop.Cancel();
        }
    }
}
