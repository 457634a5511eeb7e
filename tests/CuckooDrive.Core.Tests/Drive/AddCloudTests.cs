using CuckooDrive.Clouds;
using CuckooDrive.Clouds.Decorators;
using CuckooDrive.Core.Drives;
using Xunit;

namespace CuckooDrive.Core.Tests.Drives;

/// <summary>A drive over four clouds that gets a fifth one.</summary>
public sealed class AddCloudTests
{
    private static readonly int[] FirstFour = [0, 1, 2, 3];

    [Fact]
    public async Task AnAddedCloudTakesPartAndReplacesAnyLostOne()
    {
        await using var fixture = new DriveFixture(clouds: 5);
        await fixture.CreateAsync(survive: 1, FirstFour);
        var before = DriveFixture.Content(1, 900_000);
        await using (var drive = await fixture.OpenAsync())
        {
            await DriveFixture.WriteAsync(drive, "before", before);
            await drive.FlushAsync();

            var added = await drive.AddCloudAsync(fixture.Choices(4)[0]);

            Assert.Equal((4, "cloud4", true), (added.Id, added.Name, added.Reachable));
            await WriteUntilPlacedAsync(fixture, drive);
            await drive.CheckpointAsync();
            await drive.FlushAsync();
            var status = drive.GetStatus();
            Assert.Equal(5, status.Clouds.Count);
            Assert.All(status.Clouds, cloud => Assert.True(cloud.Reachable));
            Assert.Equal(4, status.Redundancy.DataShards + status.Redundancy.ParityShards);
            DriveFixture.AssertHealthy(await drive.CheckAsync(thorough: true));
        }
        Assert.Single(fixture.Objects(4, "header/"));
        Assert.Single(fixture.Objects(4, "root/"));

        for (var lost = 0; lost < 5; lost++)
        {
            fixture.State = $"machine{lost}";
            await fixture.AttachAsync([.. Enumerable.Range(0, 5).Where(i => i != lost)]);
            fixture.SetOffline(true, lost);
            await using (var drive = await fixture.OpenAsync())
            {
                Assert.Equal(before, await DriveFixture.ReadAsync(drive, "before"));
                for (var file = 0; await DriveFixture.ReadAsync(drive, $"after{file}") is { } after; file++)
                    Assert.Equal(DriveFixture.Content(100 + file, 300_000), after);
            }
            fixture.SetOffline(false, lost);
        }
    }

