using CuckooDrive.Clouds.Providers.OneDrive;
using CuckooDrive.Clouds.Tests.Rest;
using CuckooDrive.Testing.Emulators;

namespace CuckooDrive.Clouds.Tests.OneDrive;

/// <summary>As the accounts of work and school; rclone compares the QuickXorHash itself.</summary>
public sealed class OneDriveRcloneTests : RcloneJudgement
{
    private readonly OneDriveEmulator _emulator = new() { PageSize = 2 };

    protected override CloudEmulator Emulator => _emulator;

    protected override string Remote => $"cloud:{OneDriveEmulator.AppFolder}/judge";

    // rclone's fragments are 10 MiB.
    protected override int[] Sizes => [0, 1, 6, 300_000, 4_200_001, 12_000_000];

    protected override ICloudStorage Open() => OneDriveStorage.Provider.Open(
        CloudAddress.Parse("onedrive:/judge"), _emulator.Options() with { CreateRoot = true });

    protected override Rclone StartRclone() => new(
        _emulator,
        "type = onedrive",
        $"drive_id = {OneDriveEmulator.DriveId}",
        "drive_type = business",
        $"token = {Rclone.Token(_emulator.Login.SignIn()[CloudSecret.AccessToken]!)}");
}
