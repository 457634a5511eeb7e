using CuckooDrive.Clouds.Providers.Box;
using CuckooDrive.Clouds.Tests.Rest;
using CuckooDrive.Testing.Emulators;

namespace CuckooDrive.Clouds.Tests.Box;

public sealed class BoxRcloneTests : RcloneJudgement
{
    private readonly BoxEmulator _emulator = new() { PageSize = 2 };

    protected override CloudEmulator Emulator => _emulator;

    protected override string Remote => "cloud:judge";

    // rclone begins a session above 50 MiB, our provider above 20 MB.
    protected override int[] Sizes => [0, 1, 6, 300_000, 12_000_001, 53_000_000];

    protected override ICloudStorage Open() => BoxStorage.Provider.Open(
        CloudAddress.Parse("box:/judge"), _emulator.Options() with { CreateRoot = true });

    protected override Rclone StartRclone() => new(
        _emulator, "type = box", $"token = {Rclone.Token(_emulator.Login.SignIn()[CloudSecret.AccessToken]!)}");
}
