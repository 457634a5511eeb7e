using CuckooDrive.Core.Volume;

namespace CuckooDrive.Core.Tests.Volume;

/// <summary>What a staging disk that takes no data does to everything else.</summary>
public sealed class FailedFlushTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

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
        const int Cell = 128 << 10;
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

    private static byte[] Pattern(int length) => [.. Enumerable.Range(0, length).Select(i => (byte)(i * 7 + 1))];
}
