using CuckooDrive.Clouds.Decorators;
using CuckooDrive.Core.Drives;
using CuckooDrive.Format;
using Xunit;

namespace CuckooDrive.Core.Tests.Drives;

public sealed class KeySlotTests
{
    private static Secret Other => Secret.FromPassphrase("battery staple");

    [Fact]
    public async Task AnAddedKeyOpensTheDriveHereAndElsewhere()
    {
        await using var fixture = new DriveFixture();
        await fixture.CreateAsync();
        var slot = await AddAsync(fixture);
        Assert.Equal("spare", slot.Label);
        Assert.Equal(["first", "spare"], (await DriveKeySlots.ListAsync(fixture.StatePath, Other, fixture.Services)).Slots.Select(each => each.Label));
        Assert.Contains(slot, (await DriveKeySlots.ListAsync(fixture.StatePath, Other, fixture.Services)).Slots);
        await using (await Drive.OpenAsync(fixture.StatePath, Other, fixture.OpenOptions, fixture.Services))
        {
        }
        fixture.LoseState();
        await Drive.AttachAsync(fixture.StatePath, new AttachDriveOptions { Name = "x", Clouds = fixture.Choices(1, 2, 3) }, Other, fixture.Services);
    }

    [Fact]
    public async Task ARemovedKeyOpensNothingAnyMore()
    {
        await using var fixture = new DriveFixture();
        await fixture.CreateAsync();
        var old = fixture.CopyClouds();
        await AddAsync(fixture);
        await DriveKeySlots.RemoveAsync(fixture.StatePath, Other, await FirstNumberAsync(fixture), fixture.Services);
        await AssertRefusedAsync(() => fixture.OpenAsync());
        for (var cloud = 0; cloud < 4; cloud++)
            Assert.Equal(["header/3"], fixture.Objects(cloud, "header/"));
        // One cloud plays the old header back: the others know that the key is gone.
        fixture.RestoreCloud(old, 0);
        fixture.LoseState();
        await AssertRefusedAsync(() => fixture.AttachAsync());
    }

    [Fact]
    public async Task ARemovalThatIsRepeatedRemovesNoOtherKey()
    {
        await using var fixture = new DriveFixture();
        await fixture.CreateAsync();
        var removed = await AddAsync(fixture);
        using var third = Secret.FromPassphrase("third");
        await DriveKeySlots.AddAsync(fixture.StatePath, DriveFixture.Passphrase, third, "third", fixture.Services, Argon2Cost.Minimum);
        await DriveKeySlots.RemoveAsync(fixture.StatePath, DriveFixture.Passphrase, removed.Number, fixture.Services);
        var error = await Assert.ThrowsAsync<DriveException>(() =>
            DriveKeySlots.RemoveAsync(fixture.StatePath, DriveFixture.Passphrase, removed.Number, fixture.Services));
        Assert.Contains($"no key {removed.Number}", error.Message, StringComparison.Ordinal);
        Assert.Equal(2, (await DriveKeySlots.ListAsync(fixture.StatePath, third, fixture.Services)).Slots.Count);
    }

    [Fact]
    public async Task TheLastKeyStays()
    {
        await using var fixture = new DriveFixture();
        await fixture.CreateAsync();
        var number = await FirstNumberAsync(fixture);
        var error = await Assert.ThrowsAsync<DriveException>(() => DriveKeySlots.RemoveAsync(fixture.StatePath, DriveFixture.Passphrase, number, fixture.Services));
        Assert.Equal(DriveErrorKind.InvalidOption, error.Kind);
        Assert.Contains("last key", error.Message, StringComparison.Ordinal);
        await using var drive = await fixture.OpenAsync();
    }

    [Fact]
    public async Task WithTooFewCloudsNothingChanges()
    {
        await using var fixture = new DriveFixture();
        await fixture.CreateAsync();
        fixture.SetOffline(true, 0, 1, 2);
        var error = await Assert.ThrowsAsync<DriveException>(() => AddAsync(fixture));
        Assert.Equal(DriveErrorKind.NotEnoughClouds, error.Kind);
        Assert.Single((await DriveKeySlots.ListAsync(fixture.StatePath, DriveFixture.Passphrase, fixture.Services)).Slots);
    }

