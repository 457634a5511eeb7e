using CuckooDrive.Core.Metadata;
using CuckooDrive.Core.Volume;

namespace CuckooDrive.Core.Tests.Volume;

/// <summary>What a staging disk that takes no data does to everything else.</summary>
public sealed class FailedFlushTests
{
    private const int Cell = 128 << 10;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task ACopyOfDataThatCannotBeStoredFailsAndIsNotZeros()
    {
        await using var test = new TestVolume();
        var source = await test.MakeFileAsync("source");
        var target = await test.MakeFileAsync("target");
        await test.WriteAsync(source, 0, Pattern(5000));
        var (from, to) = (await OpenAsync(test, source), await OpenAsync(test, target));
        test.Chunks.IsFull = true;

        var copied = await test.Volume.CopyRangeAsync(source, from, 0, target, to, 0, 5000, default);
        Assert.Equal(FsError.NoSpace, copied.Error);
        Assert.Equal(FsError.NoSpace, (await test.Volume.SeekAsync(source, from, 0, data: true, default)).Error);

        test.Chunks.IsFull = false;
        Assert.Equal(5000, (await test.Volume.CopyRangeAsync(source, from, 0, target, to, 0, 5000, default)).Value);
        Assert.Equal(0, (await test.Volume.SeekAsync(source, from, 0, data: true, default)).Value);
        Assert.Equal(Pattern(5000), await test.ReadAsync(target, 0, 5000));
    }

    [Fact]
    public async Task WhatIsOverwrittenBeforeAFailedFlushGivesItsReservationBack()
    {
        await using var test = new TestVolume();
        var inode = await test.MakeFileAsync("file");
        test.Chunks.IsFull = true;
        for (var i = 0; i < 3; i++)
        {
            await test.WriteAsync(inode, 0, Pattern(5000));
            Assert.Equal(FsError.NoSpace, await test.Volume.SyncAsync(inode, false, default));
        }
        test.Chunks.IsFull = false;
        await test.SyncAsync();
        Assert.Equal(0, test.Chunks.ReservedBytes);
    }

    [Fact]
    public async Task WritersGoOnAfterFailedFlushesOfDataThatWasCutMeanwhile()
    {
        await using var test = new TestVolume(new VolumeOptions { DirtyLimit = 4 * Cell, CommitInterval = TimeSpan.FromHours(1) });
        var inode = await test.MakeFileAsync("file");
        test.Chunks.Hook = at =>
        {
            if (at != "append")
                return;
            test.Volume.SetAttributesAsync(inode, new AttributeChange { Size = 0 }, default).AsTask().GetAwaiter().GetResult();
            throw new IOException("The disk is full.", 28);
        };
        for (var i = 0; i < 8; i++)
        {
            await test.WriteAsync(inode, 0, Pattern(Cell)).WaitAsync(Patience, TestContext.Current.CancellationToken);
            await test.Volume.SyncAsync(inode, false, default);
        }
        test.Chunks.Hook = null;
        await test.WriteAsync(inode, 0, Pattern(100)).WaitAsync(Patience, TestContext.Current.CancellationToken);
        await test.SyncAsync();
        Assert.Equal(0, test.Chunks.ReservedBytes);
    }

    /// <summary>The kernel's writes have no caller that a signal could free: who waits for them, would do so for ever.</summary>
    [Fact]
    public async Task WritersBeyondTheLimitAreRefusedWhileNothingCanBeStored()
    {
        await using var test = new TestVolume(Options(TimeSpan.Zero));
        var inode = await test.MakeFileAsync("file");
        var handle = await OpenAsync(test, inode);
        test.Chunks.IsFull = true;
        var answers = new List<FsError>();
        for (var i = 0L; i < 8; i++)
            answers.Add((await WriteCellAsync(test, inode, handle, i).WaitAsync(Patience, TestContext.Current.CancellationToken)).Error);
        Assert.Equal(FsError.None, answers[0]);
        Assert.Equal(FsError.NoSpace, answers[^1]);

        test.Chunks.IsFull = false;
        Assert.Equal(Cell, (await WriteCellAsync(test, inode, handle, 8).WaitAsync(Patience, TestContext.Current.CancellationToken)).Value);
        Assert.Equal(FsError.NoSpace, await test.Volume.SyncAsync(inode, false, default));
        Assert.Equal(FsError.None, await test.Volume.SyncAsync(inode, false, default));
        Assert.Equal(0, test.Chunks.ReservedBytes);
        Assert.Equal(Pattern(Cell), await test.ReadAsync(inode, 8 * (long)Cell, Cell));
        test.Volume.Release(inode, handle);
    }