    [Fact]
    public async Task AnAddedCloudIsThereAfterReopeningWithoutACheckpoint()
    {
        await using var fixture = new DriveFixture(clouds: 5);
        await fixture.CreateAsync(survive: 1, FirstFour);
        await using (var drive = await fixture.OpenAsync())
            await drive.AddCloudAsync(fixture.Choices(4)[0] with { Name = "spare" });

        await using (var drive = await fixture.OpenAsync())
        {
            Assert.Equal("spare", drive.GetStatus().Clouds[4].Name);
            await WriteUntilPlacedAsync(fixture, drive);
            await drive.FlushAsync();
        }
        fixture.LoseState();
        await fixture.AttachAsync(0, 2, 3, 4);
        await using var attached = await fixture.OpenAsync();
        Assert.Equal(DriveFixture.Content(100, 300_000), await DriveFixture.ReadAsync(attached, "after0"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task WhatAnAddedCloudLacksIsNotForgottenByARestart(bool hasRoot)
    {
        await using var fixture = new DriveFixture(clouds: 5);
        await fixture.CreateAsync(survive: 1, FirstFour);
        await using (var drive = await fixture.OpenAsync())
        {
            await DriveFixture.MakeDirectoryAsync(drive, "before");
            if (hasRoot)
                await drive.CheckpointAsync();
            await drive.FlushAsync();
            await DriveFixture.WhileAsync(() => FirstFour.Any(cloud => fixture.Objects(cloud, hasRoot ? "root/" : "journal/").Length == 0));
            await drive.AddCloudAsync(fixture.Choices(4)[0]);
            await DriveFixture.MakeDirectoryAsync(drive, "after");
            await drive.FlushAsync();
            await DriveFixture.WhileAsync(() => fixture.Objects(4, "journal/").Length == 0);
            Assert.Empty(fixture.Objects(4, "root/"));
            // What it never had it has not lost.
            Assert.Empty(drive.GetStatus().Warnings);
        }
        fixture.OpenOptions = fixture.OpenOptions with { JournalInterval = TimeSpan.FromMilliseconds(50) };
        await using (var drive = await fixture.OpenAsync())
        {
            await DriveFixture.WhileAsync(() => fixture.Objects(4, "root/").Length == 0);
            Assert.DoesNotContain(drive.GetStatus().Warnings, static warning => warning.Contains("older state", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task AttachingAsksForTheAddedCloudToo()
    {
        await using var fixture = new DriveFixture(clouds: 5);
        await fixture.CreateAsync(survive: 1, FirstFour);
        await using (var drive = await fixture.OpenAsync())
        {
            await drive.AddCloudAsync(fixture.Choices(4)[0]);
            await drive.FlushAsync();
        }
        fixture.LoseState();
        var error = await Assert.ThrowsAsync<DriveException>(() => fixture.AttachAsync(0, 1, 2));
        Assert.Equal(DriveErrorKind.NotEnoughClouds, error.Kind);
        Assert.Contains("cloud4", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AFailedAttemptIsNoCloudAndTheNextOneGoesOnWithIt()
    {
        await using var fixture = new DriveFixture(clouds: 5);
        await fixture.CreateAsync(survive: 1, FirstFour);
        await using var drive = await fixture.OpenAsync();
        // The member and the lease get through, the header does not.
        var plan = fixture.Plan(4);
        plan.Only = request => request.Operation == CloudOperation.Write && request.Name.StartsWith("header/", StringComparison.Ordinal);
        plan.RefuseWrites = true;

        await Assert.ThrowsAsync<DriveException>(() => drive.AddCloudAsync(fixture.Choices(4)[0]));
        var left = await File.ReadAllBytesAsync(fixture.PathOf(4, "member/0004"));
        Assert.Equal(4, drive.GetStatus().Clouds.Count);

        plan.RefuseWrites = false;
        await drive.AddCloudAsync(fixture.Choices(4)[0]);
        await WriteUntilPlacedAsync(fixture, drive);
        Assert.Equal(left, await File.ReadAllBytesAsync(fixture.PathOf(4, "member/0004")));
    }

    [Fact]
    public async Task APlaceThatIsInUseIsRefusedAndLeftAlone()
    {
        await using var other = new DriveFixture();
        await other.CreateAsync();
        await using var fixture = new DriveFixture(clouds: 5);
        await fixture.CreateAsync(survive: 1, FirstFour);
        await using var drive = await fixture.OpenAsync();
        var before = other.Objects(0);
        Directory.CreateSymbolicLink(Path.Combine(fixture.CloudFolders[4], "same"), fixture.CloudFolders[0]);

        await RefusedAsync(drive, fixture.Choices(0)[0], "already");
        await RefusedAsync(drive, new CloudChoice($"file://{fixture.CloudFolders[4]}/same"), "'cloud0' already, under another address");
        await RefusedAsync(drive, new CloudChoice($"file://{other.CloudFolders[0]}"), "another drive");
        fixture.SetOffline(true, 4);
        await Assert.ThrowsAsync<DriveException>(() => drive.AddCloudAsync(fixture.Choices(4)[0]));

        Assert.Equal(4, drive.GetStatus().Clouds.Count);
        Assert.Equal(before, other.Objects(0));
    }

    [Fact]
    public async Task AMachineThatLostTheDriveAddsNothing()
    {
        await using var fixture = new DriveFixture(clouds: 5);
        await fixture.CreateAsync(survive: 1, FirstFour);
        await using var drive = await fixture.OpenAsync();
        fixture.State = "second";
        await fixture.AttachAsync(FirstFour);
        await Assert.ThrowsAsync<DriveException>(() => drive.FlushAsync());

        var error = await Assert.ThrowsAsync<DriveException>(() => drive.AddCloudAsync(fixture.Choices(4)[0]));

        Assert.Equal(DriveErrorKind.Fenced, error.Kind);
        Assert.Empty(fixture.Objects(4));
    }

    /// <summary>Which clouds a pack goes to follows from its number and their space: some of the first few reach the new one.</summary>
    private static async Task WriteUntilPlacedAsync(DriveFixture fixture, Drive drive)
    {
        for (var file = 0; fixture.Objects(4, "shard/").Length == 0; file++)
        {
            Assert.True(file < 40, "the added cloud gets no shard");
            await DriveFixture.WriteAsync(drive, $"after{file}", DriveFixture.Content(100 + file, 300_000));
            await drive.FlushAsync();
        }
    }

    private static async Task RefusedAsync(Drive drive, CloudChoice choice, string why)
    {
        var error = await Assert.ThrowsAsync<DriveException>(() => drive.AddCloudAsync(choice));
        Assert.Equal(DriveErrorKind.AlreadyExists, error.Kind);
        Assert.Contains(why, error.Message, StringComparison.Ordinal);
    }
}
