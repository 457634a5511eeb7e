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

    /// <summary>The kernel sends a change of size at once, and what was written before it when it likes.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_file_that_grows_while_it_is_written_to_is_not_recorded_without_its_pages(bool allocate)
    {
        await using var test = new TestVolume();
        var inode = await test.MakeFileAsync("a");
        test.Volume.KernelCache = new Pages(() => { });
        var handle = (await test.Volume.OpenAsync(inode, OpenOptions.Write, default)).Value.Handle;
        await GrowAsync(test, inode, handle, 3 * Part, allocate);
        await test.SyncAsync();
        await test.CrashAsync();
        Assert.Equal(0, await SizeAsync(test, "a"));
        inode = await test.FindAsync("a");
        test.Volume.KernelCache = new Pages(() => { });
        handle = (await test.Volume.OpenAsync(inode, OpenOptions.Write, default)).Value.Handle;
        await GrowAsync(test, inode, handle, 3 * Part, allocate);
        await WriteAsync(test, inode, 0, 1);
        await test.SyncAsync();
        Assert.Equal(FsError.None, await test.Volume.SyncAsync(inode, false, default));
        await test.CrashAsync();
        Assert.Equal(Content(1).Concat(Content(0)).Concat(Content(0)), await test.ReadAsync(await test.FindAsync("a"), 0, 3 * Part));
        test.Check();
    }

    [Fact]
    public async Task A_file_that_nobody_writes_to_grows_at_once()
    {
        await using var test = new TestVolume();
        var inode = await test.MakeFileAsync("a");
        test.Volume.KernelCache = new Pages(() => { });
        await test.Volume.SetAttributesAsync(inode, new AttributeChange { Size = Part }, default);
        await test.SyncAsync();
        await test.CrashAsync();
        Assert.Equal(Part, await SizeAsync(test, "a"));
    }

    [Fact]
    public async Task Settling_fetches_the_pages_and_takes_the_rest_for_holes()
    {
        await using var test = new TestVolume();
        var inode = await test.MakeFileAsync("a");
        // What is dirty in the kernel comes when it is asked for; meanwhile somebody else begins to write further on.
        test.Volume.KernelCache = new Pages(() =>
        {
            WriteAsync(test, inode, 1, 2).GetAwaiter().GetResult();
            WriteAsync(test, inode, 5, 6).GetAwaiter().GetResult();
        });
        await WriteAsync(test, inode, 2, 3);
        await test.Volume.SettleAsync();
        await test.SyncAsync();
        await test.CrashAsync();
        Assert.Equal(3 * Part, await SizeAsync(test, "a"));
        Assert.Equal(Content(0).Concat(Content(2)).Concat(Content(3)), await test.ReadAsync(await test.FindAsync("a"), 0, 3 * Part));
        test.Check();
    }

    [Fact]
    public async Task Settling_fetches_what_the_kernel_holds_of_every_file_that_is_open_for_writing()
    {
        await using var test = new TestVolume();
        var (inode, other) = (await test.MakeFileAsync("a"), await test.MakeFileAsync("b"));
        await WriteAsync(test, inode, 0, 1);
        await test.SyncAsync();
        var handle = (await test.Volume.OpenAsync(other, OpenOptions.Read, default)).Value.Handle;
        var asked = new List<(ulong, long, long)>();
        // Overwritten in place: nothing that the volume has seen tells of it.
        test.Volume.KernelCache = new Pages((number, offset, length) =>
        {
            asked.Add((number, offset, length));
            WriteAsync(test, inode, 0, 2).GetAwaiter().GetResult();
        });
        await test.Volume.SettleAsync(TestContext.Current.CancellationToken);
        test.Volume.Release(other, handle);
        await test.SyncAsync();
        await test.CrashAsync();
        Assert.Equal([(inode, 0L, 0L)], asked);
        Assert.Equal(Content(2), await test.ReadAsync(await test.FindAsync("a"), 0, Part));
        test.Check();
    }

    [Fact]
    public async Task Settling_that_is_cancelled_does_not_wait_for_the_kernel()
    {
        await using var test = new TestVolume();
        var inode = await test.MakeFileAsync("a");
        await WriteAsync(test, inode, 0, 1);
        using var asked = new SemaphoreSlim(0);
        using var go = new ManualResetEventSlim();
        test.Volume.KernelCache = new Pages(() =>
        {
            asked.Release();
            go.Wait(TimeSpan.FromMinutes(1));
        });
        using var cancellation = new CancellationTokenSource();
        var settling = test.Volume.SettleAsync(cancellation.Token);
        Assert.True(await asked.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken));
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => settling.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken));
        go.Set();
    }

    private static async Task GrowAsync(TestVolume test, ulong inode, ulong handle, long size, bool allocate)
    {
        if (allocate)
            Assert.Equal(FsError.None, await test.Volume.AllocateAsync(inode, handle, 0, size, default, default));
        else
            Assert.Equal(size, (await test.Volume.SetAttributesAsync(inode, new AttributeChange { Size = size }, default)).Value.Size);
    }

    /// <summary>A kernel that writes out its pages when they are dropped.</summary>
    private sealed class Pages(Action<ulong, long, long> writeOut) : IKernelCache
    {
        public Pages(Action writeOut)
            : this((_, _, _) => writeOut())
        {
        }

        public void StoreInPageCache(ulong inode, long offset, ReadOnlySpan<byte> data)
        {
        }

        public void InvalidateInode(ulong inode, long offset, long length) => writeOut(inode, offset, length);

        public void InvalidateEntry(ulong parent, ReadOnlySpan<byte> name)
        {
        }
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
