using CuckooDrive.Core.Chunks;
using CuckooDrive.Core.Metadata;
using CuckooDrive.Core.Placement;
using Xunit;

namespace CuckooDrive.Core.Tests.Chunks;

/// <summary>A staged pack that cannot be read any more costs what is in it, is told of, and holds up nothing else.</summary>
public sealed class DamagedStagingTests
{
    public enum Damage
    {
        /// <summary>Opening fails, as on a disk with a bad sector in the wrong place.</summary>
        Unreadable,
        Truncated,
        Rotten,
    }

    public static TheoryData<Damage, bool> Cases() => new(
        from damage in Enum.GetValues<Damage>()
        from prepared in new[] { false, true }
        select (damage, prepared));

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task It_holds_up_no_journal_and_is_told_and_goes_to_the_clouds_when_it_can_be_read_again(Damage damage, bool prepared)
    {
        await using var fixture = Make();
        var plain = StoreFixture.Random(60_000);
        var chunk = await StageAsync(fixture, plain, prepared);
        var sound = DamageStaged(fixture, damage);
        GoOnline(fixture);
        await fixture.ReopenAsync();

        var added = fixture.Add(StoreFixture.Random(50_000));
        var sequence = fixture.Commit(seal: true);
        await WaitAsync(fixture, sequence, full: false);
        await ChunkStoreTests.WaitUntil(() => fixture.Store.GetState(added) == ChunkState.Protected);
        await WaitAsync(fixture, sequence, full: true);
        Assert.Equal((1, ChunkState.Lost), (fixture.Store.GetStatus().LostPacks, fixture.Store.GetState(chunk)));
        Assert.InRange(fixture.Store.GetStatus().LostBytes, plain.Length, plain.Length + 1000);
        Assert.Equal([chunk.Pack], fixture.Store.FindLostPacks());
        await Assert.ThrowsAsync<ChunkUnavailableException>(() => fixture.ReadAsync(chunk, plain.Length));
        Assert.All(fixture.Store.GetStatus().Clouds, static cloud => Assert.True(cloud.Reachable));
        fixture.Commit();

        await fixture.Store.DisposeAsync();
        sound.Restore();
        await fixture.ReopenAsync();
        await fixture.UploadAllAsync();
        Assert.Equal((0, ChunkState.Protected), (fixture.Store.GetStatus().LostPacks, fixture.Store.GetState(chunk)));
        await fixture.ReopenWithoutLocalFilesAsync();
        Assert.Equal(plain, await fixture.ReadAsync(chunk, plain.Length));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task All_is_well_when_what_was_in_it_has_been_written_again(Damage damage, bool prepared)
    {
        await using var fixture = Make();
        var plain = StoreFixture.Random(60_000);
        var chunk = await StageAsync(fixture, plain, prepared);
        DamageStaged(fixture, damage);
        GoOnline(fixture);
        await fixture.ReopenAsync();
        await ChunkStoreTests.WaitUntil(() => fixture.Store.GetState(chunk) == ChunkState.Lost);

        var again = fixture.Add(plain);
        Assert.NotEqual(chunk, again);
        fixture.Store.RemoveReference(chunk);
        var sequence = fixture.Commit(seal: true);
        await WaitAsync(fixture, sequence, full: true);
        fixture.Store.Journaled(sequence);
        await ChunkStoreTests.WaitUntil(() => fixture.Commit() > 0 && fixture.Store.GetStatus() is { Packs: 1, LostPacks: 0, PendingPacks: 0 });
        await ChunkStoreTests.WaitUntil(() => Directory.GetFileSystemEntries(fixture.Staging).Length == 0);
        Assert.Equal(plain, await fixture.ReadAsync(again, plain.Length));
    }

    [Fact]
    public async Task One_damaged_shard_is_made_up_for_by_the_staged_parity()
    {
        await using var fixture = Make();
        var plain = StoreFixture.Random(60_000);
        var chunk = await StageAsync(fixture, plain, prepared: true);
        FlipBit(Staged(fixture));
        GoOnline(fixture);
        await fixture.ReopenAsync();
        await fixture.UploadAllAsync();
        Assert.Equal(ChunkState.Protected, fixture.Store.GetState(chunk));
        await fixture.ReopenWithoutLocalFilesAsync();
        Assert.Equal(plain, await fixture.ReadAsync(chunk, plain.Length));
    }

    /// <summary>It would be taken for stored, and cost what another cloud is lost for.</summary>
    [Fact]
    public async Task What_has_rotted_while_it_waited_for_its_cloud_is_not_uploaded_as_it_is()
    {
        await using var fixture = new StoreFixture(new Redundancy(2, 1), configure: static options => options with
        {
            DiskCacheLimit = 0,
            MemoryCacheLimit = 0,
            TrustPrepared = TimeSpan.Zero,
        });
        var plain = StoreFixture.Random(60_000);
        var chunk = await StageAsync(fixture, plain, prepared: true);
        FlipBit(Staged(fixture));
        GoOnline(fixture);
        await fixture.UploadAllAsync();
        await fixture.ReopenWithoutLocalFilesAsync();
        foreach (var plan in fixture.Plans)
        {
            plan.Offline = true;
            Assert.Equal(plain, await fixture.ReadAsync(chunk, plain.Length));
            plan.Offline = false;
        }
    }

    [Fact]
    public async Task Damage_between_two_attempts_to_upload_is_no_fault_of_the_cloud()
    {
        await using var fixture = Make();
        var plain = StoreFixture.Random(60_000);
        var chunk = await StageAsync(fixture, plain, prepared: true);
        // Behind the store's back, while it is open.
        Truncate(Staged(fixture));
        GoOnline(fixture);
        var added = fixture.Add(StoreFixture.Random(50_000));
        var sequence = fixture.Commit(seal: true);
        await WaitAsync(fixture, sequence, full: false);
        await WaitAsync(fixture, sequence, full: true);
        Assert.Equal((ChunkState.Lost, ChunkState.Protected), (fixture.Store.GetState(chunk), fixture.Store.GetState(added)));
        Assert.All(fixture.Store.GetStatus().Clouds, static cloud => Assert.True(cloud.Reachable));
    }

    [Fact]
    public async Task A_pack_whose_staged_file_is_gone_holds_up_no_journal()
    {
        await using var fixture = Make();
        var chunk = await StageAsync(fixture, StoreFixture.Random(60_000), prepared: true);
        File.Delete(Staged(fixture));
        GoOnline(fixture);
        await fixture.ReopenAsync();
        var sequence = fixture.Commit(seal: true);
        await WaitAsync(fixture, sequence, full: false);
        await WaitAsync(fixture, sequence, full: true);
        Assert.Equal(ChunkState.Lost, fixture.Store.GetState(chunk));
    }

    [Fact]
    public async Task A_read_that_finds_damage_in_a_staged_pack_tells_of_it_while_the_clouds_are_away()
    {
        await using var fixture = Make();
        var plain = StoreFixture.Random(60_000);
        var chunk = await StageAsync(fixture, plain, prepared: true);
        Truncate(Staged(fixture));
        await Assert.ThrowsAsync<ChunkUnavailableException>(() => fixture.ReadAsync(chunk, plain.Length));
        await ChunkStoreTests.WaitUntil(() => fixture.Store.GetState(chunk) == ChunkState.Lost);
    }

    /// <summary>A pack that is sealed and waits for the clouds, which are away.</summary>
    private static async Task<ChunkRef> StageAsync(StoreFixture fixture, byte[] plain, bool prepared)
    {
        foreach (var plan in fixture.Plans)
            plan.Offline = true;
        var chunk = fixture.Add(plain);
        fixture.Commit(seal: true);
        if (prepared)
        {
            await ChunkStoreTests.WaitUntil(() => fixture.Store.HasChanges);
            fixture.Commit();
        }
        return chunk;
    }

    private static void FlipBit(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        file.Position = 100;
        var value = (byte)(file.ReadByte() ^ 1);
        file.Position = 100;
        file.WriteByte(value);
    }

    private static void Truncate(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        file.SetLength(10);
    }

    private static string Staged(StoreFixture fixture) => Directory.GetFiles(fixture.Staging).Single();

    private static Sound DamageStaged(StoreFixture fixture, Damage damage)
    {
        var path = Staged(fixture);
        var sound = new Sound(path, File.ReadAllBytes(path));
        File.Delete(path);
        if (damage == Damage.Unreadable)
            File.CreateSymbolicLink(path, path);
        else if (damage == Damage.Truncated)
            File.WriteAllBytes(path, sound.Content[..10]);
        else
            File.WriteAllBytes(path, [.. sound.Content.Select(static value => (byte)~value)]);
        return sound;
    }

    private static void GoOnline(StoreFixture fixture)
    {
        foreach (var plan in fixture.Plans)
            plan.Offline = false;
    }

    private static Task WaitAsync(StoreFixture fixture, long sequence, bool full) =>
        fixture.Store.WaitForUploadsAsync(sequence, full, TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);

    private static StoreFixture Make() => new(new Redundancy(2, 1), configure: static options => options with { DiskCacheLimit = 0, MemoryCacheLimit = 0 });

    private sealed record Sound(string Path, byte[] Content)
    {
        public void Restore()
        {
            File.Delete(Path);
            File.WriteAllBytes(Path, Content);
        }
    }
}
