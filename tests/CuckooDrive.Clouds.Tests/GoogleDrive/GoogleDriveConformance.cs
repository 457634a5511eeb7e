using CuckooDrive.Testing.Clouds;
using CuckooDrive.Testing.Emulators.GoogleDrive;

namespace CuckooDrive.Clouds.Tests.GoogleDrive;

public sealed class GoogleDriveConformance(GoogleDriveEmulator emulator) : CloudConformance, IClassFixture<GoogleDriveEmulator>
{
    protected override ICloudStorage Open() =>
        CloudRegistry.Default.Open("gdrive:/Nest/two", emulator.Options() with { CreateRoot = true });
}
