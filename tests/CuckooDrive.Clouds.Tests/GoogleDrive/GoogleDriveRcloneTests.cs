using CuckooDrive.Clouds.Tests.Rest;
using CuckooDrive.Testing.Emulators;
using CuckooDrive.Testing.Emulators.GoogleDrive;

namespace CuckooDrive.Clouds.Tests.GoogleDrive;

public sealed class GoogleDriveRcloneTests : RcloneJudgement
{
    private readonly GoogleDriveEmulator _emulator = new() { PageSize = 2 };

    protected override CloudEmulator Emulator => _emulator;

    protected override string Remote => "cloud:judge";

    // Ours is resumable above 5 MB in parts of 16 MiB; rclone's above 8 MiB in parts of 8 MiB.
    protected override int[] Sizes => [0, 1, 6, 300_000, 9_000_001, 17_000_000];

    protected override ICloudStorage Open() =>
        CloudRegistry.Default.Open("gdrive:/judge", _emulator.Options() with { CreateRoot = true });

    protected override Rclone StartRclone() => new(
        _emulator, "type = drive", "scope = drive", $"token = {Rclone.Token(_emulator.Login.SignIn()[CloudSecret.AccessToken]!)}");
}
