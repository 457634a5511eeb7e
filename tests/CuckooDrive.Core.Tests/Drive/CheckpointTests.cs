using System.Text;
using CuckooDrive.Core.Chunks;
using CuckooDrive.Core.Drives;
using CuckooDrive.Core.Metadata;
using CuckooDrive.Core.Volume;
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
        await drive.FlushAsync();
        // A cloud removes the old ones after it has confirmed the new.
        await DriveFixture.WhileAsync(() => !fixture.Objects(0, "root/").SequenceEqual(["root/0000000000000001-0000000000000002"]));
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

    [Fact]
    public async Task ACheckpointNamesNoPageThatIsLost()
    {
        await using var fixture = new DriveFixture();
        await fixture.CreateAsync();
        await using (var drive = await fixture.OpenAsync())
        {
            await DriveFixture.WriteAsync(drive, "a", DriveFixture.Content(1, 1000));
            // Enough for pages that the next checkpoint could take from this one.
            for (var i = 0; i < 20; i++)
            {
                Assert.Equal(FsError.None, await drive.FileSystem.SetExtendedAttributeAsync(
                    IFileSystem.RootInode, Encoding.UTF8.GetBytes($"user.{i}"), DriveFixture.Content(i, 60_000), ExtendedAttributeOptions.None, default));
            }
            await drive.CheckpointAsync().WaitAsync(TimeSpan.FromMinutes(1));
            await drive.FlushAsync().WaitAsync(TimeSpan.FromMinutes(1));
        }
        // Every shard there is, of the checkpoint's pages too, is gone at the clouds, which is known; and here.
        foreach (var cloud in Enumerable.Range(0, 4))
        {
            foreach (var name in fixture.Objects(cloud, "shard/"))
                File.Delete(fixture.PathOf(cloud, name));
        }
        fixture.EditStore(MarkMissing);
        foreach (var file in Directory.GetFiles(Path.Combine(fixture.StatePath, "cache")))
            File.Delete(file);
        await using (var drive = await fixture.OpenAsync())
        {
            await DriveFixture.WriteAsync(drive, "b", DriveFixture.Content(2, 1000));
            await DriveFixture.WhileAsync(() => drive.GetStatus().Protection != DriveProtection.Damaged);
            await drive.CheckpointAsync().WaitAsync(TimeSpan.FromMinutes(1));
        }
        fixture.LoseState();
        await fixture.AttachAsync();
        await using var second = await fixture.OpenAsync();
        Assert.Equal(DriveFixture.Content(2, 1000), await DriveFixture.ReadAsync(second, "b"));
    }

    private static void MarkMissing(SqliteMetadataStore store)
    {
        var batch = new MetadataBatch();
        store.Scan([MetadataKey.TypePack], [MetadataKey.TypePack + 1], (key, value) =>
        {
            var pack = PackCodec.Decode(0, value);
            foreach (ref var shard in pack.Shards.AsSpan())
                shard.State = ShardState.Missing;
            batch.Put(key, PackCodec.Encode(pack, new byte[PackCodec.MaximumLength]));
            return true;
        });
        store.Commit(batch, durable: true);
    }
}
