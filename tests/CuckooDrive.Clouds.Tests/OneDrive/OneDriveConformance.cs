using CuckooDrive.Clouds.Providers.OneDrive;
using CuckooDrive.Testing.Clouds;
using CuckooDrive.Testing.Emulators;

namespace CuckooDrive.Clouds.Tests.OneDrive;

public sealed class OneDriveConformance : CloudConformance, IDisposable
{
    private readonly OneDriveEmulator _emulator = new() { PageSize = 100 };

    public void Dispose()
    {
        Assert.Equal(0, _emulator.LeakedTokens);
        Assert.Equal(0, _emulator.OpenSessions);
        _emulator.Dispose();
    }

    protected override ICloudStorage Open() => OneDriveStorage.Provider.Open(
        CloudAddress.Parse("onedrive:/drive of tests"), _emulator.Options() with { CreateRoot = true });
}
