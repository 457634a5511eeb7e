using CuckooDrive.Clouds.Decorators;
using CuckooDrive.Core.Drives;
using CuckooDrive.Core.Volume;
using CuckooDrive.Format;
using Xunit;

namespace CuckooDrive.Core.Tests.Drives;

public sealed class DriveTests
{
    [Fact]
    public async Task AFlushOfDataThatCannotBeStoredHereFails()
    {
        await using var fixture = new DriveFixture();
        await fixture.CreateAsync();
        var staging = Path.Combine(fixture.StatePath, "staging");
        await using var drive = await fixture.OpenAsync();
        var fs = drive.FileSystem;
        var created = (await fs.CreateAsync(IFileSystem.RootInode, "a"u8.ToArray(), 0x81A4, Core.Volume.OpenOptions.Write, new Caller(0, 0), default)).Value;
        await drive.FlushAsync();

        Directory.Move(staging, staging + ".away");
        Assert.True((await fs.WriteAsync(created.Entry.Attributes.Inode, created.Handle, 0, new byte[5000], WriteOptions.None, default)).Succeeded);
        var error = await Assert.ThrowsAsync<DriveException>(() => drive.FlushAsync());
        Directory.Move(staging + ".away", staging);

        Assert.Equal(DriveErrorKind.LocalState, error.Kind);
        Assert.Contains("could not be stored", error.Message, StringComparison.Ordinal);
        await drive.FlushAsync();
        Assert.Equal(new byte[5000], await DriveFixture.ReadAsync(drive, "a"));
        fs.Release(created.Entry.Attributes.Inode, created.Handle);
    }

    [Fact]
    public async Task WhatWasWrittenIsThereAfterReopening()
    {
        await using var fixture = new DriveFixture();
        await fixture.CreateAsync();
        var content = DriveFixture.Content(1, 700_000);
        await using (var drive = await fixture.OpenAsync())
            await DriveFixture.WriteAsync(drive, "a", content);
        await using (var drive = await fixture.OpenAsync())
            Assert.Equal(content, await DriveFixture.ReadAsync(drive, "a"));
    }

    /// <summary>A fault in a provider's code must not end the loop that brings the journal to its cloud.</summary>
    [Fact]
    public async Task ACloudThatFailsInAnUnforeseenWayIsTriedAgain()
    {
        await using var fixture = new DriveFixture();
        await fixture.CreateAsync();
        await using (var drive = await fixture.OpenAsync())
        {
            await drive.FlushAsync().WaitAsync(TimeSpan.FromMinutes(1));
            fixture.Plan(0).Only = _ => throw new InvalidOperationException("a fault in the provider");
            await DriveFixture.MakeDirectoryAsync(drive, "a");
            await drive.FlushAsync().WaitAsync(TimeSpan.FromMinutes(1));
            Assert.NotEqual(fixture.Objects(1, "journal/"), fixture.Objects(0, "journal/"));
            fixture.Plan(0).Only = null;
            await DriveFixture.MakeDirectoryAsync(drive, "b");
            await drive.FlushAsync().WaitAsync(TimeSpan.FromMinutes(1));
            await DriveFixture.WhileAsync(() => !fixture.Objects(1, "journal/").SequenceEqual(fixture.Objects(0, "journal/")));
        }
    }

    [Fact]
    public async Task ANewDriveCanBeAttachedAtOnce()
    {
        await using var fixture = new DriveFixture();
        await fixture.CreateAsync();
        fixture.LoseState();
        Assert.Empty((await fixture.AttachAsync()).Warnings);
        await using var drive = await fixture.OpenAsync();
        Assert.Null(await DriveFixture.ReadAsync(drive, "a"));
    }

    [Fact]
    public async Task EveryChoiceOfLostCloudsLeavesEnoughToAttach()
    {
        await using var fixture = new DriveFixture();
        await fixture.CreateAsync();
        var content = DriveFixture.Content(2, 900_000);
        await using (var drive = await fixture.OpenAsync())
        {
            await DriveFixture.WriteAsync(drive, "a", content);
            await drive.FlushAsync();
            Assert.Equal(DriveProtection.Protected, drive.GetStatus().Protection);
        }
        // That closing sends the rest is what is tested, and all clouds answer: as long as it takes.
        fixture.OpenOptions = fixture.OpenOptions with { CloseTimeout = TimeSpan.FromMinutes(1) };
        for (var lost = 0; lost < 4; lost++)
        {
            fixture.State = $"machine{lost}";
            await fixture.AttachAsync([.. Enumerable.Range(0, 4).Where(i => i != lost)]);
            await using var drive = await fixture.OpenAsync();
            Assert.Equal(content, await DriveFixture.ReadAsync(drive, "a"));
            Assert.True((await drive.CheckAsync(thorough: true)).IsHealthy);
            var more = DriveFixture.Content(lost, 1000);
            await DriveFixture.WriteAsync(drive, $"more{lost}", more);
        }
        fixture.State = "last";
        await fixture.AttachAsync();
        await using var last = await fixture.OpenAsync();
        for (var lost = 0; lost < 4; lost++)
            Assert.Equal(DriveFixture.Content(lost, 1000), await DriveFixture.ReadAsync(last, $"more{lost}"));
    }

