using CuckooDrive.Testing.Clouds;
using CuckooDrive.Testing.Emulators.Nextcloud;

namespace CuckooDrive.Clouds.Tests.Nextcloud;

public sealed class NextcloudConformance(NextcloudEmulator emulator) : CloudConformance, IClassFixture<NextcloudEmulator>
{
    internal const string Address = $"webdavs://{NextcloudEmulator.User}@{NextcloudEmulator.Host}/remote.php/dav/files/{NextcloudEmulator.User}";

    protected override bool RunsHeavyChecks => false;

    protected override ICloudStorage Open() =>
        CloudRegistry.Default.Open($"{Address}/Nest/eins", emulator.PasswordOptions() with { CreateRoot = true });
}
