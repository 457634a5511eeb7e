using CuckooDrive.Clouds.Decorators;
using CuckooDrive.Core.Drives;
using CuckooDrive.Testing.Host;
using Xunit;

namespace CuckooDrive.Core.Tests.Drives;

/// <summary>The journal's way to the clouds, interrupted wherever it can be.</summary>
public sealed class JournalShipperTests
{
    [Fact]
    public async Task AnIdleDriveSendsNothing()
    {
        await using var fixture = new DriveFixture();
        await fixture.CreateAsync();
        fixture.OpenOptions = fixture.OpenOptions with { JournalInterval = TimeSpan.FromMilliseconds(50) };
        await using var drive = await fixture.OpenAsync();
        await DriveFixture.WriteAsync(drive, "a", DriveFixture.Content(1, 500_000));
        await drive.FlushAsync();
        var objects = fixture.Objects(0);
        await Task.Delay(500);
        Assert.Equal(objects, fixture.Objects(0));
        await drive.FlushAsync();
        Assert.Equal(objects, fixture.Objects(0));
    }

    [Fact]
    public async Task TheJournalGoesOutByItself()
    {
        await using var fixture = new DriveFixture();
        await fixture.CreateAsync();
        fixture.OpenOptions = fixture.OpenOptions with { JournalInterval = TimeSpan.FromMilliseconds(20) };
        await using (var drive = await fixture.OpenAsync())
        {
            await DriveFixture.WriteAsync(drive, "a", [1, 2, 3]);
            await DriveFixture.WhileAsync(() => drive.GetStatus().Protection != DriveProtection.Protected);
        }
        fixture.LoseState();
        await fixture.AttachAsync();
        await using var attached = await fixture.OpenAsync();
        Assert.Equal([1, 2, 3], await DriveFixture.ReadAsync(attached, "a"));
    }

