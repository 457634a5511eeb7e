using CuckooDrive.Benchmarks.Support;

namespace CuckooDrive.Benchmarks.Subjects;

/// <summary>A subject whose server runs in the foreground as a child of this process.</summary>
internal abstract class ServerSubject(string folder) : Subject
{
    protected const string Password = "a password of the benchmarks";
    private ServerProcess? _server;

    public override string MountPoint { get; } = Path.Combine(folder, "mnt");

    public override int ProcessId => _server!.Id;

    /// <summary>The folder of encrypted files.</summary>
    protected string Store { get; } = Path.Combine(folder, "store");

    protected string Folder => folder;

    public override async Task StartAsync(CancellationToken cancellation)
    {
        Directory.CreateDirectory(MountPoint);
        Directory.CreateDirectory(Store);
        await CreateAsync(cancellation);
        await MountAsync(cancellation);
    }

    public override FolderSize MeasureStored() => FolderSize.Of(Store);

    public override async ValueTask DisposeAsync()
    {
        await UnmountAsync();
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
    }

    /// <summary>Makes the empty encrypted folder, with the program's defaults.</summary>
    protected virtual Task CreateAsync(CancellationToken cancellation) => Task.CompletedTask;

    /// <summary>Starts the program in the foreground.</summary>
    protected abstract ServerProcess StartServer();

    protected override async Task MountAsync(CancellationToken cancellation)
    {
        _server = StartServer();
        await _server.WaitForMountAsync(MountPoint, cancellation);
    }

    protected override async Task UnmountAsync()
    {
        await Mounts.UnmountAsync(MountPoint);
        if (_server is null)
            return;
        await _server.WaitForEndAsync();
        _server.Dispose();
        _server = null;
    }
}
