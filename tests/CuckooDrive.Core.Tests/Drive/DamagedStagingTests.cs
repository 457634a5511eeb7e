using System.Text;
using CuckooDrive.Core.Drives;
using CuckooDrive.Core.Volume;
using CuckooDrive.Format;
using Xunit;

namespace CuckooDrive.Core.Tests.Drives;

/// <summary>A drive part of whose staged data cannot be read any more, before the clouds had it.</summary>
public sealed class DamagedStagingTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    /// <summary>The lost file: three chunks of one size, for workers append them side by side, in no order.</summary>
    private const int LostBytes = 3 * ChunkBytes;
    private const int ChunkBytes = 128 << 10;

    [Fact]
    public async Task FlushTellsWhatIsLostAndAllElseReachesTheClouds()
    {
        await using var fixture = new DriveFixture();
        var damaged = await LoseAsync(fixture);
        var later = DriveFixture.Content(2, 200_000);
        await using (var drive = await fixture.OpenAsync())
        {
            await DriveFixture.WriteAsync(drive, "later", later);
            var error = await Assert.ThrowsAsync<DriveException>(() => drive.FlushAsync().WaitAsync(Patience));
            Assert.Equal(DriveErrorKind.Damaged, error.Kind);
            Assert.StartsWith($"1 file has {LostBytes} bytes ", error.Message, StringComparison.Ordinal);
            var status = drive.GetStatus();
            Assert.Equal(DriveProtection.Damaged, status.Protection);
            Assert.Contains(status.Warnings, static warning => warning.Contains("'cuckoo doctor' names the files", StringComparison.Ordinal));
            Assert.Equal((FileProtection.Damaged, FileProtection.Protected), (await drive.GetProtectionAsync("dir/lost"), await drive.GetProtectionAsync("later")));
            Assert.Equal(FsError.Io, await ReadErrorAsync(drive));
            Assert.Contains((await drive.CheckAsync(thorough: false)).Findings, static finding => finding.Message.StartsWith("'dir/lost' has data", StringComparison.Ordinal));
        }

        // The machine is lost as well: the clouds know of everything, and lack what was lost before.
        damaged.MoveAway();
        fixture.State = "second";
        await fixture.AttachAsync();
        await using (var drive = await fixture.OpenAsync())
        {
            Assert.Equal(later, await DriveFixture.ReadAsync(drive, "later"));
            Assert.Equal(FsError.Io, await ReadErrorAsync(drive));
            await DriveFixture.WriteAsync(drive, "more", later);
            var error = await Assert.ThrowsAsync<DriveException>(() => drive.FlushAsync().WaitAsync(Patience));
            Assert.Equal(DriveErrorKind.Damaged, error.Kind);
            await RemoveAsync(drive);
            await drive.FlushAsync().WaitAsync(Patience);
            await drive.CheckpointAsync().WaitAsync(Patience);
            await FlushUntilProtectedAsync(drive);
            Assert.Empty(drive.GetStatus().Warnings);
        }
    }

    /// <summary>Nobody is to delete a photograph that can be read.</summary>
    [Fact]
    public async Task WhatOnlyLiesBesideIsToldApart()
    {
        await using var fixture = new DriveFixture();
        var damaged = await LoseAsync(fixture, beside: true);
        damaged.Repair();
        // The chunk that lies first, and the parity, which would help.
        damaged.Flip(100, (3 * PackLayout.ShardCapacity) + 100);
        var beside = DriveFixture.Content(4, 1000);
        await using var drive = await fixture.OpenAsync();
        var error = await Assert.ThrowsAsync<DriveException>(() => drive.FlushAsync().WaitAsync(Patience));
        Assert.StartsWith($"1 file has {ChunkBytes} bytes ", error.Message, StringComparison.Ordinal);
        Assert.Contains(" 1 file can be read, but only from that disk", error.Message, StringComparison.Ordinal);
        Assert.Equal(beside, await DriveFixture.ReadAsync(drive, "beside"));
        var findings = (await drive.CheckAsync(thorough: false)).Findings;
        Assert.Contains(findings, static finding => finding.Message.StartsWith("'dir/lost' has data", StringComparison.Ordinal));
        Assert.Contains(findings, static finding => finding.Message.StartsWith("'beside' can be read", StringComparison.Ordinal));
        await RemoveAsync(drive);
        await FlushUntilProtectedAsync(drive);
    }

    [Fact]
    public async Task AllIsWellAfterTheFileIsRemoved()
    {
        await using var fixture = new DriveFixture();
        await LoseAsync(fixture);
        await using var drive = await fixture.OpenAsync();
        await Assert.ThrowsAsync<DriveException>(() => drive.FlushAsync().WaitAsync(Patience));
        await RemoveAsync(drive);
        await FlushUntilProtectedAsync(drive);
        DriveFixture.AssertHealthy(await drive.CheckAsync(thorough: true));
    }

    [Fact]
    public async Task WhatCanBeReadAgainAfterARestartIsUploaded()
    {
        await using var fixture = new DriveFixture();
        var damaged = await LoseAsync(fixture);
        await using (var drive = await fixture.OpenAsync())
        {
            await Assert.ThrowsAsync<DriveException>(() => drive.FlushAsync().WaitAsync(Patience));
            await drive.CheckpointAsync().WaitAsync(Patience);
        }
        damaged.Repair();
        await using (var drive = await fixture.OpenAsync())
        {
            await drive.FlushAsync().WaitAsync(Patience);
            Assert.Equal(DriveProtection.Protected, drive.GetStatus().Protection);
        }
        fixture.LoseState();
        await fixture.AttachAsync();
        await using var second = await fixture.OpenAsync();
        await FlushUntilProtectedAsync(second);
        Assert.Equal(FsError.None, await ReadErrorAsync(second));
    }

    [Fact]
    public async Task ACloudDurableFsyncFailsForAFileThatIsLost()
    {
        await using var fixture = new DriveFixture();
        await LoseAsync(fixture);
        fixture.OpenOptions = fixture.OpenOptions with { Durability = Durability.Cloud };
        await using var drive = await fixture.OpenAsync();
        await DriveFixture.WriteAsync(drive, "sound", DriveFixture.Content(3, 1000)).WaitAsync(Patience);
        await DriveFixture.WhileAsync(() => drive.GetStatus().Protection != DriveProtection.Damaged);
        var inode = await FindAsync(drive);
        Assert.Equal(FsError.Io, await drive.FileSystem.SyncAsync(inode, false, default).AsTask().WaitAsync(Patience));
        drive.FileSystem.Forget(inode, 1);
    }

    // What has become of packs that died is recorded, and told to the clouds, after the flush that reported their death.
    private static async Task FlushUntilProtectedAsync(Drive drive)
    {
        for (var tries = 0; drive.GetStatus().Protection != DriveProtection.Protected; tries++)
        {
            Assert.True(tries < 600);
            await drive.FlushAsync().WaitAsync(Patience);
            await Task.Delay(20);
        }
    }

    /// <summary>A closed drive that holds a file whose only copy is damaged.</summary>
    private static async Task<Damaged> LoseAsync(DriveFixture fixture, bool beside = false)
    {
        await fixture.CreateAsync();
        await using (var drive = await fixture.OpenAsync())
            await drive.FlushAsync().WaitAsync(Patience);
        fixture.SetOffline(true);
        await using (var drive = await fixture.OpenAsync())
        {
            await DriveFixture.MakeDirectoryAsync(drive, "dir");
            await DriveFixture.WriteAsync(drive, "lost", DriveFixture.Content(1, LostBytes));
            if (beside)
                await DriveFixture.WriteAsync(drive, "beside", DriveFixture.Content(4, 1000));
            Assert.Equal(FsError.None, await drive.FileSystem.RenameAsync(
                IFileSystem.RootInode, "lost"u8.ToArray(), await FindAsync(drive, "dir"), "lost"u8.ToArray(), RenameOptions.None, default));
            await SealWithParityAsync(fixture, drive);
        }
        fixture.SetOffline(false);
        var damaged = new Damaged(Directory.GetFiles(Path.Combine(fixture.StatePath, "staging")).Single());
        damaged.MoveAway();
        File.CreateSymbolicLink(damaged.Path, damaged.Path);
        return damaged;
    }

    // A flush seals the pack first, and then waits for the clouds, in vain.
    private static async Task SealWithParityAsync(DriveFixture fixture, Drive drive)
    {
        using var enough = new CancellationTokenSource();
        var flush = drive.FlushAsync(null, enough.Token);
        var staging = new DirectoryInfo(Path.Combine(fixture.StatePath, "staging"));
        await DriveFixture.WhileAsync(() => staging.GetFiles().Single().Length <= 3 * PackLayout.ShardCapacity);
        await enough.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => flush);
    }

    private static async Task<ulong> FindAsync(Drive drive, string? name = null)
    {
        if (name is null)
        {
            var folder = await FindAsync(drive, "dir");
            var lost = await drive.FileSystem.LookupAsync(folder, "lost"u8.ToArray(), default);
            drive.FileSystem.Forget(folder, 1);
            Assert.Equal(FsError.None, lost.Error);
            return lost.Value.Attributes.Inode;
        }
        var found = await drive.FileSystem.LookupAsync(IFileSystem.RootInode, Encoding.UTF8.GetBytes(name), default);
        Assert.Equal(FsError.None, found.Error);
        return found.Value.Attributes.Inode;
    }

    private static async Task<FsError> ReadErrorAsync(Drive drive, string? name = null)
    {
        var inode = await FindAsync(drive, name);
        var opened = await drive.FileSystem.OpenAsync(inode, Core.Volume.OpenOptions.Read, default);
        var read = await drive.FileSystem.ReadAsync(inode, opened.Value.Handle, 0, new byte[1000], default).AsTask().WaitAsync(Patience);
        drive.FileSystem.Release(inode, opened.Value.Handle);
        drive.FileSystem.Forget(inode, 1);
        return read.Error;
    }

    private static async Task RemoveAsync(Drive drive)
    {
        var folder = await FindAsync(drive, "dir");
        Assert.Equal(FsError.None, await drive.FileSystem.UnlinkAsync(folder, "lost"u8.ToArray(), default));
        drive.FileSystem.Forget(folder, 1);
    }

    private sealed class Damaged(string path)
    {
        private readonly byte[] _content = File.ReadAllBytes(path);

        public string Path => path;

        public void MoveAway() => File.Delete(path);

        public void Flip(params int[] places)
        {
            var content = File.ReadAllBytes(path);
            foreach (var place in places)
                content[place] ^= 1;
            File.WriteAllBytes(path, content);
        }

        public void Repair()
        {
            File.Delete(path);
            File.WriteAllBytes(path, _content);
        }
    }
}