    /// <summary>A crash may take the record of what the clouds have confirmed, but not the removal from the outbox that followed it.</summary>
    [Fact]
    public async Task WhatHasLeftTheOutboxIsWaitedForNoMore()
    {
        await using var fixture = new DriveFixture();
        await fixture.CreateAsync();
        await using (var drive = await fixture.OpenAsync())
        {
            await DriveFixture.MakeDirectoryAsync(drive, "a");
            await drive.FlushAsync();
        }
        Assert.Empty(Directory.GetFiles(Path.Combine(fixture.StatePath, "outbox")));
        fixture.EditStore(static store => store.PutLocal("replicas", [1]));
        await using var again = await fixture.OpenAsync();
        await again.FlushAsync().WaitAsync(TimeSpan.FromSeconds(60));
        await DriveFixture.MakeDirectoryAsync(again, "b");
        await again.FlushAsync().WaitAsync(TimeSpan.FromSeconds(60));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task ADecidedSegmentIsSentWithTheSameBytesAfterACrash(int cloudsThatGotIt)
    {
        await using var fixture = new DriveFixture();
        await fixture.CreateAsync();
        await using (var drive = await fixture.OpenAsync())
        {
            await drive.FlushAsync();
            fixture.SetOffline(true, [.. Enumerable.Range(cloudsThatGotIt, 4 - cloudsThatGotIt)]);
            await DriveFixture.MakeDirectoryAsync(drive, "a");
            await FlushUntilDecidedAsync(fixture, drive);
            fixture.CopyState("crashed");
        }
        var waiting = Directory.GetFiles(Path.Combine(fixture.StatePath, "outbox")).ToDictionary(file => Path.GetFileName(file), File.ReadAllBytes);
        Assert.NotEmpty(waiting);
        fixture.SetOffline(false);
        fixture.State = "crashed";
        await using (var drive = await fixture.OpenAsync())
        {
            await DriveFixture.MakeDirectoryAsync(drive, "b");
            await drive.FlushAsync();
        }
        foreach (var (name, bytes) in waiting)
        {
            var objectName = name[(name.IndexOf('-') + 1)..].Replace('_', '/');
            Assert.Equal(bytes, File.ReadAllBytes(fixture.PathOf(0, objectName)));
        }
        AssertSameJournals(fixture);
        await AssertHasAsync(fixture, "a", "b");
    }

    [Fact]
    public async Task ACrashAfterSendingAndBeforeRecordingItDoesNoHarm()
    {
        await using var fixture = new DriveFixture();
        await fixture.CreateAsync();
        await using (var drive = await fixture.OpenAsync())
        {
            await drive.FlushAsync();
            fixture.SetOffline(true);
            await DriveFixture.MakeDirectoryAsync(drive, "a");
            await FlushUntilDecidedAsync(fixture, drive);
            fixture.CopyState("crashed");
            fixture.SetOffline(false);
            await drive.FlushAsync();
        }
        fixture.State = "crashed";
        await using (var drive = await fixture.OpenAsync())
        {
            await DriveFixture.MakeDirectoryAsync(drive, "b");
            await drive.FlushAsync();
        }
        await AssertHasAsync(fixture, "a", "b");
    }

    /// <summary>The next machine goes on from a segment that one cloud alone has. That cloud may be lost as any other.</summary>
    [Theory]
    [InlineData(false, 0, 1, 2, 3)]
    [InlineData(false, 0, 1, 2)]
    [InlineData(true, 0, 1, 2)]
    public async Task WhatALostMachineSentToOneCloudOnlyIsOnOthersBeforeMoreIsSafe(bool isTornElsewhere, params int[] attached)
    {
        await using var fixture = new DriveFixture();
        await fixture.CreateAsync();
        await using (var drive = await fixture.OpenAsync())
        {
            await drive.FlushAsync();
            fixture.SetOffline(true, 1, 2, 3);
            var before = fixture.Objects(0, "journal/").Length;
            await DriveFixture.MakeDirectoryAsync(drive, "a");
            await FlushUntilDecidedAsync(fixture, drive);
            await DriveFixture.WhileAsync(() => fixture.Objects(0, "journal/").Length == before);
        }
        fixture.LoseState();
        fixture.SetOffline(false);
        if (isTornElsewhere)
        {
            var newest = fixture.Objects(0, "journal/")[^1];
            File.WriteAllBytes(fixture.PathOf(1, newest), File.ReadAllBytes(fixture.PathOf(0, newest))[..100]);
        }
        await fixture.AttachAsync(attached);
        await using (var drive = await fixture.OpenAsync())
        {
            await DriveFixture.MakeDirectoryAsync(drive, "b");
            await drive.FlushAsync().WaitAsync(TimeSpan.FromMinutes(1));
        }
        fixture.LoseState();
        Directory.Delete(fixture.CloudFolders[0], recursive: true);
        await fixture.AttachAsync(1, 2, 3);
        await using var survived = await fixture.OpenAsync();
        Assert.True(await DriveFixture.ExistsAsync(survived, "b"));
        Assert.True(await DriveFixture.ExistsAsync(survived, "a"));
    }

    /// <summary>A restart before the checkpoint that makes it good: the newest segment is there again by then, and earlier ones are not.</summary>
    [Fact]
    public async Task ACloudThatWasRolledBackIsRememberedUntilItIsWhole()
    {
        await using var fixture = new DriveFixture(clouds: 2);
        await fixture.CreateAsync();
        var old = fixture.CopyClouds();
        await using (var drive = await fixture.OpenAsync())
        {
            await DriveFixture.MakeDirectoryAsync(drive, "a");
            await drive.FlushAsync();
        }
        fixture.RestoreCloud(old, 1);
        await using (var drive = await fixture.OpenAsync())
        {
            await DriveFixture.MakeDirectoryAsync(drive, "b");
            await drive.FlushAsync().WaitAsync(TimeSpan.FromMinutes(1));
        }
        fixture.OpenOptions = fixture.OpenOptions with { JournalInterval = TimeSpan.FromMilliseconds(20) };
        await using (await fixture.OpenAsync())
            await DriveFixture.WhileAsync(() => fixture.Objects(1, "root/").Length == 0);
        fixture.LoseState();
        Directory.Delete(fixture.CloudFolders[0], recursive: true);
        await fixture.AttachAsync(1);
        await using var survived = await fixture.OpenAsync();
        Assert.True(await DriveFixture.ExistsAsync(survived, "a"));
        Assert.True(await DriveFixture.ExistsAsync(survived, "b"));
    }

    [Fact]
    public async Task AFullDiskWhileTheCloudsConfirmHoldsUpNothingForLongerThanItIsFull()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "needs root to mount a tmpfs");
        var disk = Directory.CreateTempSubdirectory("cuckoo-full-").FullName;
        (await CuckooProcess.ToolAsync("mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", disk)).MustSucceed();
        try
        {
            var log = new LogLines();
            await using var fixture = new DriveFixture(loggers: log) { State = Path.Combine(disk, "state") };
            await fixture.CreateAsync();
            await using var drive = await fixture.OpenAsync();
            await drive.FlushAsync();
            for (var cloud = 0; cloud < 4; cloud++)
            {
                fixture.Plan(cloud).Only = static request => request.Operation == CloudOperation.Write && request.Name.StartsWith("journal/", StringComparison.Ordinal);
                fixture.Plan(cloud).Hang = true;
            }
            await DriveFixture.MakeDirectoryAsync(drive, "a");
            var flush = drive.FlushAsync();
            await DriveFixture.WhileAsync(() => Enumerable.Range(0, 4).Any(cloud => fixture.Plan(cloud).Injected == 0));
            var ballast = Path.Combine(disk, "ballast");
            Fill(ballast);
            for (var cloud = 0; cloud < 4; cloud++)
                fixture.Plan(cloud).Hang = false;
            await DriveFixture.WhileAsync(() => log.Lines.Count(line => line.Text.Contains("The journal waits for the cloud", StringComparison.Ordinal)) < 4);
            File.Delete(ballast);
            // It may fail and say why, but not wait for ever.
            Assert.Same(flush, await Task.WhenAny(flush, Task.Delay(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken)));
            Assert.True(flush.IsCompletedSuccessfully || flush.Exception?.InnerException is DriveException);
            await DriveFixture.MakeDirectoryAsync(drive, "b");
            await drive.FlushAsync().WaitAsync(TimeSpan.FromMinutes(1));
        }
        finally
        {
            (await CuckooProcess.ToolAsync("umount", "-l", disk)).MustSucceed();
            Directory.Delete(disk);
        }
    }

    [Fact]
    public async Task AnOutboxThatCannotBeWrittenKeepsNoDriveFromBeingClosed()
    {
        await using var fixture = new DriveFixture();
        await fixture.CreateAsync();
        var inTheWay = Enumerable.Range(1, 20).Select(number => Path.Combine(fixture.StatePath, "outbox", $"{number:x16}-journal_{1:x16}-{number:x16}")).ToList();
        await using (var drive = await fixture.OpenAsync())
        {
            inTheWay.ForEach(path => Directory.CreateDirectory(path));
            await DriveFixture.MakeDirectoryAsync(drive, "a");
        }
        inTheWay.ForEach(Directory.Delete);
        await using (var drive = await fixture.OpenAsync())
            await drive.FlushAsync();
        await AssertHasAsync(fixture, "a");
    }

    [Fact]
    public async Task WhatWasPreparedAndNotDecidedIsMadeAnew()
    {
        await using var fixture = new DriveFixture();
        await fixture.CreateAsync();
        var outbox = Path.Combine(fixture.StatePath, "outbox");
        File.WriteAllBytes(Path.Combine(outbox, "0000000000000001-journal_0000000000000001-0000000000000001"), [1, 2, 3]);
        await using (var drive = await fixture.OpenAsync())
        {
            await DriveFixture.MakeDirectoryAsync(drive, "a");
            await drive.FlushAsync();
        }
        await AssertHasAsync(fixture, "a");
    }

    [Fact]
    public async Task ADamagedObjectInTheWayIsReplaced()
    {
        await using var fixture = new DriveFixture();
        await fixture.CreateAsync();
        await using (var drive = await fixture.OpenAsync())
        {
            Directory.CreateDirectory(fixture.PathOf(2, "journal"));
            File.WriteAllBytes(fixture.PathOf(2, "journal/0000000000000001-0000000000000001"), new byte[5000]);
            await DriveFixture.MakeDirectoryAsync(drive, "a");
            await drive.FlushAsync();
            await DriveFixture.WhileAsync(() => drive.GetStatus().Clouds.Any(cloud => !cloud.Reachable));
        }
        await AssertHasAsync(fixture, "a");
    }

    [Fact]
    public async Task ACloudThatWasAwayGetsWhatItMissed()
    {
        await using var fixture = new DriveFixture();
        await fixture.CreateAsync();
        await using (var drive = await fixture.OpenAsync())
        {
            await drive.FlushAsync();
            fixture.SetOffline(true, 3);
            for (var i = 0; i < 3; i++)
            {
                await DriveFixture.MakeDirectoryAsync(drive, $"{i}");
                await drive.FlushAsync();
            }
        }
        fixture.SetOffline(false);
        await using (var drive = await fixture.OpenAsync())
        {
            await DriveFixture.WhileAsync(() => fixture.Objects(3, "journal/").Length < fixture.Objects(0, "journal/").Length);
        }
        AssertSameJournals(fixture);
    }

    [Fact]
    public async Task AChangeOfManyRowsIsAppliedWholeOrNotAtAll()
    {
        await using var fixture = new DriveFixture();
        await fixture.CreateAsync();
        await using (var drive = await fixture.OpenAsync())
        {
            for (var i = 0; i < 400; i++)
                await DriveFixture.WriteAsync(drive, $"file {i}", [(byte)i]);
            await drive.FlushAsync();
        }
        fixture.LoseState();
        await fixture.AttachAsync(0, 1, 2);
        await using var attached = await fixture.OpenAsync();
        for (var i = 0; i < 400; i++)
            Assert.Equal((byte)i, Assert.Single((await DriveFixture.ReadAsync(attached, $"file {i}"))!));
        DriveFixture.AssertHealthy(await attached.CheckAsync(thorough: true));
    }

    /// <summary>Gives a flush up a second after what it sends lies in the outbox: decided then, and sent in vain.</summary>
    private static async Task FlushUntilDecidedAsync(DriveFixture fixture, Drive drive)
    {
        using var patience = new CancellationTokenSource();
        var flush = drive.FlushAsync(null, patience.Token);
        await DriveFixture.WhileAsync(() => Directory.GetFiles(Path.Combine(fixture.StatePath, "outbox")).Length == 0);
        patience.CancelAfter(TimeSpan.FromSeconds(1));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => flush);
    }

    /// <summary>Takes the last byte of a disk.</summary>
    private static void Fill(string path)
    {
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        try
        {
            while (true)
                file.Write(new byte[4096]);
        }
        catch (IOException)
        {
            // That is the end of it.
        }
    }

    private static void AssertSameJournals(DriveFixture fixture)
    {
        for (var cloud = 1; cloud < 4; cloud++)
        {
            Assert.Equal(fixture.Objects(0, "journal/"), fixture.Objects(cloud, "journal/"));
            foreach (var name in fixture.Objects(0, "journal/"))
                Assert.Equal(File.ReadAllBytes(fixture.PathOf(0, name)), File.ReadAllBytes(fixture.PathOf(cloud, name)));
        }
    }

    private static async Task AssertHasAsync(DriveFixture fixture, params string[] names)
    {
        fixture.State = "attached";
        Assert.Empty((await fixture.AttachAsync()).Warnings);
        await using var drive = await fixture.OpenAsync();
        foreach (var name in names)
            Assert.True(await DriveFixture.ExistsAsync(drive, name), name);
    }
}
