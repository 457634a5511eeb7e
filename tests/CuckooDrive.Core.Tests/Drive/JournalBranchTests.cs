using CuckooDrive.Clouds;
using CuckooDrive.Clouds.Decorators;
using CuckooDrive.Core.Drives;
using CuckooDrive.Format;
using Xunit;

namespace CuckooDrive.Core.Tests.Drives;

/// <summary>Attaches that failed half-way have begun epochs on some clouds: what was safe is found whatever they left.</summary>
public sealed class JournalBranchTests
{
    [Theory]
    [InlineData(0, 1, 2, 3)]
    [InlineData(3, 2, 1, 0)]
    public async Task WhatTheOldMachineWroteBesideAFailedAttachIsThere(params int[] order)
    {
        await using var fixture = new DriveFixture();
        await CreateAsync(fixture);
        await LeaveFailedAttachAsync(fixture, [0]);
        fixture.State = "state";
        fixture.SetOffline(true, 0);
        await WriteAsync(fixture, "late");
        fixture.SetOffline(false);
        await AssertFoundAsync(fixture, order, "early", "late");
    }

    /// <summary>Both took the same epoch, since neither saw the other's claim.</summary>
    [Theory]
    [InlineData(1, 0, 1, 2, 3)]
    [InlineData(1, 3, 2, 1, 0)]
    [InlineData(2, 0, 1, 2, 3)]
    [InlineData(2, 3, 2, 1, 0)]
    public async Task WhatAnAttachWroteWithoutTheCloudsOfAFailedOneIsThere(int failures, params int[] order)
    {
        await using var fixture = new DriveFixture();
        await CreateAsync(fixture);
        for (var failure = 0; failure < failures; failure++)
            await LeaveFailedAttachAsync(fixture, [0]);
        await AttachAndWriteWithoutAsync(fixture, 0);
        await AssertFoundAsync(fixture, order, "early", "late");
    }

    /// <summary>Of the branch that is right the clouds given hold one copy, and the others hold another object of that name.</summary>
    [Fact]
    public async Task TheBranchThatIsRightIsBroughtToTheClouds()
    {
        await using var fixture = new DriveFixture(clouds: 5);
        await CreateAsync(fixture, survive: 2);
        await LeaveFailedAttachAsync(fixture, [0, 1]);
        await AttachAndWriteWithoutAsync(fixture, 0, 1);
        fixture.SetOffline(true, 3, 4);
        await AssertFoundAsync(fixture, [0, 1, 2], "early", "late");
        fixture.SetOffline(true, 2);
        fixture.SetOffline(false, 3);
        await AssertFoundAsync(fixture, [0, 1, 3], "early", "late");
    }

    /// <summary>It has sent one cloud a checkpoint before it met the claim at the others.</summary>
    [Theory]
    [InlineData(0, 1, 2, 3)]
    [InlineData(3, 2, 1, 0)]
    public async Task ACheckpointOfAMachineThatWasTakenOverIsNotGoneOnFrom(params int[] order)
    {
        await using var fixture = new DriveFixture();
        await CreateAsync(fixture);
        var before = fixture.CopyClouds();
        await using (var old = await fixture.OpenAsync())
        {
            await DriveFixture.MakeDirectoryAsync(old, "left");
            await old.CheckpointAsync();
            await old.FlushAsync();
        }
        for (var cloud = 1; cloud < 4; cloud++)
            TakeJournalBack(fixture, before, cloud);
        await AttachAndWriteWithoutAsync(fixture, 0);
        await AssertFoundAsync(fixture, order, "early", "late");
    }

    [Fact]
    public async Task AnEpochThatCannotBeReachedIsAnError()
    {
        await using var fixture = new DriveFixture();
        await CreateAsync(fixture);
        var newest = fixture.Objects(0, "journal/")[^1];
        fixture.State = "second";
        await fixture.AttachAsync();
        await WriteAsync(fixture, "late");
        for (var cloud = 0; cloud < 4; cloud++)
            File.Delete(fixture.PathOf(cloud, newest));
        fixture.State = "third";
        var error = await Assert.ThrowsAsync<DriveException>(() => fixture.AttachAsync());
        Assert.Equal(DriveErrorKind.Damaged, error.Kind);
    }

