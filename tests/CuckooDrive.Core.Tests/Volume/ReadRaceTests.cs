using CuckooDrive.Core.Chunks;
using CuckooDrive.Core.Volume;

namespace CuckooDrive.Core.Tests.Volume;

/// <summary>Reads of chunks that go away while they are being read.</summary>
public sealed class ReadRaceTests
{
    [Fact]
    public async Task AFileTruncatedDuringAReadIsReadAsItIsThen()
    {
        await using var test = new TestVolume();
        var inode = await test.MakeFileAsync("log");
        await test.WriteAsync(inode, 0, new byte[5000]);
        await test.SyncAsync();
        var truncated = false;
        test.Chunks.Hook = at =>
        {
            if (at != "read" || truncated)
                return;
            truncated = true;
            test.Volume.SetAttributesAsync(inode, new AttributeChange { Size = 0 }, default).AsTask().GetAwaiter().GetResult();
            test.SyncAsync().GetAwaiter().GetResult();
            throw new ChunkUnavailableException("The chunk's pack has been removed.");
        };
        // Not on the committer's thread, which goes on here after a sync.
        var read = Task.Run(() => test.ReadAsync(inode, 0, 5000), TestContext.Current.CancellationToken);
        Assert.Empty(await read.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken));
        Assert.True(truncated);
    }
}
