using CuckooDrive.Benchmarks.Support;

namespace CuckooDrive.Benchmarks.Subjects;

/// <summary>
/// One empty mounted file system that is measured, with all that it keeps in one folder. Made, used and disposed for each
/// group of rows. Disposal unmounts, ends what was started and deletes everything, whatever happened before.
/// </summary>
internal abstract class Subject : IAsyncDisposable
{
    /// <summary>Where it is mounted.</summary>
    public abstract string MountPoint { get; }

    /// <summary>The process that serves the mount.</summary>
    public abstract int ProcessId { get; }

    /// <summary>Whether it keeps its files when it is unmounted.</summary>
    public virtual bool Persistent => true;

    /// <summary>Makes it and mounts it.</summary>
    public abstract Task StartAsync(CancellationToken cancellation);

    /// <summary>Waits until what goes on in the background is done: until all is protected.</summary>
    public virtual Task SettleAsync(CancellationToken cancellation) => Task.CompletedTask;

    /// <summary>What lies where it finally stores: in the clouds, or in the folder of encrypted files.</summary>
    public abstract FolderSize MeasureStored();

    /// <summary>
    /// Nothing of the files is in the kernel's caches or in the serving process afterwards: unmounts, drops the kernel's
    /// caches where that is allowed, and mounts anew.
    /// </summary>
    public async Task MakeColdAsync(CancellationToken cancellation)
    {
        if (Persistent)
            await UnmountAsync();
        KernelCaches.Drop();
        if (Persistent)
            await MountAsync(cancellation);
    }

    public string PathOf(string name) => Path.Combine(MountPoint, name);

    public abstract ValueTask DisposeAsync();

    protected abstract Task MountAsync(CancellationToken cancellation);

    protected abstract Task UnmountAsync();
}
