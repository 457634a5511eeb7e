using CuckooDrive.Mount.Fuse;
using Microsoft.Extensions.Logging.Abstractions;

namespace CuckooDrive.Testing.FileSystems;

/// <summary>Mounts a <see cref="MemoryFileSystem"/>: what the kernel adapter costs by itself, the floor of all comparisons.</summary>
public static class FloorMount
{
    /// <summary>Serves until unmounted, or until SIGTERM or Ctrl-C. Prints "mounted" when the mount can be used.</summary>
    public static async Task RunAsync(string mountPoint, FuseMountOptions? options = null)
    {
        var fileSystem = new MemoryFileSystem(TimeProvider.System);
        await using var mount = FuseMount.Mount(fileSystem, mountPoint, options ?? new FuseMountOptions { AllowOther = true, Name = "floor" }, NullLogger.Instance);
        using var stop = new CancellationTokenSource();
        using var terminate = System.Runtime.InteropServices.PosixSignalRegistration.Create(System.Runtime.InteropServices.PosixSignal.SIGTERM, Stop);
        using var interrupt = System.Runtime.InteropServices.PosixSignalRegistration.Create(System.Runtime.InteropServices.PosixSignal.SIGINT, Stop);
        Console.WriteLine("mounted");
        try
        {
            await mount.WaitForUnmountAsync(stop.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // Asked to stop: disposal unmounts.
        }

        void Stop(System.Runtime.InteropServices.PosixSignalContext context)
        {
            context.Cancel = true;
            stop.Cancel();
        }
    }
}
