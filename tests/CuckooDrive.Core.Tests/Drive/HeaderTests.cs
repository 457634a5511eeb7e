using CuckooDrive.Clouds;
using CuckooDrive.Clouds.Decorators;
using CuckooDrive.Clouds.Providers.Folder;
using CuckooDrive.Core.Drives;
using CuckooDrive.Format;
using Xunit;

namespace CuckooDrive.Core.Tests.Drives;

/// <summary>Which header counts where several machines, processes and clouds have had a part in it.</summary>
public sealed class HeaderTests
{
    private const string Here = "state";
    private const string There = "there";

    [Fact]
    public async Task KeysThatTwoMachinesAddedWithoutEachOthersCloudsAllOpenTheDrive()
    {
        await using var fixture = await MakeForkAsync(AddAsync("X"), AddAsync("Y"));
        await SpreadAsync(fixture);
        foreach (var cloud in new[] { 0, 3 })
            Assert.Equal(["correct horse", "X", "Y"], await OpeningAsync(fixture, cloud, "correct horse", "X", "Y"));
    }

    [Fact]
    public async Task ANewMachineOpensADriveWithEitherOfTwoHeadersOfOneNumber()
    {
        await using var fixture = await MakeForkAsync(AddAsync("X"), AddAsync("Y"));
        foreach (var passphrase in new[] { "X", "Y" })
        {
            fixture.LoseState();
            using var secret = Secret.FromPassphrase(passphrase);
            await Drive.AttachAsync(fixture.StatePath, new AttachDriveOptions { Name = "x", Clouds = fixture.Choices() }, secret, fixture.Services);
            await SpreadAsync(fixture);
        }
        Assert.Equal(["correct horse", "X", "Y"], await OpeningAsync(fixture, 0, "correct horse", "X", "Y"));
    }

    [Fact]
    public async Task AKeyThatThisMachineRemovedDoesNotComeBackWithAHeaderOfTheSameNumber()
    {
        await using var fixture = await MakeForkAsync(RemoveAsync("spare"), AddAsync("Y"));
        await SpreadAsync(fixture);
        foreach (var cloud in new[] { 0, 3 })
            Assert.Equal(["correct horse", "Y"], await OpeningAsync(fixture, cloud, "correct horse", "spare", "Y"));
    }

    [Fact]
    public async Task ADamagedNewestHeaderBesideAnOlderOneIsMendedAndTheJournalComes()
    {
        await using var fixture = new DriveFixture();
        await fixture.CreateAsync();
        var old = await File.ReadAllBytesAsync(fixture.PathOf(0, "header/1"));
        await AddAsync("X")(fixture);
        await File.WriteAllBytesAsync(fixture.PathOf(0, "header/1"), old);
        var damaged = await File.ReadAllBytesAsync(fixture.PathOf(0, "header/2"));
        damaged[^1] ^= 1;
        await File.WriteAllBytesAsync(fixture.PathOf(0, "header/2"), damaged);
        await using var drive = await fixture.OpenAsync();
        await DriveFixture.MakeDirectoryAsync(drive, "a");
        await drive.FlushAsync();
        await DriveFixture.WhileAsync(() => !fixture.Objects(0, "header/").SequenceEqual(["header/2"]));
        Assert.Equal(await File.ReadAllBytesAsync(fixture.PathOf(1, "header/2")), await File.ReadAllBytesAsync(fixture.PathOf(0, "header/2")));
        await DriveFixture.WhileAsync(() => !fixture.Objects(0, "journal/").SequenceEqual(fixture.Objects(1, "journal/")));
    }

    [Fact]
    public async Task ACloudThatComesBackToAnOpenDriveLosesTheRemovedKeysToo()
    {
        await using var fixture = new DriveFixture();
        await fixture.CreateAsync();
        await using var drive = await fixture.OpenAsync();
        await drive.FlushAsync();
        fixture.SetOffline(true, 3);
        await AddAsync("X")(fixture);
        fixture.SetOffline(false, 3);
        await DriveFixture.MakeDirectoryAsync(drive, "a");
        await drive.FlushAsync();
        await DriveFixture.WhileAsync(() => !fixture.Objects(3, "header/").SequenceEqual(["header/2"]));
    }

