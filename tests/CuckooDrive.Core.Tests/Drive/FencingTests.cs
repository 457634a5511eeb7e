using CuckooDrive.Core.Drives;
using Xunit;

namespace CuckooDrive.Core.Tests.Drives;

/// <summary>Two machines on one drive: one of them is told to stop, and nothing that was safe is lost.</summary>
public sealed class FencingTests
{
    [Fact]
    public async Task AMachineWhoseDriveWasTakenOverStopsWriting()
    {
        await using var fixture = new DriveFixture();
        await fixture.CreateAsync();
        await using var first = await fixture.OpenAsync();
        await DriveFixture.MakeDirectoryAsync(first, "safe");
        await first.FlushAsync();

        fixture.State = "second";
        await fixture.AttachAsync();
        await using (var second = await fixture.OpenAsync())
        {
            await DriveFixture.MakeDirectoryAsync(first, "late");
            var error = await Assert.ThrowsAsync<DriveException>(() => first.FlushAsync());
            Assert.Equal(DriveErrorKind.Fenced, error.Kind);
            Assert.Contains("second machine", error.Message, StringComparison.Ordinal);
            Assert.NotNull(first.GetStatus().WriteStopped);

            Assert.True(await DriveFixture.ExistsAsync(second, "safe"));
            await DriveFixture.MakeDirectoryAsync(second, "new");
            await second.FlushAsync();
        }
        fixture.State = "third";
        await fixture.AttachAsync();
        await using var third = await fixture.OpenAsync();
        Assert.True(await DriveFixture.ExistsAsync(third, "safe"));
        Assert.True(await DriveFixture.ExistsAsync(third, "new"));
        Assert.False(await DriveFixture.ExistsAsync(third, "late"));
    }

    [Fact]
    public async Task ACopyOfTheStateIsFoundOut()
    {
        await using var fixture = new DriveFixture();
        await fixture.CreateAsync();
        await using (var drive = await fixture.OpenAsync())
            await drive.FlushAsync();
        fixture.CopyState("copy");
        await using var first = await fixture.OpenAsync();
        await DriveFixture.MakeDirectoryAsync(first, "one");
        await first.FlushAsync();
        fixture.State = "copy";
        await using var copy = await fixture.OpenAsync();
        await DriveFixture.MakeDirectoryAsync(copy, "two");
        var error = await Assert.ThrowsAsync<DriveException>(() => copy.FlushAsync());
        Assert.Equal(DriveErrorKind.Fenced, error.Kind);
        await DriveFixture.MakeDirectoryAsync(first, "three");
        await first.FlushAsync();
    }

    /// <summary>A backup of the state folder that is put back: the names it would write to next are free again.</summary>
    [Fact]
    public async Task AnOldStateIsFoundOutAlsoAfterTwoCheckpoints()
    {
        await using var fixture = new DriveFixture();
        await fixture.CreateAsync();
        await using (var drive = await fixture.OpenAsync())
            await drive.CheckpointAsync();
        fixture.CopyState("backup");
        await using (var drive = await fixture.OpenAsync())
        {
            foreach (var name in new[] { "one", "two", "three" })
            {
                await DriveFixture.MakeDirectoryAsync(drive, name);
                await drive.CheckpointAsync();
                await drive.FlushAsync();
            }
        }
        fixture.State = "backup";
        await using var old = await fixture.OpenAsync();
        await DriveFixture.MakeDirectoryAsync(old, "four");
        var error = await Assert.ThrowsAsync<DriveException>(() => old.FlushAsync());
        Assert.Equal(DriveErrorKind.Fenced, error.Kind);
    }

    [Fact]
    public async Task AMadeUpClaimStopsNobody()
    {
        await using var fixture = new DriveFixture();
        await fixture.CreateAsync();
        var own = fixture.Objects(0, "lease/").Single();
        File.Copy(fixture.PathOf(0, own), fixture.PathOf(0, "lease/00000000000000ff-0000000000000001"));
        File.WriteAllBytes(fixture.PathOf(1, "lease/00000000000000ff-0000000000000002"), new byte[4096]);
        await using var drive = await fixture.OpenAsync();
        await DriveFixture.MakeDirectoryAsync(drive, "a");
        await drive.FlushAsync();
    }
}