    /// <summary>What a machine sent after it had been taken over was acknowledged to nobody; what comes of it by the next attach is.</summary>
    [Fact]
    public async Task AnAttachThatHasWrittenNothingYetIsNotPassedOver()
    {
        await using var fixture = new DriveFixture();
        await fixture.CreateAsync();
        await using var first = await fixture.OpenAsync();
        await DriveFixture.MakeDirectoryAsync(first, "early");
        await first.FlushAsync();
        fixture.State = "second";
        await fixture.AttachAsync();
        await using var second = await fixture.OpenAsync();
        await second.FlushAsync();
        await DriveFixture.MakeDirectoryAsync(first, "late");
        await Assert.ThrowsAsync<DriveException>(() => first.FlushAsync());
        fixture.State = "third";
        await fixture.AttachAsync();
        bool isThere;
        await using (var third = await fixture.OpenAsync())
        {
            await third.FlushAsync();
            isThere = await DriveFixture.ExistsAsync(third, "late");
        }
        await DriveFixture.MakeDirectoryAsync(second, "second");
        await Assert.ThrowsAsync<DriveException>(() => second.FlushAsync());
        fixture.State = "fourth";
        await fixture.AttachAsync();
        await using var fourth = await fixture.OpenAsync();
        Assert.True(await DriveFixture.ExistsAsync(fourth, "early"));
        Assert.Equal(isThere, await DriveFixture.ExistsAsync(fourth, "late"));
    }

    /// <summary>Each leaves a branch, since a machine sends before it looks for claims. Ranked anew at each fork that would be thousands of reads.</summary>
    [Fact]
    public async Task AnAttachReadsEachSegmentAFewTimesHoweverManyBranchesThereAre()
    {
        const int Turns = 10;
        await using var fixture = new DriveFixture();
        await fixture.CreateAsync();
        var machines = new List<Drive> { await fixture.OpenAsync() };
        for (var turn = 1; turn <= Turns; turn++)
        {
            fixture.State = $"machine{turn}";
            await fixture.AttachAsync();
            await DriveFixture.MakeDirectoryAsync(machines[^1], $"late{turn}");
            await Assert.ThrowsAsync<DriveException>(() => machines[^1].FlushAsync());
            machines.Add(await fixture.OpenAsync());
            await DriveFixture.MakeDirectoryAsync(machines[^1], $"made{turn}");
            await machines[^1].FlushAsync();
        }
        foreach (var machine in machines)
            await machine.DisposeAsync();
        var reads = 0;
        for (var cloud = 0; cloud < 4; cloud++)
        {
            fixture.Plan(cloud).Only = request =>
            {
                if (request.Operation is CloudOperation.Read or CloudOperation.OpenRead && request.Name.StartsWith("journal/", StringComparison.Ordinal))
                    Interlocked.Increment(ref reads);
                return false;
            };
        }
        var names = Enumerable.Range(0, 4).SelectMany(cloud => fixture.Objects(cloud, "journal/")).Distinct().Count();
        await AssertFoundAsync(fixture, [0, 1, 2, 3], [.. Enumerable.Range(1, Turns).Select(static turn => $"made{turn}")]);
        Assert.InRange(reads, 1, names * 4 * 4);
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(1, false)]
    [InlineData(2, true)]
    public async Task AnEpochOfWhichASegmentIsGoneIsAnErrorAndNotPassedOver(int gone, bool beside)
    {
        await using var fixture = new DriveFixture();
        await fixture.CreateAsync();
        await using var first = await fixture.OpenAsync();
        await DriveFixture.MakeDirectoryAsync(first, "early");
        await first.FlushAsync();
        fixture.State = "second";
        await fixture.AttachAsync();
        if (beside)
        {
            await DriveFixture.MakeDirectoryAsync(first, "late");
            await Assert.ThrowsAsync<DriveException>(() => first.FlushAsync());
        }
        await WriteAsync(fixture, "one");
        await WriteAsync(fixture, "two");
        for (var cloud = 0; cloud < 4; cloud++)
            File.Delete(fixture.PathOf(cloud, ObjectNames.Journal(2, (ulong)gone)));
        fixture.State = "third";
        var error = await Assert.ThrowsAsync<DriveException>(() => fixture.AttachAsync());
        Assert.Equal(DriveErrorKind.Damaged, error.Kind);
    }