    [Fact]
    public async Task ALocalHeaderThatWasDamagedMeanwhileIsMendedFromACloudAndNeverSentThere()
    {
        await using var fixture = new DriveFixture();
        await fixture.CreateAsync();
        var good = HeaderObjects.ReadLocal(fixture.StatePath);
        var (_, keys) = HeaderObjects.Unlock([good], DriveFixture.Passphrase);
        using (keys)
        {
            var damaged = good.Bytes.ToArray();
            damaged[17] ^= 1; // its number is 257 now
            await File.WriteAllBytesAsync(StateFolder.HeaderIn(fixture.StatePath), damaged);
            await using var storage = new FolderStorage(fixture.CloudFolders[0]);
            await HeaderObjects.SynchronizeAsync(storage, fixture.StatePath, keys, default);
        }
        Assert.Equal(["header/1"], fixture.Objects(0, "header/"));
        Assert.Equal(good.Bytes, HeaderObjects.ReadLocal(fixture.StatePath).Bytes);
    }

    [Fact]
    public async Task AKeyThatCouldNotBeRemovedStays()
    {
        await using var fixture = new DriveFixture();
        await fixture.CreateAsync();
        await AddAsync("spare")(fixture);
        for (var full = 0; full < 3; full++)
            fixture.Plan(full).Full = true;
        var error = await Assert.ThrowsAsync<DriveException>(() => RemoveAsync("spare")(fixture));
        Assert.Equal(DriveErrorKind.NotEnoughClouds, error.Kind);
        for (var full = 0; full < 3; full++)
            fixture.Plan(full).Full = false;
        await SpreadAsync(fixture);
        Assert.Equal(["correct horse", "spare"], await OpeningAsync(fixture, 0, "correct horse", "spare"));
    }

    [Fact]
    public async Task ListingWorksWithoutCloudsAndNamesThem()
    {
        await using var fixture = new DriveFixture();
        await fixture.CreateAsync();
        fixture.SetOffline(true);
        var (slots, silent) = await DriveKeySlots.ListAsync(fixture.StatePath, DriveFixture.Passphrase, fixture.Services);
        Assert.Single(slots);
        Assert.Equal(["cloud0", "cloud1", "cloud2", "cloud3"], silent);
    }

    [Fact]
    public async Task ListingShowsWhatTheCloudsKnowAndThisMachineDoesNot()
    {
        await using var fixture = new DriveFixture();
        await fixture.CreateAsync();
        fixture.CopyState(There);
        await AddAsync("X")(fixture);
        fixture.State = There;
        Assert.Equal(["first", "X"], (await DriveKeySlots.ListAsync(fixture.StatePath, DriveFixture.Passphrase, fixture.Services)).Slots.Select(slot => slot.Label));
    }

    [Fact]
    public async Task APassphraseThatWasRemovedElsewhereAddsNoKey()
    {
        await using var fixture = new DriveFixture();
        await fixture.CreateAsync();
        await AddAsync("X")(fixture);
        fixture.CopyState(There);
        await RemoveAsync("X")(fixture);
        fixture.State = There;
        using var removed = Secret.FromPassphrase("X");
        using var added = Secret.FromPassphrase("Y");
        var error = await Assert.ThrowsAsync<DriveException>(() =>
            DriveKeySlots.AddAsync(fixture.StatePath, removed, added, "Y", fixture.Services, Argon2Cost.Minimum));
        Assert.Equal(DriveErrorKind.WrongPassphrase, error.Kind);
        Assert.Equal(["header/3"], fixture.Objects(0, "header/"));
    }

