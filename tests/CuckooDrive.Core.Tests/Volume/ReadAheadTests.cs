using CuckooDrive.Core.Volume;

namespace CuckooDrive.Core.Tests.Volume;

/// <summary>What is fetched ahead of a reader on a volume that has just been mounted, with nothing of the file in memory.</summary>
public sealed class ReadAheadTests
{
    private const int Block = 1 << 20;
    private const int Blocks = 24;
    private const int Patience = 60_000;
    private const int ChunksInBlock = Block / (128 << 10);

    [Fact(Timeout = Patience)]
    public async Task AColdFileIsFetchedAheadOfASequentialReader()
    {
        await using var test = await WithColdFileAsync();
        await ReadAsync(test, 0, 1, 2);
        await WaitForAsync(test, 15 * ChunksInBlock);
        var prefetched = test.Chunks.Prefetched;
        Assert.Equal(prefetched.Distinct(), prefetched);
    }

    [Fact(Timeout = Patience)]
    public async Task RequestsThatOvertakeEachOtherAreOfOneReader()
    {
        await using var test = await WithColdFileAsync();
        await ReadAsync(test, 1, 0, 3, 2, 5, 4);
        await WaitForAsync(test, 15 * ChunksInBlock);
        var prefetched = test.Chunks.Prefetched;
        Assert.Equal(prefetched.Distinct(), prefetched);
    }

    [Fact(Timeout = Patience)]
    public async Task WhatTheStoreDoesNotTakeIsOfferedAgain()
    {
        await using var test = await WithColdFileAsync();
        // First without a sequence, so that nothing is loaded beside the reader: a task that is late would offer chunks twice.
        for (var block = 0; block < Blocks; block++)
            await test.ReadAsync(await test.FindAsync("file"), (long)block * Block, 1);
        test.Chunks.PrefetchRoom = 0;
        await ReadAsync(test, [.. Enumerable.Range(0, Blocks)]);
        Assert.Empty(test.Chunks.Prefetched);
        test.Chunks.PrefetchRoom = 3;
        await ReadAsync(test, [.. Enumerable.Range(0, Blocks)]);
        var prefetched = test.Chunks.Prefetched;
        Assert.Equal(prefetched.Distinct(), prefetched);
        Assert.Equal(3 * (Blocks - 1), prefetched.Count);
    }

    [Fact]
    public async Task AReaderWhoJumpsGetsNothingAhead()
    {
        await using var test = await WithColdFileAsync();
        await ReadAsync(test, 12, 3, 20, 9);
        Assert.Empty(test.Chunks.Prefetched);
    }

    [Fact]
    public async Task ALookAtTheBeginningFetchesNothingMore()
    {
        await using var test = await WithColdFileAsync();
        await test.ReadAsync(await test.FindAsync("file"), 0, 16 << 10);
        Assert.Empty(test.Chunks.Prefetched);
    }

    private static async Task<TestVolume> WithColdFileAsync()
    {
        var test = new TestVolume();
        var inode = await test.MakeFileAsync("file");
        var data = new byte[Blocks * Block];
        new Random(1).NextBytes(data);
        await test.WriteAsync(inode, 0, data);
        await test.SyncAsync();
        await test.RemountAsync();
        return test;
    }

    private static async Task ReadAsync(TestVolume test, params int[] blocks)
    {
        var inode = await test.FindAsync("file");
        var handle = (await test.Volume.OpenAsync(inode, OpenOptions.Read, default)).Value.Handle;
        foreach (var block in blocks)
            Assert.Equal(Block, (await test.Volume.ReadAsync(inode, handle, (long)block * Block, new byte[Block], default)).Value);
        test.Volume.Release(inode, handle);
    }

    private static async Task WaitForAsync(TestVolume test, int chunks)
    {
        while (test.Chunks.Prefetched.Count < chunks)
            await Task.Delay(10, TestContext.Current.CancellationToken);
    }
}