    [Fact]
    public async Task OneCloudMoreThanMayBeLostIsToldClearly()
    {
        await using var fixture = new DriveFixture();
        await fixture.CreateAsync();
        fixture.LoseState();
        var error = await Assert.ThrowsAsync<DriveException>(() => fixture.AttachAsync(0, 1));
        Assert.Equal(DriveErrorKind.NotEnoughClouds, error.Kind);
        Assert.Contains("cloud2", error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(fixture.StatePath));
    }

    [Fact]
    public async Task AFailedAttachDoesNotStopTheOtherMachine()
    {
        await using var fixture = new DriveFixture();
        await fixture.CreateAsync();
        fixture.State = "other";
        await Assert.ThrowsAsync<DriveException>(() => fixture.AttachAsync(0, 1));
        fixture.State = "state";
        await using var drive = await fixture.OpenAsync();
        await DriveFixture.WriteAsync(drive, "a", [1, 2, 3]);
        await drive.FlushAsync();
    }

    [Fact]
    public async Task AWrongPassphraseOpensNothing()
    {
        await using var fixture = new DriveFixture();
        await fixture.CreateAsync();
        using var wrong = Secret.FromPassphrase("battery staple");
        var error = await Assert.ThrowsAsync<DriveException>(() => Drive.OpenAsync(fixture.StatePath, wrong, fixture.OpenOptions, fixture.Services));
        Assert.Equal(DriveErrorKind.WrongPassphrase, error.Kind);
        var options = new AttachDriveOptions { Name = "x", Clouds = fixture.Choices() };
        error = await Assert.ThrowsAsync<DriveException>(() => Drive.AttachAsync(fixture.StatePath + "2", options, wrong, fixture.Services));
        Assert.Equal(DriveErrorKind.WrongPassphrase, error.Kind);
        Assert.False(Directory.Exists(fixture.StatePath + "2"));
    }

    [Fact]
    public async Task ACloudThatHoldsADriveIsNotUsedForAnother()
    {
        await using var fixture = new DriveFixture();
        await fixture.CreateAsync();
        var before = fixture.Objects(0);
        fixture.State = "second";
        var error = await Assert.ThrowsAsync<DriveException>(() => fixture.CreateAsync());
        Assert.Equal(DriveErrorKind.AlreadyExists, error.Kind);
        Assert.Equal(before, fixture.Objects(0));
        Assert.False(Directory.Exists(fixture.StatePath));
    }

    [Fact]
    public async Task CloudsOfTwoDrivesAreNotMixed()
    {
        await using var fixture = new DriveFixture();
        await fixture.CreateAsync();
        await using var other = new DriveFixture();
        await other.CreateAsync();
        fixture.State = "new";
        var options = new AttachDriveOptions { Name = "x", Clouds = [.. fixture.Choices(0, 1, 2), .. other.Choices(3)] };
        var error = await Assert.ThrowsAsync<DriveException>(() =>
            Drive.AttachAsync(fixture.StatePath, options, DriveFixture.Passphrase, fixture.Services));
        Assert.Equal(DriveErrorKind.WrongDrive, error.Kind);
    }

