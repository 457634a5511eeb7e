using CuckooDrive.Core.Volume;

namespace CuckooDrive.Core.Tests.Volume;

public sealed class VolumeTests
{
    private static byte[] Pattern(int length, int seed)
    {
        var data = new byte[length];
        new Random(seed).NextBytes(data);
        return data;
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4096)]
    [InlineData(131_071)]
    [InlineData(131_072)]
    [InlineData(131_073)]
    [InlineData(3_000_000)]
    public async Task WhatWasWrittenIsReadDirtyAndCommittedAndAfterRemount(int length)
    {
        await using var test = new TestVolume();
        var inode = await test.MakeFileAsync("file");
        var data = Pattern(length, length);
        await test.WriteAsync(inode, 0, data);
        Assert.Equal(data, await test.ReadAsync(inode, 0, length + 10));
        await test.SyncAsync();
        Assert.Equal(data, await test.ReadAsync(inode, 0, length + 10));
        await test.RemountAsync();
        Assert.Equal(data, await test.ReadAsync(await test.FindAsync("file"), 0, length + 10));
        test.Check();
    }

    [Fact]
    public async Task CommittedStateSurvivesACrashAndLaterStateDoesNot()
    {
        await using var test = new TestVolume();
        var inode = await test.MakeFileAsync("kept");
        await test.WriteAsync(inode, 0, Pattern(200_000, 1));
        await test.SyncAsync();
        await test.MakeFileAsync("lost");
        await test.WriteAsync(inode, 100, Pattern(50_000, 2));
        await test.CrashAsync();
        Assert.Equal(Pattern(200_000, 1), await test.ReadAsync(await test.FindAsync("kept"), 0, 300_000));
        Assert.Equal(FsError.NotFound, (await test.Volume.LookupAsync(IFileSystem.RootInode, TestVolume.Name("lost"), default)).Error);
        test.Check();
    }

    [Fact]
    public async Task AFileOfManySmallExtentsIsReadBackAfterRemount()
    {
        await using var test = new TestVolume();
        var inode = await test.MakeFileAsync("random");
        var expected = new byte[4 << 20];
        var random = new Random(7);
        for (var i = 0; i < 600; i++)
        {
            var offset = random.Next(expected.Length - 5000);
            var data = Pattern(random.Next(1, 5000), i);
            data.CopyTo(expected, offset);
            await test.WriteAsync(inode, offset, data);
            if (i % 50 == 49)
                await test.SyncAsync();
        }
        await test.RemountAsync();
        inode = await test.FindAsync("random");
        var actual = await test.ReadAsync(inode, 0, expected.Length);
        Assert.Equal(expected[..actual.Length], actual);
        Assert.All(expected[actual.Length..], b => Assert.Equal(0, b));
        test.Check();
    }

    [Fact]
    public async Task ARemovedFileLeavesNoRowAndNoReference()
    {
        await using var test = new TestVolume();
        for (var i = 0; i < 20; i++)
        {
            var inode = await test.MakeFileAsync("file" + i);
            await test.WriteAsync(inode, 0, Pattern(i * 100_000 + 1, i));
            test.Volume.Forget(inode, 1);
        }
        await test.SyncAsync();
        await test.RemountAsync();
        for (var i = 0; i < 20; i++)
            Assert.Equal(FsError.None, await test.Volume.UnlinkAsync(IFileSystem.RootInode, TestVolume.Name("file" + i), default));
        await test.RemountAsync();
        test.Check();
        Assert.Empty(VolumeChecker.Run(test.Store).References);
        Assert.Equal(1, VolumeChecker.Run(test.Store).InodeCount);
    }

    [Fact]
    public async Task AnOpenUnlinkedFileIsUsableAndGoneAfterACrash()
    {
        await using var test = new TestVolume();
        var created = await test.Volume.CreateAsync(IFileSystem.RootInode, TestVolume.Name("gone"), 0x1A4, OpenOptions.Write | OpenOptions.Read, TestVolume.Root, default);
        var inode = created.Value.Entry.Attributes.Inode;
        await test.WriteAsync(inode, 0, Pattern(300_000, 3));
        await test.SyncAsync();
        Assert.Equal(FsError.None, await test.Volume.UnlinkAsync(IFileSystem.RootInode, TestVolume.Name("gone"), default));
        await test.SyncAsync();
        Assert.Equal(Pattern(300_000, 3), await test.ReadAsync(inode, 0, 300_000));
        await test.CrashAsync();
        await test.SyncAsync();
        test.Check();
        Assert.Empty(VolumeChecker.Run(test.Store).References);
    }

    [Fact]
    public async Task AFullStagingDiskIsReportedAndTheDataKept()
    {
        await using var test = new TestVolume();
        var inode = await test.MakeFileAsync("file");
        test.Chunks.IsFull = true;
        await test.WriteAsync(inode, 0, Pattern(200_000, 4));
        Assert.Equal(FsError.NoSpace, await test.Volume.SyncAsync(inode, false, default));
        Assert.Equal(Pattern(200_000, 4), await test.ReadAsync(inode, 0, 200_000));
        test.Chunks.IsFull = false;
        Assert.Equal(FsError.None, await test.Volume.SyncAsync(inode, false, default));
        await test.CrashAsync();
        Assert.Equal(Pattern(200_000, 4), await test.ReadAsync(await test.FindAsync("file"), 0, 200_000));
    }

    [Fact]
    public async Task AFailedCommitIsMadeUpForByTheNext()
    {
        await using var test = new TestVolume();
        var inode = await test.MakeFileAsync("file");
        await test.WriteAsync(inode, 0, Pattern(100, 5));
        test.Store.Hook = moment => throw new IOException(moment);
        Assert.Equal(FsError.Io, await test.Volume.SyncAsync(inode, false, default));
        test.Store.Hook = null;
        Assert.Equal(FsError.None, await test.Volume.SyncAsync(inode, false, default));
        await test.CrashAsync();
        Assert.Equal(Pattern(100, 5), await test.ReadAsync(await test.FindAsync("file"), 0, 100));
        test.Check();
    }

    [Fact]
    public async Task ASmallInodeCacheChangesNothing()
    {
        await using var test = new TestVolume(new VolumeOptions { InodeCacheLimit = 8, CommitInterval = TimeSpan.FromMilliseconds(5) });
        for (var i = 0; i < 300; i++)
        {
            var inode = await test.MakeFileAsync("file" + i);
            await test.WriteAsync(inode, 0, Pattern(i + 1, i));
            test.Volume.Forget(inode, (ulong)(i % 2));
        }
        await test.SyncAsync();
        for (var i = 299; i >= 0; i--)
            Assert.Equal(Pattern(i + 1, i), await test.ReadAsync(await test.FindAsync("file" + i), 0, 1000));
        test.Check();
    }
}
