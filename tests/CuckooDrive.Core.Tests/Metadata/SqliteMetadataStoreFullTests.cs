using System.Security.Cryptography;
using CuckooDrive.Core.Metadata;
using CuckooDrive.Format;
using CuckooDrive.Testing.Host;

namespace CuckooDrive.Core.Tests.Metadata;

/// <summary>A disk that is really full under the metadata store: a small tmpfs, which only root can mount.</summary>
public sealed class SqliteMetadataStoreFullTests
{
    private const int NoSpaceErrno = 28;

    [Theory]
    [InlineData(100)]
    [InlineData(20_000)]
    public async Task A_full_disk_refuses_commits_keeps_the_earlier_ones_and_takes_more_when_there_is_room(int valueLength)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "needs root to mount a tmpfs");
        var disk = Directory.CreateTempSubdirectory("cuckoo-full-").FullName;
        (await CuckooProcess.ToolAsync("mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", disk)).MustSucceed();
        try
        {
            var ballast = Path.Combine(disk, "ballast");
            File.WriteAllBytes(ballast, new byte[2 << 20]);
            using var keys = DriveKeys.FromMaster(new byte[32], SHA256.HashData("drive"u8)[..16]);
            var path = Path.Combine(disk, "store");
            var committed = new List<byte[]>();
            using (var store = SqliteMetadataStore.Create(path, keys))
            {
                Assert.Equal(NoSpaceErrno, Fill(store, committed, valueLength).HResult);
                for (var tries = 0; tries < 5; tries++)
                    Assert.Throws<MetadataStoreFullException>(() => Commit(store, 1_000_000, valueLength));
                Assert.Null(store.Failure);
                Check(store, committed);
                File.Delete(ballast);
                committed.Add(Commit(store, committed.Count, valueLength));
                Check(store, committed);
                Assert.Equal(NoSpaceErrno, Fill(store, committed, valueLength).HResult);
            }
            using (var store = SqliteMetadataStore.Open(path, keys))
            {
                Check(store, committed);
                Assert.Empty(store.CheckIntegrity());
            }
        }
        finally
        {
            (await CuckooProcess.ToolAsync("umount", "-l", disk)).MustSucceed();
            Directory.Delete(disk);
        }
    }

    private static MetadataStoreFullException Fill(SqliteMetadataStore store, List<byte[]> committed, int valueLength)
    {
        while (true)
        {
            try
            {
                committed.Add(Commit(store, committed.Count, valueLength));
            }
            catch (MetadataStoreFullException exception)
            {
                return exception;
            }
        }
    }

    private static byte[] Commit(SqliteMetadataStore store, int number, int valueLength)
    {
        var value = RandomNumberGenerator.GetBytes(valueLength);
        var batch = new MetadataBatch();
        batch.Put(BitConverter.GetBytes(number), value);
        store.Commit(batch, durable: true);
        return value;
    }

    private static void Check(SqliteMetadataStore store, List<byte[]> committed)
    {
        for (var number = 0; number < committed.Count; number++)
            Assert.Equal(committed[number], store.Get(BitConverter.GetBytes(number)));
        Assert.Null(store.Get(BitConverter.GetBytes(1_000_000)));
    }
}
