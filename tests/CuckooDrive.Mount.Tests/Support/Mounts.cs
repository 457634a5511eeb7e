using CuckooDrive.Testing.FileSystems;

[assembly: AssemblyFixture(typeof(CuckooDrive.Mount.Tests.Support.Mounts))]

namespace CuckooDrive.Mount.Tests.Support;

/// <summary>How the mounted file system completes its calls.</summary>
public enum Dispatch
{
    Inline,
    Asynchronous,
}

/// <summary>One mount of each kind for all tests, each test in a folder of its own.</summary>
public sealed class Mounts : IAsyncLifetime
{
    private readonly Dictionary<Dispatch, MountedProcess> _mounts = [];
    private readonly List<string> _mountPoints = [];
    private int _lastFolder;

    public async ValueTask InitializeAsync()
    {
        if (MountedProcess.WhyUnavailable() is not null)
            return;
        _mounts[Dispatch.Inline] = await StartSharedAsync();
        _mounts[Dispatch.Asynchronous] = await StartSharedAsync("asynchronous");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var mount in _mounts.Values)
            await mount.DisposeAsync();
        foreach (var mountPoint in _mountPoints)
            Directory.Delete(mountPoint);
    }

    /// <summary>A new folder on the mount. Skips the test where nothing can be mounted.</summary>
    public string NewFolder(Dispatch dispatch)
    {
        Assert.SkipWhen(MountedProcess.WhyUnavailable() is not null, MountedProcess.WhyUnavailable() ?? "");
        var path = _mounts[dispatch].Path($"test{Interlocked.Increment(ref _lastFolder)}");
        Assert.Equal(0, Posix.MakeDirectory(path));
        return path;
    }

    public static string NewMountPoint() => Directory.CreateTempSubdirectory("cuckoo-mount-").FullName;

    public static Task<MountedProcess> StartAsync(string mountPoint, params string[] flags) =>
        MountedProcess.StartAsync("dotnet", HelperProcess.Arguments(["mount", mountPoint, .. flags]), mountPoint);

    private async Task<MountedProcess> StartSharedAsync(params string[] flags)
    {
        var mountPoint = NewMountPoint();
        _mountPoints.Add(mountPoint);
        return await StartAsync(mountPoint, ["allow-other", .. flags]);
    }
}