    [Fact]
    public async Task TheNewestOfManyHeadersThatComeAtOnceIsKept()
    {
        await using var fixture = new DriveFixture();
        await fixture.CreateAsync();
        var (first, keys) = HeaderObjects.Unlock([HeaderObjects.ReadLocal(fixture.StatePath)], DriveFixture.Passphrase);
        using (keys)
        {
            for (var round = 0; round < 40; round++)
            {
                var newest = HeaderObjects.ReadLocal(fixture.StatePath).Header;
                var coming = Enumerable.Range(0, 4).Select(async cloud =>
                {
                    var storage = new FolderStorage(fixture.CloudFolders[cloud]);
                    await using (storage)
                    {
                        var newer = Enumerable.Range(0, 1 + cloud).Aggregate(newest, (header, _) => DriveHeader.Join(keys, [header], []));
                        await CloudObjects.WriteAsync(storage, ObjectNames.Header(newer.Sequence), newer.Encode(), default);
                        await Task.Run(() => HeaderObjects.SynchronizeAsync(storage, fixture.StatePath, keys, default));
                    }
                });
                await Task.WhenAll(coming).WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
                Assert.Equal(newest.Sequence + 4, HeaderObjects.ReadLocal(fixture.StatePath).Header.Sequence);
            }
        }
    }

    /// <summary>
    /// A drive with a key more, "spare", whose keys one machine changes at two of its clouds, and a copy of that machine's state at the other two:
    /// two headers of one number.
    /// </summary>
    private static async Task<DriveFixture> MakeForkAsync(Func<DriveFixture, Task> here, Func<DriveFixture, Task> there)
    {
        var fixture = new DriveFixture();
        await fixture.CreateAsync();
        await AddAsync("spare")(fixture);
        fixture.CopyState(There);
        fixture.SetOffline(true, 2, 3);
        await here(fixture);
        fixture.SetOffline(false);
        fixture.SetOffline(true, 0, 1);
        fixture.State = There;
        await there(fixture);
        fixture.SetOffline(false);
        fixture.State = Here;
        return fixture;
    }

    private static Func<DriveFixture, Task> AddAsync(string passphrase) => async fixture =>
    {
        using var added = Secret.FromPassphrase(passphrase);
        await DriveKeySlots.AddAsync(fixture.StatePath, DriveFixture.Passphrase, added, passphrase, fixture.Services, Argon2Cost.Minimum);
    };

    private static Func<DriveFixture, Task> RemoveAsync(string label) => async fixture =>
    {
        var (slots, _) = await DriveKeySlots.ListAsync(fixture.StatePath, DriveFixture.Passphrase, fixture.Services);
        await DriveKeySlots.RemoveAsync(fixture.StatePath, DriveFixture.Passphrase, slots.Single(slot => slot.Label == label).Number, fixture.Services);
    };

    /// <summary>Opens the drive until each cloud has the same header.</summary>
    private static async Task SpreadAsync(DriveFixture fixture)
    {
        await using var drive = await fixture.OpenAsync();
        await drive.FlushAsync();
        await DriveFixture.WhileAsync(() =>
        {
            var number = HeaderObjects.ReadLocal(fixture.StatePath).Header.Sequence;
            return !Enumerable.Range(0, 4).All(cloud => fixture.Objects(cloud, "header/").SequenceEqual([$"header/{number}"]));
        });
    }

    /// <summary>Those of the passphrases that open the header of a cloud.</summary>
    private static async Task<IEnumerable<string>> OpeningAsync(DriveFixture fixture, int cloud, params string[] passphrases)
    {
        await using var storage = new FolderStorage(fixture.CloudFolders[cloud]);
        var header = Assert.Single(await HeaderObjects.ReadAsync(storage, Assert.Fail, default)).Header;
        return passphrases.Where(passphrase =>
        {
            using var secret = Secret.FromPassphrase(passphrase);
            if (!header.TryUnlock(secret, out var keys))
                return false;
            keys.Dispose();
            return true;
        });
    }
}