    /// <summary>The other claims after this one has looked at the clouds for claims.</summary>
    [Fact]
    public async Task OfTwoAttachesAtOnceTheOneThatFindsTheOtherWritesNothing()
    {
        await using var fixture = new DriveFixture();
        await CreateAsync(fixture);
        var rival = new Lease { Epoch = 2, Device = 77, Time = 1, DeviceName = "other" };
        byte[] claim;
        var (_, keys) = HeaderObjects.Unlock([HeaderObjects.ReadLocal(fixture.StatePath)], DriveFixture.Passphrase);
        using (keys)
            claim = LeaseObjects.Seal(new ObjectSealer(keys), rival);
        fixture.Plan(2).Only = request =>
        {
            if (request.Operation == CloudOperation.Write && request.Name.StartsWith("lease/", StringComparison.Ordinal))
                File.WriteAllBytes(fixture.PathOf(2, ObjectNames.Lease(rival.Epoch, rival.Device)), claim);
            return false;
        };
        fixture.State = "second";
        var error = await Assert.ThrowsAsync<DriveException>(() => fixture.AttachAsync());
        Assert.Equal(DriveErrorKind.Fenced, error.Kind);
        for (var cloud = 0; cloud < 4; cloud++)
            Assert.DoesNotContain(fixture.Objects(cloud, "journal/"), name => name.StartsWith("journal/0000000000000002", StringComparison.Ordinal));
        fixture.Plan(2).Only = null;
        await AssertFoundAsync(fixture, [0, 1, 2, 3], "early");
    }

    private static async Task CreateAsync(DriveFixture fixture, int? survive = null)
    {
        await fixture.CreateAsync(survive);
        await WriteAsync(fixture, "early");
    }

    private static async Task WriteAsync(DriveFixture fixture, string name)
    {
        await using var drive = await fixture.OpenAsync();
        await DriveFixture.MakeDirectoryAsync(drive, name);
        await drive.FlushAsync();
    }

    /// <summary>Another machine takes the drive over and writes "late" while these clouds are away.</summary>
    private static async Task AttachAndWriteWithoutAsync(DriveFixture fixture, params int[] clouds)
    {
        fixture.SetOffline(true, clouds);
        fixture.State = "without";
        await fixture.AttachAsync();
        await WriteAsync(fixture, "late");
        fixture.SetOffline(false);
    }

    /// <summary>An attach that ended after it had written its first segment to these clouds alone.</summary>
    private static async Task LeaveFailedAttachAsync(DriveFixture fixture, int[] clouds)
    {
        var before = fixture.CopyClouds();
        fixture.State = "failed";
        await fixture.AttachAsync();
        fixture.LoseState();
        // By the second it says that it has come through.
        foreach (var cloud in clouds)
            File.Delete(fixture.PathOf(cloud, fixture.Objects(cloud, "journal/")[^1]));
        for (var cloud = 0; cloud < fixture.CloudFolders.Length; cloud++)
        {
            if (!clouds.Contains(cloud))
                fixture.RestoreCloud(before, cloud);
        }
    }

    /// <summary>As if the cloud had got the packs since a copy was made, and nothing of the journal.</summary>
    private static void TakeJournalBack(DriveFixture fixture, string copy, int cloud)
    {
        var packs = fixture.Objects(cloud)
            .Where(name => !name.StartsWith("journal/", StringComparison.Ordinal) && !name.StartsWith("root/", StringComparison.Ordinal))
            .ToDictionary(name => name, name => File.ReadAllBytes(fixture.PathOf(cloud, name)));
        fixture.RestoreCloud(copy, cloud);
        foreach (var (name, content) in packs)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(fixture.PathOf(cloud, name))!);
            File.WriteAllBytes(fixture.PathOf(cloud, name), content);
        }
    }

    private static async Task AssertFoundAsync(DriveFixture fixture, int[] order, params string[] names)
    {
        fixture.State = "last-" + Guid.NewGuid().ToString("N");
        await fixture.AttachAsync(order);
        await using var drive = await fixture.OpenAsync();
        foreach (var name in names)
            Assert.True(await DriveFixture.ExistsAsync(drive, name), name);
        await DriveFixture.MakeDirectoryAsync(drive, "after-" + fixture.State);
        await drive.FlushAsync();
    }
}
