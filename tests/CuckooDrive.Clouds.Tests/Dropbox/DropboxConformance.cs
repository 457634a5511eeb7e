using CuckooDrive.Testing.Clouds;
using CuckooDrive.Testing.Emulators.Dropbox;

namespace CuckooDrive.Clouds.Tests.Dropbox;

public sealed class DropboxConformance(DropboxEmulator emulator) : CloudConformance, IClassFixture<DropboxEmulator>
{
    protected override ICloudStorage Open() =>
        CloudRegistry.Default.Open("dropbox:/Nest/eins", emulator.Options() with { CreateRoot = true });
}