    [Fact]
    public async Task NothingIsWrittenToACloudOfAnotherDrive()
    {
        await using var fixture = new DriveFixture();
        await fixture.CreateAsync();
        await using var other = new DriveFixture();
        using var otherPassphrase = Secret.FromPassphrase("battery staple");
        var create = new CreateDriveOptions { Name = "y", Clouds = other.Choices(), PassphraseCost = Argon2Cost.Minimum };
        await Drive.CreateAsync(other.StatePath, create, otherPassphrase, other.Services);
        var before = other.Objects(3);
        fixture.State = "new";
        var options = new AttachDriveOptions { Name = "x", Clouds = [.. fixture.Choices(0, 1, 2), .. other.Choices(3)] };
        var report = await Drive.AttachAsync(fixture.StatePath, options, DriveFixture.Passphrase, fixture.Services);
        Assert.Contains(report.Warnings, warning => warning.Contains("holds another drive", StringComparison.Ordinal));
        Assert.Equal(before, other.Objects(3));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public async Task ACreationThatFailsLeavesNothingBehind(int broken)
    {
        await using var fixture = new DriveFixture();
        fixture.Plan(broken).RefuseWrites = true;
        var error = await Assert.ThrowsAsync<DriveException>(() => fixture.CreateAsync());
        Assert.Equal(DriveErrorKind.NotEnoughClouds, error.Kind);
        Assert.False(Directory.Exists(fixture.StatePath));
        for (var cloud = 0; cloud < 4; cloud++)
            Assert.Empty(fixture.Objects(cloud));
        fixture.Plan(broken).RefuseWrites = false;
        await fixture.CreateAsync();
    }

    [Fact]
    public async Task ADriveIsOpenOnlyOnce()
    {
        await using var fixture = new DriveFixture();
        await fixture.CreateAsync();
        await using var drive = await fixture.OpenAsync();
        var error = await Assert.ThrowsAsync<DriveException>(fixture.OpenAsync);
        Assert.Equal(DriveErrorKind.InUse, error.Kind);
        Assert.Contains($"{Environment.ProcessId}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhereThereIsNoDriveNoneIsOpened()
    {
        await using var fixture = new DriveFixture();
        var error = await Assert.ThrowsAsync<DriveException>(fixture.OpenAsync);
        Assert.Equal(DriveErrorKind.NotADrive, error.Kind);
        Assert.False(Drive.Exists(fixture.StatePath));
        error = await Assert.ThrowsAsync<DriveException>(() => fixture.AttachAsync());
        Assert.Equal(DriveErrorKind.NotADrive, error.Kind);
    }

    [Theory]
    [InlineData(1, null, 1, 0)]
    [InlineData(2, null, 1, 1)]
    [InlineData(4, null, 3, 1)]
    [InlineData(5, null, 3, 2)]
    [InlineData(4, 2, 2, 2)]
    [InlineData(3, 0, 3, 0)]
    public async Task RedundancyFollowsTheNumberOfClouds(int clouds, int? survive, int data, int parity)
    {
        await using var fixture = new DriveFixture(clouds);
        await fixture.CreateAsync(survive);
        await using var drive = await fixture.OpenAsync();
        Assert.Equal(new RedundancyStatus(data, parity, parity), drive.GetStatus().Redundancy);
    }

    [Fact]
    public async Task MoreLossesThanCloudsAreRefused()
    {
        await using var fixture = new DriveFixture(2);
        var error = await Assert.ThrowsAsync<DriveException>(() => fixture.CreateAsync(survive: 2));
        Assert.Equal(DriveErrorKind.NotEnoughClouds, error.Kind);
    }

    [Fact]
    public async Task ADriveOpensAndWritesWhileItsCloudsAreAway()
    {
        await using var fixture = new DriveFixture();
        await fixture.CreateAsync();
        for (var cloud = 0; cloud < 4; cloud++)
            fixture.Plan(cloud).Offline = true;
        fixture.OpenOptions = fixture.OpenOptions with { CloseTimeout = TimeSpan.FromMilliseconds(100) };
        await using (var drive = await fixture.OpenAsync())
        {
            await DriveFixture.WriteAsync(drive, "a", [1, 2, 3]);
            Assert.NotEqual(DriveProtection.Protected, drive.GetStatus().Protection);
            Assert.Equal(FileProtection.Local, await drive.GetProtectionAsync("a"));
        }
        for (var cloud = 0; cloud < 4; cloud++)
            fixture.Plan(cloud).Offline = false;
        await using (var drive = await fixture.OpenAsync())
        {
            await drive.FlushAsync();
            Assert.Equal(FileProtection.Protected, await drive.GetProtectionAsync("a"));
            Assert.Equal(FileProtection.Protected, await drive.GetProtectionAsync(""));
            Assert.Null(await drive.GetProtectionAsync("b"));
        }
        fixture.LoseState();
        await fixture.AttachAsync();
        await using (var drive = await fixture.OpenAsync())
            Assert.Equal([1, 2, 3], await DriveFixture.ReadAsync(drive, "a"));
    }

    [Fact]
    public async Task FilesOfTheStateAreTheirOwnersAlone()
    {
        if (OperatingSystem.IsWindows())
            return;
        await using var fixture = new DriveFixture();
        await fixture.CreateAsync();
        await using var drive = await fixture.OpenAsync();
        await DriveFixture.WriteAsync(drive, "a", DriveFixture.Content(1, 300_000));
        await drive.FlushAsync();
        const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute |
            UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;
        foreach (var path in Directory.EnumerateFileSystemEntries(fixture.StatePath, "*", SearchOption.AllDirectories).Append(fixture.StatePath))
        {
            try
            {
                Assert.True((File.GetUnixFileMode(path) & Others) == 0, path);
            }
            catch (FileNotFoundException)
            {
                // What is on the clouds is removed here meanwhile.
            }
        }
    }

    [Fact]
    public async Task ACloudThatHangsIsLeftOut()
    {
        await using var fixture = new DriveFixture();
        await fixture.CreateAsync();
        await using (var drive = await fixture.OpenAsync())
        {
            await DriveFixture.WriteAsync(drive, "a", DriveFixture.Content(3, 300_000));
            await drive.CheckpointAsync();
            await DriveFixture.MakeDirectoryAsync(drive, "b");
            await drive.FlushAsync();
        }
        fixture.LoseState();
        // After the lists, so that the cloud is believed to be there.
        fixture.Plan(0).Only = request => request.Operation is CloudOperation.Read or CloudOperation.OpenRead && request.Name.StartsWith("root/", StringComparison.Ordinal);
        fixture.Plan(0).Hang = true;
        var options = new AttachDriveOptions { Name = "x", Clouds = fixture.Choices(), Patience = TimeSpan.FromSeconds(10) };
        var report = await Drive.AttachAsync(fixture.StatePath, options, DriveFixture.Passphrase, fixture.Services);
        Assert.Contains(report.Warnings, warning => warning.Contains("cloud0", StringComparison.Ordinal) && warning.Contains("does not answer", StringComparison.Ordinal));
        fixture.Plan(0).Hang = false;
        await using var attached = await fixture.OpenAsync();
        Assert.Equal(DriveFixture.Content(3, 300_000), await DriveFixture.ReadAsync(attached, "a"));
        Assert.True(await DriveFixture.ExistsAsync(attached, "b"));
    }

    [Fact]
    public async Task WhoOnlyReadsUploadsAndHealsNothing()
    {
        await using var fixture = new DriveFixture();
        await fixture.CreateAsync();
        fixture.OpenOptions = fixture.OpenOptions with { CloseTimeout = TimeSpan.FromMilliseconds(100) };
        await using (var drive = await fixture.OpenAsync())
        {
            await DriveFixture.WriteAsync(drive, "a", DriveFixture.Content(3, 300_000));
            await drive.FlushAsync();
            fixture.SetOffline(true, 0, 1, 2, 3);
            await DriveFixture.WriteAsync(drive, "b", DriveFixture.Content(4, 300_000));
        }
        fixture.SetOffline(false, 0, 1, 2, 3);
        foreach (var shard in fixture.Objects(0, "shard/"))
            File.Delete(fixture.PathOf(0, shard));
        var changes = 0;
        foreach (var cloud in Enumerable.Range(0, 4))
        {
            fixture.Plan(cloud).Only = request =>
            {
                if (request.Operation is CloudOperation.Write or CloudOperation.Delete or CloudOperation.Move)
                    Interlocked.Increment(ref changes);
                return false;
            };
        }
        fixture.OpenOptions = fixture.OpenOptions with { ReadOnly = true };
        await using (var drive = await fixture.OpenAsync())
        {
            Assert.Equal(DriveFixture.Content(3, 300_000), await DriveFixture.ReadAsync(drive, "a"));
            Assert.Equal(DriveFixture.Content(4, 300_000), await DriveFixture.ReadAsync(drive, "b"));
            // What would begin does so at once.
            await Task.Delay(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);
        }
        Assert.Equal(0, changes);
        fixture.OpenOptions = fixture.OpenOptions with { ReadOnly = false };
        await using (var drive = await fixture.OpenAsync())
            await drive.FlushAsync();
        Assert.NotEqual(0, changes);
    }

    [Fact]
    public async Task WhatACloudMissedIsRebuiltByTheNextMachine()
    {
        await using var fixture = new DriveFixture();
        await fixture.CreateAsync();
        fixture.OpenOptions = fixture.OpenOptions with { JournalInterval = TimeSpan.FromMilliseconds(50), CloseTimeout = TimeSpan.FromMilliseconds(500) };
        fixture.SetOffline(true, 3);
        await using (var drive = await fixture.OpenAsync())
        {
            await DriveFixture.WriteAsync(drive, "a", DriveFixture.Content(3, 300_000));
            await DriveFixture.WhileAsync(() => drive.GetStatus().Journal.Batches > 0);
            Assert.Equal(DriveProtection.Degraded, drive.GetStatus().Protection);
        }
        fixture.SetOffline(false);
        fixture.LoseState();
        await fixture.AttachAsync();
        await using (var attached = await fixture.OpenAsync())
        {
            Assert.Equal(DriveFixture.Content(3, 300_000), await DriveFixture.ReadAsync(attached, "a"));
            await attached.FlushAsync();
            Assert.NotEmpty(fixture.Objects(3, "shard/"));
        }
        fixture.LoseState();
        await fixture.AttachAsync(1, 2, 3);
        await using var third = await fixture.OpenAsync();
        Assert.Equal(DriveFixture.Content(3, 300_000), await DriveFixture.ReadAsync(third, "a"));
    }

    [Fact]
    public async Task AFolderWithOtherFilesIsNotTaken()
    {
        await using var fixture = new DriveFixture();
        Directory.CreateDirectory(fixture.StatePath);
        File.WriteAllText(Path.Combine(fixture.StatePath, "diary"), "dear");
        var error = await Assert.ThrowsAsync<DriveException>(() => fixture.CreateAsync());
        Assert.Equal(DriveErrorKind.LocalState, error.Kind);
        Assert.True(File.Exists(Path.Combine(fixture.StatePath, "diary")));
    }

    [Fact]
    public async Task AStateWithoutItsHeaderIsNotThrownAway()
    {
        await using var fixture = new DriveFixture();
        await fixture.CreateAsync();
        await using (await fixture.OpenAsync())
        {
        }
        File.Delete(Path.Combine(fixture.StatePath, "header"));
        var error = await Assert.ThrowsAsync<DriveException>(() => fixture.AttachAsync());
        Assert.Equal(DriveErrorKind.LocalState, error.Kind);
        Assert.True(File.Exists(Path.Combine(fixture.StatePath, "metadata", "metadata.db")));
    }

    [Fact]
    public async Task ADamagedLocalStateIsToldAndCanBeAttachedAnew()
    {
        await using var fixture = new DriveFixture();
        await fixture.CreateAsync();
        await using (var drive = await fixture.OpenAsync())
        {
            await DriveFixture.MakeDirectoryAsync(drive, "a");
            await drive.FlushAsync();
        }
        var path = Path.Combine(fixture.StatePath, "metadata", "metadata.db");
        var bytes = File.ReadAllBytes(path);
        bytes.AsSpan(1024).Fill(0x55);
        File.WriteAllBytes(path, bytes);
        var error = await Assert.ThrowsAsync<DriveException>(fixture.OpenAsync);
        Assert.Equal(DriveErrorKind.Damaged, error.Kind);
        Assert.Contains("attach", error.Message, StringComparison.Ordinal);
        fixture.LoseState();
        await fixture.AttachAsync();
        await using var attached = await fixture.OpenAsync();
        Assert.True(await DriveFixture.ExistsAsync(attached, "a"));
    }

    [Fact]
    public async Task TheDoctorFindsWhatIsMissingAndDamaged()
    {
        await using var fixture = new DriveFixture();
        await fixture.CreateAsync();
        await using var drive = await fixture.OpenAsync();
        await DriveFixture.WriteAsync(drive, "a", DriveFixture.Content(3, 300_000));
        await drive.FlushAsync();
        DriveFixture.AssertHealthy(await drive.CheckAsync(thorough: true));
        var path = fixture.PathOf(1, fixture.Objects(1, "shard/").Single());
        var bytes = File.ReadAllBytes(path);
        bytes[^1] ^= 1;
        File.WriteAllBytes(path, bytes);
        DriveFixture.AssertHealthy(await drive.CheckAsync(thorough: false));
        Assert.Contains((await drive.CheckAsync(thorough: true)).Findings, finding => finding.Message.Contains("damaged on the cloud 'cloud1'", StringComparison.Ordinal));
        File.Delete(path);
        Assert.Contains((await drive.CheckAsync(thorough: false)).Findings, finding => finding.Message.Contains("'cloud1' lacks shard", StringComparison.Ordinal));
    }
}
