using CuckooDrive.Core.Placement;
using CuckooDrive.Testing.Host;
using Xunit;

namespace CuckooDrive.Core.Tests.Chunks;

/// <summary>A staging disk that cannot make something durable for a moment.</summary>
public sealed class FailedSyncTests
{
    [Fact]
    public async Task What_could_not_be_synced_for_a_moment_is_synced_by_the_next_commit()
    {
        await using var fixture = new StoreFixture(new Redundancy(2, 1));
        var plain = StoreFixture.Random(60_000);
        var chunk = fixture.Add(plain);
        Directory.Move(fixture.Staging, fixture.Staging + ".away");
        Assert.ThrowsAny<IOException>(() => fixture.Commit());
        Assert.NotNull(fixture.Store.Failure);
        Directory.Move(fixture.Staging + ".away", fixture.Staging);
        fixture.Commit();
        Assert.Null(fixture.Store.Failure);
        await fixture.ReopenAsync();
        Assert.Equal(plain, await fixture.ReadAsync(chunk, plain.Length));
    }

    [Fact]
    public async Task What_a_failed_fsync_has_dropped_is_written_once_more()
    {
        await using var disk = await ThinDisk.MountAsync();
        await using var fixture = new StoreFixture(new Redundancy(2, 1), configure: options => options with
        {
            StagingDirectory = disk.Folder("staging"),
            DiskCacheLimit = 0,
            MemoryCacheLimit = 0,
        });
        foreach (var plan in fixture.Plans)
            plan.Offline = true;
        List<byte[]> plain = [.. Enumerable.Range(0, 40).Select(static _ => StoreFixture.Random(60_000))];
        var chunks = plain[..10].ConvertAll(bytes => fixture.Add(bytes));
        fixture.Commit();
        disk.Fill();
        chunks.AddRange(plain[10..].ConvertAll(bytes => fixture.Add(bytes)));
        // The second time the system says that all is well, with nothing of it on the disk.
        for (var tries = 0; tries < 3; tries++)
            Assert.ThrowsAny<IOException>(() => fixture.Commit());
        Assert.NotNull(fixture.Store.Failure);
        disk.MakeRoom();
        fixture.Commit();
        Assert.Null(fixture.Store.Failure);
        await fixture.Store.DisposeAsync();
        await disk.ForgetCacheAsync();
        await fixture.ReopenAsync();
        for (var i = 0; i < chunks.Count; i++)
            Assert.Equal(plain[i], await fixture.ReadAsync(chunks[i], plain[i].Length));
    }

    /// <summary>XFS on a device that has less room than it says.</summary>
    private sealed class ThinDisk(string root) : IAsyncDisposable
    {
        private string Image => Path.Combine(root, "real", "image");

        private string Ballast => Path.Combine(root, "real", "ballast");

        private string MountPoint => Path.Combine(root, "thin");

        public static async Task<ThinDisk> MountAsync()
        {
            Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess && File.Exists("/usr/sbin/mkfs.xfs") && File.Exists("/dev/loop-control"),
                "needs root, loop devices and mkfs.xfs");
            var disk = new ThinDisk(Directory.CreateTempSubdirectory("cuckoo-thin-").FullName);
            Directory.CreateDirectory(disk.MountPoint);
            var real = Directory.CreateDirectory(Path.Combine(disk.MountPoint, "..", "real")).FullName;
            (await CuckooProcess.ToolAsync("mount", "-t", "tmpfs", "-o", "size=100m", "tmpfs", real)).MustSucceed();
            try
            {
                await using (var image = File.Create(disk.Image))
                    image.SetLength(400 << 20);
                (await CuckooProcess.ToolAsync("mkfs.xfs", "-q", disk.Image)).MustSucceed();
                var mounted = await CuckooProcess.ToolAsync("mount", "-o", "loop", disk.Image, disk.MountPoint);
                Assert.SkipUnless(mounted.ExitStatus == 0, $"no XFS on a loop device here: {mounted.Error}");
                return disk;
            }
            catch
            {
                await disk.DisposeAsync();
                throw;
            }
        }

        public string Folder(string name) => Path.Combine(MountPoint, name);

        public void Fill()
        {
            using var ballast = File.Create(Ballast);
            var block = new byte[4096];
            try
            {
                while (true)
                {
                    ballast.Write(block);
                    ballast.Flush();
                }
            }
            catch (IOException)
            {
                // Full.
            }
        }

        public void MakeRoom() => File.Delete(Ballast);

        public async Task ForgetCacheAsync()
        {
            (await CuckooProcess.ToolAsync("umount", MountPoint)).MustSucceed();
            (await CuckooProcess.ToolAsync("mount", "-o", "loop", Image, MountPoint)).MustSucceed();
        }

        public async ValueTask DisposeAsync()
        {
            MakeRoom();
            await CuckooProcess.ToolAsync("umount", MountPoint);
            (await CuckooProcess.ToolAsync("umount", "-l", Path.Combine(root, "real"))).MustSucceed();
            Directory.Delete(root, recursive: true);
        }
    }
}
