using CuckooDrive.Benchmarks.Support;
using CuckooDrive.Testing.Host;

namespace CuckooDrive.Benchmarks.Clouds;

/// <summary>The real program with a drive over the farm's clouds, of which any one may be lost.</summary>
internal sealed class CloudDrive : IAsyncDisposable
{
    private readonly MountedDrive _drive;

    private CloudDrive(MountedDrive drive) => _drive = drive;

    public int ProcessId => _drive.ProcessId;

    public static async Task<CloudDrive> CreateAsync(CloudFarm farm, string folder, string name)
    {
        var addresses = farm.AddressesOf(name);
        return new CloudDrive(await MountedDrive.CreateAsync(new MountedDriveOptions
        {
            Addresses = addresses,
            Secrets = string.Concat(addresses.Select(address => $"[{address}]\npassword={farm.Password}\n")),
            Survive = 1,
            ParentFolder = folder,
        }));
    }

    public string PathOf(string name) => _drive.PathOf(name);

    /// <summary>Returns when everything is protected.</summary>
    public Task FlushAsync() => _drive.FlushAsync();

    /// <summary>Afterwards nothing of the files' content is on this machine. Every cloud has been heard of.</summary>
    public async Task MakeColdAsync(CancellationToken cancellation)
    {
        await _drive.UnmountAsync();
        _drive.DropDiskCache();
        KernelCaches.Drop();
        await _drive.MountAsync();
        await Task.Delay(TimeSpan.FromSeconds(1), cancellation);
    }

    public ValueTask DisposeAsync() => _drive.DisposeAsync();
}
