using CuckooDrive.Core.Volume;
using CuckooDrive.Testing.Clouds;

namespace CuckooDrive.Core.Tests.Volume;

/// <summary>Who stores what fills cells: the workers, or the writer himself when they are behind.</summary>
public sealed class WriterFlushTests
{
    private const int Cell = 128 << 10;

    /// <summary>More than waits before writers help, less than the limit that stops them.</summary>
    private const int Cells = 64;

    [Fact]
    public async Task AWriterStoresWhatItBringsWhileTheWorkersAreBehind()
    {
        var (byWriter, content) = await WriteWithBlockedWorkersAsync(sinceLastFlush: TimeSpan.Zero);
        Assert.InRange(byWriter, 1, Cells - 1);
        Assert.Equal(Pattern(), content);
    }

    [Fact]
    public async Task AWriterWaitsForNoSlowDisk()
    {
        var (byWriter, content) = await WriteWithBlockedWorkersAsync(sinceLastFlush: TimeSpan.FromMilliseconds(100));
        Assert.Equal(0, byWriter);
        Assert.Equal(Pattern(), content);
    }

    private static async Task<(int ByWriter, byte[] Content)> WriteWithBlockedWorkersAsync(TimeSpan sinceLastFlush)
    {
        var time = new ManualTime();
        using var released = new ManualResetEventSlim();
        var byWriter = 0;
        await using var test = new TestVolume(new VolumeOptions { CommitInterval = TimeSpan.FromHours(1) }, time);
        var inode = await test.MakeFileAsync("file");
        await test.WriteAsync(inode, 0, new byte[Cell]);
        await test.SyncAsync();
        time.Advance(sinceLastFlush);
        test.Chunks.Hook = at =>
        {
            if (at != "append")
                return;
            if (Thread.CurrentThread.Name?.StartsWith("volume flush", StringComparison.Ordinal) == true)
                released.Wait();
            else
                Interlocked.Increment(ref byWriter);
        };
        var pattern = Pattern();
        try
        {
            for (var cell = 0; cell < Cells; cell++)
                await test.WriteAsync(inode, (long)cell * Cell, pattern[(cell * Cell)..((cell + 1) * Cell)]);
        }
        finally
        {
            test.Chunks.Hook = null;
            released.Set();
        }
        await test.SyncAsync();
        return (byWriter, await test.ReadAsync(inode, 0, Cells * Cell));
    }

    private static byte[] Pattern()
    {
        var bytes = new byte[Cells * Cell];
        new Random(7).NextBytes(bytes);
        return bytes;
    }
}
