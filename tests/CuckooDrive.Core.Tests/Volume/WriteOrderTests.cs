using CuckooDrive.Core.Volume;

namespace CuckooDrive.Core.Tests.Volume;

/// <summary>The kernel writes its cached pages back in any order: a crash in between leaves a file shorter, never zeros in it.</summary>
public sealed class WriteOrderTests
{
    private const int Part = 200_000;

    [Fact]
    public async Task What_comes_before_its_predecessor_is_not_recorded_without_it()
    {
        await using var test = new TestVolume();
        var inode = await test.MakeFileAsync("a");
        await WriteAsync(test, inode, 0, 1);
        await WriteAsync(test, inode, 2, 3);
        await WriteAsync(test, inode, 4, 5);
        await test.SyncAsync();
        Assert.Equal(5 * Part, await SizeAsync(test, "a"));
        await test.CrashAsync();
        Assert.Equal(Part, await SizeAsync(test, "a"));
        Assert.Equal(Content(1), await test.ReadAsync(await test.FindAsync("a"), 0, Part));
        test.Check();
    }

    [Fact]
    public async Task With_the_predecessor_everything_is_recorded()
    {
        await using var test = new TestVolume();
        var inode = await test.MakeFileAsync("a");
        await WriteAsync(test, inode, 1, 2);
        await test.SyncAsync();
        await WriteAsync(test, inode, 0, 1);
        await test.SyncAsync();
        await test.CrashAsync();
        Assert.Equal(Content(1).Concat(Content(2)), await test.ReadAsync(await test.FindAsync("a"), 0, 2 * Part));
        test.Check();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_hole_is_a_hole_once_the_file_is_synced_or_closed(bool close)
    {
        await using var test = new TestVolume();
        var inode = await test.MakeFileAsync("a");
        var handle = await WriteAsync(test, inode, 1, 2);
        await test.SyncAsync();
        if (close)
        {
            test.Volume.Release(inode, handle);
            await test.SyncAsync();
        }
        else
            Assert.Equal(FsError.None, await test.Volume.SyncAsync(inode, false, default));
        await test.CrashAsync();
        Assert.Equal(Content(0).Concat(Content(2)), await test.ReadAsync(await test.FindAsync("a"), 0, 2 * Part));
        test.Check();
    }

    [Fact]
    public async Task A_file_that_is_cut_waits_for_nothing_behind_its_end()
    {
        await using var test = new TestVolume();
        var inode = await test.MakeFileAsync("a");
        await WriteAsync(test, inode, 1, 2);
        await test.Volume.SetAttributesAsync(inode, new AttributeChange { Size = 0 }, default);
        await WriteAsync(test, inode, 0, 1);
        await test.SyncAsync();
        await test.CrashAsync();
        Assert.Equal(Part, await SizeAsync(test, "a"));
        test.Check();
    }

    [Fact]
    public async Task What_lies_behind_the_recorded_end_is_gone_after_a_crash()
    {
        await using var test = new TestVolume();
        var inode = await test.MakeFileAsync("a");
        await WriteAsync(test, inode, 1, 2);
        await test.SyncAsync();
        await test.CrashAsync();
        inode = await test.FindAsync("a");
        Assert.Equal(0, await SizeAsync(test, "a"));
        await test.Volume.SetAttributesAsync(inode, new AttributeChange { Size = 2 * Part }, default);
        Assert.Equal(Content(0).Concat(Content(0)), await test.ReadAsync(inode, 0, 2 * Part));
        Assert.Equal(FsError.None, await test.Volume.UnlinkAsync(IFileSystem.RootInode, "a"u8.ToArray(), default));
        test.Volume.Forget(inode, ulong.MaxValue >> 1);
        await test.SyncAsync();
        test.Check();
    }

    private static byte[] Content(byte value) => [.. Enumerable.Repeat(value, Part)];

    /// <summary>The file stays open.</summary>
    private static async Task<ulong> WriteAsync(TestVolume test, ulong inode, int part, byte value)
    {
        var opened = await test.Volume.OpenAsync(inode, OpenOptions.Write, default);
        var written = await test.Volume.WriteAsync(inode, opened.Value.Handle, (long)part * Part, Content(value), WriteOptions.FromPageCache, default);
        Assert.Equal(Part, written.Value);
        return opened.Value.Handle;
    }

    private static async Task<long> SizeAsync(TestVolume test, string name)
    {
        var found = await test.Volume.GetAttributesAsync(await test.FindAsync(name), default);
        return found.Value.Size;
    }
}