    [Fact]
    public async Task AKeyThatReachedTooFewCloudsIsTakenBackThereToo()
    {
        await using var fixture = new DriveFixture();
        await fixture.CreateAsync();
        for (var full = 0; full < 3; full++)
            fixture.Plan(full).Full = true;
        var error = await Assert.ThrowsAsync<DriveException>(() => AddAsync(fixture));
        Assert.Equal(DriveErrorKind.NotEnoughClouds, error.Kind);
        for (var full = 0; full < 3; full++)
            fixture.Plan(full).Full = false;
        await AssertOnlyTheFirstKeyOpensAsync(fixture);
    }

    [Fact]
    public async Task AKeyWhoseAddingIsStoppedOpensNothing()
    {
        await using var fixture = new DriveFixture();
        await fixture.CreateAsync();
        var plan = fixture.Plan(1);
        plan.Only = request => request.Operation == CloudOperation.Write && request.Name == "header/2";
        plan.Hang = true;
        using var stop = new CancellationTokenSource();
        var adding = AddAsync(fixture, stop.Token);
        await DriveFixture.WhileAsync(() => plan.Injected == 0);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => adding);
        plan.Hang = false;
        await AssertOnlyTheFirstKeyOpensAsync(fixture);
    }

    [Fact]
    public async Task ACloudThatWasAwayGetsTheNewHeaderWhenItAnswers()
    {
        await using var fixture = new DriveFixture();
        await fixture.CreateAsync();
        fixture.SetOffline(true, 3);
        await AddAsync(fixture);
        Assert.Equal(["header/1"], fixture.Objects(3, "header/"));
        fixture.SetOffline(false, 3);
        await using var drive = await fixture.OpenAsync();
        await DriveFixture.WhileAsync(() => !fixture.Objects(3, "header/").SequenceEqual(["header/2"]));
    }

    [Fact]
    public async Task KeysChangeWhileTheDriveIsOpen()
    {
        await using var fixture = new DriveFixture();
        await fixture.CreateAsync();
        await using (var drive = await fixture.OpenAsync())
        {
            await DriveFixture.MakeDirectoryAsync(drive, "a");
            await AddAsync(fixture);
            await drive.FlushAsync();
        }
        await using var reopened = await Drive.OpenAsync(fixture.StatePath, Other, fixture.OpenOptions, fixture.Services);
        Assert.True(await DriveFixture.ExistsAsync(reopened, "a"));
    }

    private static Task<KeySlotInfo> AddAsync(DriveFixture fixture, CancellationToken cancellationToken = default) =>
        DriveKeySlots.AddAsync(fixture.StatePath, DriveFixture.Passphrase, Other, "spare", fixture.Services, Argon2Cost.Minimum, cancellationToken);

    private static async Task<int> FirstNumberAsync(DriveFixture fixture) =>
        (await DriveKeySlots.ListAsync(fixture.StatePath, DriveFixture.Passphrase, fixture.Services)).Slots[0].Number;

    /// <summary>Here, at the clouds, and when the next change begins from the newest header of all of them.</summary>
    private static async Task AssertOnlyTheFirstKeyOpensAsync(DriveFixture fixture)
    {
        Assert.Single((await DriveKeySlots.ListAsync(fixture.StatePath, DriveFixture.Passphrase, fixture.Services)).Slots);
        using var third = Secret.FromPassphrase("third");
        await DriveKeySlots.AddAsync(fixture.StatePath, DriveFixture.Passphrase, third, "", fixture.Services, Argon2Cost.Minimum);
        Assert.Equal(2, (await DriveKeySlots.ListAsync(fixture.StatePath, third, fixture.Services)).Slots.Count);
        fixture.LoseState();
        await AssertRefusedAsync(() => Drive.AttachAsync(fixture.StatePath, new AttachDriveOptions { Name = "x", Clouds = fixture.Choices() }, Other, fixture.Services));
    }

    private static async Task AssertRefusedAsync(Func<Task> action) =>
        Assert.Equal(DriveErrorKind.WrongPassphrase, (await Assert.ThrowsAsync<DriveException>(action)).Kind);
}
