using CuckooDrive.Core.Drives;
using Xunit;

namespace CuckooDrive.Core.Tests.Drives;

/// <summary>One cloud of four lies, in every way; the others know better.</summary>
public sealed class HostileCloudTests
{
    private const int Liar = 2;

    [Theory]
    [InlineData("header/")]
    [InlineData("member/")]
    [InlineData("lease/")]
    [InlineData("journal/")]
    [InlineData("root/")]
    public async Task AChangedObjectIsFoundOut(string kind)
    {
        await using var fixture = await FilledAsync();
        var clouds = fixture.CopyClouds();
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        foreach (var name in fixture.Objects(Liar, kind))
        {
            var original = File.ReadAllBytes(fixture.PathOf(Liar, name));
            var flipped = (byte[])original.Clone();
            flipped[random.Next(original.Length)] ^= (byte)(1 << random.Next(8));
            foreach (var lie in new[] { flipped, original[..^1], [.. original, 0], [] })
            {
                fixture.RestoreClouds(clouds);
                File.WriteAllBytes(fixture.PathOf(Liar, name), lie);
                await AttachAndCheckAsync(fixture, $"{name}, seed {seed}");
            }
        }
    }

    [Theory]
    [InlineData("journal/")]
    [InlineData("root/")]
    [InlineData("header/")]
    [InlineData("member/")]
    public async Task MissingObjectsAreFoundElsewhere(string kind)
    {
        await using var fixture = await FilledAsync();
        foreach (var name in fixture.Objects(Liar, kind))
            File.Delete(fixture.PathOf(Liar, name));
        var warnings = await AttachAndCheckAsync(fixture, kind);
        Assert.NotEmpty(warnings);
    }

    [Fact]
    public async Task SwappedObjectsAreFoundOut()
    {
        await using var fixture = await FilledAsync();
        var names = fixture.Objects(Liar, "journal/");
        Assert.True(names.Length >= 2);
        var (first, second) = (File.ReadAllBytes(fixture.PathOf(Liar, names[0])), File.ReadAllBytes(fixture.PathOf(Liar, names[1])));
        File.WriteAllBytes(fixture.PathOf(Liar, names[0]), second);
        File.WriteAllBytes(fixture.PathOf(Liar, names[1]), first);
        await AttachAndCheckAsync(fixture, "swapped");
    }

    [Fact]
    public async Task AnOldStateOfOneCloudIsNotBelieved()
    {
        await using var fixture = new DriveFixture();
        await fixture.CreateAsync();
        var old = fixture.CopyClouds();
        await FillAsync(fixture);
        fixture.RestoreCloud(old, Liar);
        var warnings = await AttachAndCheckAsync(fixture, "old state");
        Assert.Contains(warnings, warning => warning.Contains("behind", StringComparison.Ordinal) && warning.Contains($"cloud{Liar}", StringComparison.Ordinal));
    }

    [Fact]
    public async Task ACopyOfAnotherCloudIsNotTakenForTwo()
    {
        await using var fixture = await FilledAsync();
        var copy = fixture.CopyClouds();
        Directory.Delete(fixture.CloudFolders[1], recursive: true);
        Directory.Move(Path.Combine(copy, "0"), fixture.CloudFolders[1]);
        fixture.State = "attached";
        var error = await Assert.ThrowsAsync<DriveException>(() => fixture.AttachAsync(0, 1, 2));
        Assert.Equal(DriveErrorKind.InvalidOption, error.Kind);
    }

    [Fact]
    public async Task AnEmptyFolderInPlaceOfACloudCountsAsAway()
    {
        await using var fixture = await FilledAsync();
        Directory.Move(fixture.CloudFolders[0], fixture.CloudFolders[0] + ".away");
        Directory.CreateDirectory(fixture.CloudFolders[0]);
        await using (var drive = await fixture.OpenAsync())
        {
            await DriveFixture.WriteAsync(drive, "b", DriveFixture.Content(8, 300_000));
            await DriveFixture.WhileAsync(() => drive.GetStatus().Clouds[0].Reachable);
            Assert.Empty(fixture.Objects(0));
            Assert.Contains("right disk", drive.GetStatus().Clouds[0].LastError, StringComparison.Ordinal);
        }
        Directory.Delete(fixture.CloudFolders[0]);
        Directory.Move(fixture.CloudFolders[0] + ".away", fixture.CloudFolders[0]);
        await using (var drive = await fixture.OpenAsync())
            await drive.FlushAsync();
    }

    /// <summary>A disk that is unmounted leaves its mount point: nothing may be kept there, and nothing healed into it, in its place.</summary>
    [Fact]
    public async Task AnEmptyFolderThatComesInPlaceOfACloudWhileTheDriveIsOpenCountsAsAway()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "elsewhere a volume's path goes with it");
        await using var fixture = await FilledAsync();
        await using var drive = await fixture.OpenAsync();
        await drive.FlushAsync().WaitAsync(TimeSpan.FromMinutes(1));
        Directory.Move(fixture.CloudFolders[0], fixture.CloudFolders[0] + ".away");
        Directory.CreateDirectory(fixture.CloudFolders[0]);
        for (var i = 0; i < 4; i++)
        {
            await DriveFixture.WriteAsync(drive, $"b{i}", DriveFixture.Content(i, 300_000));
            Assert.Equal(Core.Volume.FsError.None, await drive.FileSystem.SyncAsync(Core.Volume.IFileSystem.RootInode, false, default));
            await drive.CheckpointAsync().WaitAsync(TimeSpan.FromMinutes(1));
        }
        await DriveFixture.WhileAsync(() => drive.GetStatus().Clouds[0].LastError?.Contains("right disk", StringComparison.Ordinal) != true);
        Assert.Empty(fixture.Objects(0));
        Assert.NotEqual(DriveProtection.Protected, drive.GetStatus().Protection);

        Directory.Delete(fixture.CloudFolders[0]);
        Directory.Move(fixture.CloudFolders[0] + ".away", fixture.CloudFolders[0]);
        await drive.FlushAsync().WaitAsync(TimeSpan.FromMinutes(1));
        DriveFixture.AssertHealthy(await drive.CheckAsync(thorough: true));
    }

    private static async Task<DriveFixture> FilledAsync()
    {
        var fixture = new DriveFixture();
        await fixture.CreateAsync();
        await FillAsync(fixture);
        return fixture;
    }

    private static async Task FillAsync(DriveFixture fixture)
    {
        await using var drive = await fixture.OpenAsync();
        await DriveFixture.WriteAsync(drive, "a", DriveFixture.Content(7, 300_000));
        await drive.CheckpointAsync();
        for (var i = 0; i < 3; i++)
        {
            await DriveFixture.MakeDirectoryAsync(drive, $"{i}");
            await drive.FlushAsync();
        }
        // All clouds, not merely enough of them.
        await DriveFixture.WhileAsync(() => Enumerable.Range(1, 3).Any(cloud => !fixture.Objects(cloud, "journal/").SequenceEqual(fixture.Objects(0, "journal/"))));
    }

    private static async Task<IReadOnlyList<string>> AttachAndCheckAsync(DriveFixture fixture, string what)
    {
        fixture.State = "attached";
        var report = await fixture.AttachAsync();
        await using (var drive = await fixture.OpenAsync())
        {
            Assert.Equal(DriveFixture.Content(7, 300_000), await DriveFixture.ReadAsync(drive, "a"));
            for (var i = 0; i < 3; i++)
                Assert.True(await DriveFixture.ExistsAsync(drive, $"{i}"), what);
        }
        fixture.LoseState();
        return report.Warnings;
    }
}
