namespace CuckooDrive.Host.Daemon;

/// <summary>
/// A file system that the kernel shows at a mount point. Disposing takes it away although it is in use: what programs
/// have written is handed over first, then they see errors.
/// </summary>
internal interface IFileSystemMount : IAsyncDisposable
{
    /// <summary>Completes when the mount is gone, whoever took it away; fails when serving it failed.</summary>
    Task Ended { get; }

    /// <summary>Takes the mount away and waits until every request is answered; false when somebody is using it.</summary>
    Task<bool> TryUnmountAsync();
}
