using CuckooDrive.Clouds.Tests.Rest;
using CuckooDrive.Testing.Emulators;
using CuckooDrive.Testing.Emulators.Dropbox;

namespace CuckooDrive.Clouds.Tests.Dropbox;

public sealed class DropboxRcloneTests : RcloneJudgement
{
    private readonly DropboxEmulator _emulator = new() { PageSize = 2 };

    protected override CloudEmulator Emulator => _emulator;

    protected override string Remote => "cloud:judge";

    // Our provider sends above 4 MiB in a session, above 16 MiB in several parts; rclone always, in parts of 48 MiB.
    protected override int[] Sizes => [0, 1, 6, 300_000, 9_000_001, 17_000_000];

    protected override ICloudStorage Open() =>
        CloudRegistry.Default.Open("dropbox:/judge", _emulator.Options() with { CreateRoot = true });

    protected override Rclone StartRclone() => new(
        _emulator, "type = dropbox", $"token = {Rclone.Token(_emulator.Login.SignIn()[CloudSecret.AccessToken]!)}");
}
