using CuckooDrive.Benchmarks.Support;
using CuckooDrive.Testing.Host;

namespace CuckooDrive.Benchmarks.Subjects;

/// <summary>The real program with four folder clouds of which any one may be lost; uploads run as they do for a user.</summary>
internal sealed class CuckooSubject(string folder) : Subject
{
    public const string Name = "cuckoo";
    private MountedDrive? _drive;

    public override string MountPoint => Drive.MountPoint;

    public override int ProcessId => Drive.ProcessId;

    private MountedDrive Drive => _drive ?? throw new InvalidOperationException("It is not started.");

    public override async Task StartAsync(CancellationToken cancellation)
    {
        Directory.CreateDirectory(folder);
        _drive = await MountedDrive.CreateAsync(new MountedDriveOptions { Clouds = 4, Survive = 1, ParentFolder = folder });
    }

    public override async Task SettleAsync(CancellationToken cancellation)
    {
        using var flush = CuckooProcess.Start(CuckooProcess.Executable, Drive.Environment, "flush", MountedDrive.Name);
        flush.StandardInput.Close();
        var output = flush.StandardOutput.ReadToEndAsync(CancellationToken.None);
        var error = flush.StandardError.ReadToEndAsync(CancellationToken.None);
        try
        {
            await flush.WaitForExitAsync(cancellation);
        }
        catch (OperationCanceledException)
        {
            flush.Kill();
            throw;
        }
        if (flush.ExitCode != 0)
            throw new BenchmarkException($"cuckoo flush ended with status {flush.ExitCode}: {Tool.LastLine(await error, await output)}");
    }

    public override FolderSize MeasureStored() => FolderSize.Of(Drive.Clouds);

    public override async ValueTask DisposeAsync()
    {
        if (_drive is not null)
            await _drive.DisposeAsync();
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
    }

    protected override Task MountAsync(CancellationToken cancellation) => Drive.MountAsync();

    protected override Task UnmountAsync() => Drive.UnmountAsync();
}