    [Fact]
    public async Task WritersBeyondTheLimitWaitForAStagingDiskThatIsFullForAMoment()
    {
        await using var test = new TestVolume(Options(Patience));
        var inode = await test.MakeFileAsync("file");
        var handle = await OpenAsync(test, inode);
        test.Chunks.IsFull = true;
        var writing = Task.Run(async () =>
        {
            for (var i = 0L; i < 8; i++)
                Assert.Equal(Cell, (await WriteCellAsync(test, inode, handle, i)).Value);
        });
        // Many more failures than there are cells: some were of flushes that a waiting writer has asked for.
        var attempts = 0;
        var enough = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        test.Chunks.Hook = at =>
        {
            if (at == "append" && Interlocked.Increment(ref attempts) == 40)
                enough.SetResult();
        };
        await enough.Task.WaitAsync(Patience, TestContext.Current.CancellationToken);
        Assert.False(writing.IsCompleted);
        test.Chunks.IsFull = false;
        await writing.WaitAsync(Patience, TestContext.Current.CancellationToken);
        test.Volume.Release(inode, handle);
    }

    [Fact]
    public async Task AWriteThatCannotReadTheFilesCapabilitiesGivesItsReservationBack()
    {
        await using var test = new TestVolume();
        var inode = await test.MakeFileAsync("file");
        Assert.Equal(FsError.None, await test.Volume.SetExtendedAttributeAsync(inode, TestVolume.Name("user.x"), new byte[] { 1 }, ExtendedAttributeOptions.None, default));
        await test.RemountAsync();
        var handle = await OpenAsync(test, inode);
        test.Store.Scanned = static key =>
        {
            if (key[0] == MetadataKey.TypeExtendedAttribute)
                throw new IOException("The disk cannot be read.");
        };
        await Assert.ThrowsAsync<IOException>(() => test.Volume.WriteAsync(inode, handle, 0, Pattern(100), WriteOptions.DropPrivileges, default).AsTask());
        test.Store.Scanned = null;
        Assert.Equal(0, test.Chunks.ReservedBytes);
        test.Volume.Release(inode, handle);
    }

    [Fact]
    public async Task AnUnmountThatLosesDataSaysSoAndEnds()
    {
        var test = new TestVolume();
        foreach (var name in new[] { "one", "two", "three" })
            await test.WriteAsync(await test.MakeFileAsync(name), 0, Pattern(5000));
        test.Chunks.IsFull = true;
        var exception = await Assert.ThrowsAsync<IOException>(() => test.Volume.DisposeAsync().AsTask().WaitAsync(Patience, TestContext.Current.CancellationToken));
        Assert.Contains("3 files", exception.Message);
    }

    private static VolumeOptions Options(TimeSpan patience) => new() { DirtyLimit = 4 * Cell, CommitInterval = TimeSpan.FromHours(1), WritePatience = patience };

    private static Task<FsResult<int>> WriteCellAsync(TestVolume test, ulong inode, ulong handle, long number) =>
        test.Volume.WriteAsync(inode, handle, number * Cell, Pattern(Cell), WriteOptions.None, default).AsTask();

    private static async Task<ulong> OpenAsync(TestVolume test, ulong inode) =>
        (await test.Volume.OpenAsync(inode, OpenOptions.Read | OpenOptions.Write, default)).Value.Handle;

    private static byte[] Pattern(int length) => [.. Enumerable.Range(0, length).Select(i => (byte)(i * 7 + 1))];
}
