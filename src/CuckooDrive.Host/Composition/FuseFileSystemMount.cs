using CuckooDrive.Host.Daemon;
using CuckooDrive.Mount.Fuse;

namespace CuckooDrive.Host.Composition;

/// <summary>A mount on Linux.</summary>
internal sealed class FuseFileSystemMount(FuseMount mount) : IFileSystemMount
{
    /// <summary>How long the kernel may take to end the connection of a mount that is gone.</summary>
    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(10);

    public Task Ended { get; } = mount.WaitForUnmountAsync();

    public async Task<bool> TryUnmountAsync()
    {
        try
        {
            // The kernel hands over everything that programs have written before this returns, so a thread must be free.
            await Task.Run(() => mount.Unmount());
            await Ended.WaitAsync(EndPatience);
            return true;
        }
        catch (FuseMountException failure) when (failure.Failure == FuseMountFailure.Busy)
        {
            return false;
        }
        catch (FuseMountException failure) when (failure.Failure == FuseMountFailure.NotMounted)
        {
            // Somebody has unmounted it: at once, or lazily while programs still use it.
            return Ended.IsCompleted;
        }
        catch (TimeoutException)
        {
            return true; // Another mount namespace still shows it; disposing ends the connection.
        }
    }

    public ValueTask DisposeAsync() => mount.DisposeAsync();
}
