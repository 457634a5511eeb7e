using CuckooDrive.Core.Drives;
using Xunit;

namespace CuckooDrive.Core.Tests.Drives;

public sealed class CheckpointTests
{
    [Fact]
    public async Task ACheckpointTakesThePlaceOfTheJournal()
    {
        await using var fixture = new DriveFixture();
        await fixture.CreateAsync();
        await using (var drive = await fixture.OpenAsync())
        {
            for (var i = 0; i < 600; i++)
                await DriveFixture.MakeDirectoryAsync(drive, $"directory number {i}");
            await DriveFixture.WriteAsync(drive, "a", DriveFixture.Content(1, 400_000));
            await drive.FlushAsync();
            Assert.True(fixture.Objects(0, "journal/").Length >= 2);
            await drive.CheckpointAsync();
            await drive.FlushAsync();
            await DriveFixture.WhileAsync(() => Enumerable.Range(0, 4).Any(cloud => fixture.Objects(cloud, "journal/").Contains("journal/0000000000000001-0000000000000000")));
            Assert.All(Enumerable.Range(0, 4), cloud => Assert.Single(fixture.Objects(cloud, "root/")));
            await DriveFixture.MakeDirectoryAsync(drive, "after");
            await drive.FlushAsync();
            DriveFixture.AssertHealthy(await drive.CheckAsync(thorough: true));
        }
        for (var lost = -1; lost < 4; lost++)
        {
            fixture.State = $"machine{lost}";
            await fixture.AttachAsync([.. Enumerable.Range(0, 4).Where(i => i != lost)]);
            await using var drive = await fixture.OpenAsync();
            for (var i = 0; i < 600; i += 37)
                Assert.True(await DriveFixture.ExistsAsync(drive, $"directory number {i}"));
            Assert.True(await DriveFixture.ExistsAsync(drive, "after"));
            Assert.Equal(DriveFixture.Content(1, 400_000), await DriveFixture.ReadAsync(drive, "a"));
            var report = await drive.CheckAsync(thorough: true);
            DriveFixture.AssertHealthy(report);
        }
    }

    [Fact]
    public async Task ASecondCheckpointReplacesTheFirst()
    {
        await using var fixture = new DriveFixture();
        await fixture.CreateAsync();
        await using var drive = await fixture.OpenAsync();
        for (var i = 0; i < 300; i++)
            await DriveFixture.MakeDirectoryAsync(drive, $"{i}");
        for (var round = 0; round < 3; round++)
        {
            await DriveFixture.MakeDirectoryAsync(drive, $"round {round}");
            await drive.CheckpointAsync();
        }
        await DriveFixture.WhileAsync(() => fixture.Objects(0, "root/").Length > 1);
        await drive.FlushAsync();
        Assert.Equal("root/0000000000000001-0000000000000002", fixture.Objects(0, "root/").Single());
        var report = await drive.CheckAsync(thorough: true);
        DriveFixture.AssertHealthy(report);
    }

    [Fact]
    public async Task ADriveThatWasAttachedWritesCheckpointsOfItsOwn()
    {
        await using var fixture = new DriveFixture();
        await fixture.CreateAsync();
        for (var machine = 0; machine < 3; machine++)
        {
            await using (var drive = await fixture.OpenAsync())
            {
                await DriveFixture.MakeDirectoryAsync(drive, $"machine {machine}");
                await drive.CheckpointAsync();
                await DriveFixture.MakeDirectoryAsync(drive, $"after {machine}");
                await drive.FlushAsync();
            }
            fixture.LoseState();
            await fixture.AttachAsync();
        }
        await using var last = await fixture.OpenAsync();
        for (var machine = 0; machine < 3; machine++)
        {
            Assert.True(await DriveFixture.ExistsAsync(last, $"machine {machine}"));
            Assert.True(await DriveFixture.ExistsAsync(last, $"after {machine}"));
        }
        var report = await last.CheckAsync(thorough: true);
        DriveFixture.AssertHealthy(report);
    }

    [Fact]
    public async Task ACloudThatShowsAnOlderStateIsFoundOutAndMadeGood()
    {
        await using var fixture = new DriveFixture();
        await fixture.CreateAsync();
        var old = fixture.CopyClouds();
        await using (var drive = await fixture.OpenAsync())
        {
            await DriveFixture.MakeDirectoryAsync(drive, "a");
            await drive.FlushAsync();
            await DriveFixture.WhileAsync(() => fixture.Objects(1, "journal/").Length < 2);
        }
        fixture.RestoreCloud(old, 1);
        await using (var drive = await fixture.OpenAsync())
        {
            await DriveFixture.WhileAsync(() => !drive.GetStatus().Warnings.Any(warning => warning.Contains("older state", StringComparison.Ordinal)));
            await drive.CheckpointAsync();
            await DriveFixture.WhileAsync(() => fixture.Objects(1, "root/").Length == 0);
        }
        fixture.LoseState();
        await fixture.AttachAsync(1, 2, 3);
        await using var attached = await fixture.OpenAsync();
        Assert.True(await DriveFixture.ExistsAsync(attached, "a"));
    }
}
