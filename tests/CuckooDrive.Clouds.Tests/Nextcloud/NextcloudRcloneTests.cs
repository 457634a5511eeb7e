using CuckooDrive.Clouds.Tests.Rest;
using CuckooDrive.Testing.Emulators;
using CuckooDrive.Testing.Emulators.Nextcloud;

namespace CuckooDrive.Clouds.Tests.Nextcloud;

public sealed class NextcloudRcloneTests : RcloneJudgement
{
    private readonly NextcloudEmulator _emulator = new();

    protected override CloudEmulator Emulator => _emulator;

    protected override string Remote => "cloud:judge";

    // Our provider sends above 10 MiB in chunks, the last one in two; rclone 1.60 sends all whole.
    protected override int[] Sizes => [0, 1, 6, 300_000, 10_485_761, 11_000_000];

    protected override ICloudStorage Open() =>
        CloudRegistry.Default.Open($"{NextcloudConformance.Address}/judge", _emulator.PasswordOptions() with { CreateRoot = true });

    protected override Rclone StartRclone() => new(
        _emulator,
        "type = webdav",
        "vendor = nextcloud",
        $"url = https://{NextcloudEmulator.Host}/remote.php/dav/files/{NextcloudEmulator.User}",
        $"bearer_token = {_emulator.Login.SignIn()[CloudSecret.AccessToken]}");
}
