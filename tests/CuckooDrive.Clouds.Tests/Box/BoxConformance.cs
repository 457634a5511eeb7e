using CuckooDrive.Clouds.Providers.Box;
using CuckooDrive.Testing.Clouds;
using CuckooDrive.Testing.Emulators;

namespace CuckooDrive.Clouds.Tests.Box;

public sealed class BoxConformance : CloudConformance, IDisposable
{
    private readonly BoxEmulator _emulator = new() { PageSize = 100, RequiresDigests = true };

    public void Dispose()
    {
        Assert.Equal(0, _emulator.LeakedTokens);
        Assert.Equal(0, _emulator.OpenSessions);
        Assert.Equal(0, _emulator.Used);
        _emulator.Dispose();
    }

    protected override ICloudStorage Open() => BoxStorage.Provider.Open(
        CloudAddress.Parse("box:/drive of tests"), _emulator.Options() with { CreateRoot = true });
}
