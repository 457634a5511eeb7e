using CuckooDrive.Core.Volume;
using CuckooDrive.Format;

namespace CuckooDrive.Core.Drives;

/// <summary>
/// An open drive: the file system with everything under it. Made by <see cref="CreateAsync"/> (new) or
/// <see cref="AttachAsync"/> (existing, on a new machine), opened by <see cref="OpenAsync"/>.
/// </summary>
/// <remarks>
/// A drive's local state is one folder that a single process may have open. All failures that a user can act on are
/// <see cref="DriveException"/>. Thread safe.
/// </remarks>
public sealed partial class Drive : IAsyncDisposable
{
    private Drive()
    {
    }

    /// <summary>The file system to mount. Valid until the drive is disposed.</summary>
    public IFileSystem FileSystem => throw new NotSupportedException();

    /// <summary>
    /// Makes a new drive: its keys, a header on every cloud, and the local state. The clouds must answer, take writes and
    /// hold no other drive; the state folder must not hold one. On failure nothing is left behind.
    /// </summary>
    public static Task CreateAsync(string stateDirectory, CreateDriveOptions options, Secret passphrase, DriveServices services, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    /// <summary>
    /// Builds the local state of an existing drive from any sufficient set of its clouds, as of the last flush that
    /// reached them, and takes the drive over: a machine that had it before may no longer write.
    /// </summary>
    public static Task AttachAsync(string stateDirectory, AttachDriveOptions options, Secret passphrase, DriveServices services, IProgress<AttachProgress>? progress = null, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    /// <summary>Opens a drive whose state lies in <paramref name="stateDirectory"/>; works while clouds are away.</summary>
    public static Task<Drive> OpenAsync(string stateDirectory, Secret passphrase, OpenDriveOptions options, DriveServices services, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    /// <summary>Whether the folder holds the local state of a drive. Needs no passphrase.</summary>
    public static bool Exists(string stateDirectory) => throw new NotSupportedException();

    /// <summary>Never waits for a cloud.</summary>
    public DriveStatus GetStatus() => throw new NotSupportedException();

    /// <summary>Completes when everything written before is protected: shards and journal are on their clouds.</summary>
    public Task FlushAsync(IProgress<FlushProgress>? progress = null, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    /// <summary>How safe the file (or everything directly in the folder) at a path inside the drive is; null when there is none.</summary>
    /// <param name="path">Relative to the drive's root, '/' between names.</param>
    public Task<FileProtection?> GetProtectionAsync(string path, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    /// <summary>
    /// Checks that the drive is consistent: the store, its rows, reference counts, and that the clouds list the objects
    /// they should hold. With <paramref name="thorough"/> every shard is read and verified. Changes nothing.
    /// </summary>
    public Task<DoctorReport> CheckAsync(bool thorough, IProgress<DoctorProgress>? progress = null, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    /// <summary>
    /// Commits everything, tries for a bounded time (<see cref="OpenDriveOptions.CloseTimeout"/>) to send the journal, and
    /// releases the state. What could not be sent goes on at the next opening.
    /// </summary>
    public ValueTask DisposeAsync() => throw new NotSupportedException();
}
