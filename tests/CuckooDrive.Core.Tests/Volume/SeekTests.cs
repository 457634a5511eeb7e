using CuckooDrive.Core.Volume;

namespace CuckooDrive.Core.Tests.Volume;

/// <summary>Looking for data and holes in a file whose extents are loaded on demand.</summary>
public sealed class SeekTests
{
    private const long Size = 100L << 20;

    [Fact]
    public async Task BehindTheLastDataThereIsNoneAlsoWhenTheBeginningIsInMemory()
    {
        await using var test = new TestVolume();
        var inode = await test.MakeFileAsync("sparse");
        // Enough extents for rows of their own, so that the map is not in the inode's record.
        for (var i = 0; i < 20; i++)
            await test.WriteAsync(inode, i * 8192, [1, 2, 3]);
        await test.Volume.SetAttributesAsync(inode, new AttributeChange { Size = Size }, default);
        await test.SyncAsync();
        await test.RemountAsync();

        inode = await test.FindAsync("sparse");
        var handle = (await test.Volume.OpenAsync(inode, OpenOptions.Read, default)).Value.Handle;
        Assert.Equal([1, 2, 3], await test.ReadAsync(inode, 0, 3));
        foreach (var offset in new[] { 1L << 20, 50L << 20, Size - 1 })
            Assert.Equal(FsError.NoDevice, (await SeekDataAsync(test, inode, handle, offset)).Error);
        Assert.Equal(19 * 8192, (await SeekDataAsync(test, inode, handle, 18 * 8192 + 3)).Value);
    }

    private static Task<FsResult<long>> SeekDataAsync(TestVolume test, ulong inode, ulong handle, long offset) =>
        test.Volume.SeekAsync(inode, handle, offset, data: true, default).AsTask().WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
}
