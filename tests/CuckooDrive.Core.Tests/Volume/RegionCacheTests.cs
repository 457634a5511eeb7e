using CuckooDrive.Core.Metadata;
using CuckooDrive.Core.Volume;

namespace CuckooDrive.Core.Tests.Volume;

/// <summary>Where the data of large files lies is too much to be kept in memory.</summary>
public sealed class RegionCacheTests
{
    private const int Regions = 200;
    private const int Patience = 60_000;

    [Fact]
    public async Task WhatWasWrittenOfALargeFileIsForgottenAfterItsCommit()
    {
        await using var test = new TestVolume(new VolumeOptions { RegionCacheLimit = 50, CommitInterval = TimeSpan.FromHours(1) });
        var file = await MakeLargeAsync(test);
        Assert.True(await IsReadFromStoreAsync(test, file));
    }

    [Fact(Timeout = Patience)]
    public async Task WhatWasReadOfALargeFileIsForgottenWithoutACommit()
    {
        await using var test = new TestVolume(new VolumeOptions { RegionCacheLimit = 50, CommitInterval = TimeSpan.FromMilliseconds(10) });
        await MakeLargeAsync(test);
        await test.RemountAsync();
        var committed = test.Store.Sequence;
        var file = await test.FindAsync("file");
        for (var region = 0L; region < Regions; region++)
            Assert.Equal([(byte)region], await test.ReadAsync(file, region * Region.Size, 1));
        while (!await IsReadFromStoreAsync(test, file))
            await Task.Delay(5, TestContext.Current.CancellationToken);
        Assert.Equal(committed, test.Store.Sequence);
    }

    [Fact]
    public async Task AFileOfWhichAllIsKeptIsNotReadFromTheStore()
    {
        await using var test = new TestVolume();
        var file = await MakeLargeAsync(test);
        Assert.False(await IsReadFromStoreAsync(test, file));
    }

    private static async Task<ulong> MakeLargeAsync(TestVolume test)
    {
        var file = await test.MakeFileAsync("file");
        for (var region = 0L; region < Regions; region++)
            await test.WriteAsync(file, region * Region.Size, [(byte)region]);
        await test.SyncAsync();
        return file;
    }

    private static async Task<bool> IsReadFromStoreAsync(TestVolume test, ulong file)
    {
        var scanned = false;
        test.Store.Scanned = key => scanned |= key[0] == MetadataKey.TypeExtents;
        Assert.Equal([1], await test.ReadAsync(file, Region.Size, 1));
        test.Store.Scanned = null;
        return scanned;
    }
}
