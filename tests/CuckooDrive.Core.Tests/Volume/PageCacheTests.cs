using CuckooDrive.Core.Volume;

namespace CuckooDrive.Core.Tests.Volume;

/// <summary>What the volume puts into the kernel's page cache by itself.</summary>
public sealed class PageCacheTests
{
    private const int FileSize = 128 << 10;

    [Fact]
    public async Task AFileThatLeftMemoryAndIsWrittenToGetsNoOldContent()
    {
        await using var test = new TestVolume(new VolumeOptions { InodeCacheLimit = 8, CommitInterval = TimeSpan.FromHours(1) });
        foreach (var name in new[] { "first", "file", "last" })
        {
            // Read once before: an access time that is not yet recorded keeps a file in memory.
            var made = await test.MakeFileAsync(name);
            await test.WriteAsync(made, 0, new byte[FileSize]);
            await ReadSmallAsync(test, made);
        }
        await test.RemountAsync();
        var (first, file, last) = (await test.FindAsync("first"), await test.FindAsync("file"), await test.FindAsync("last"));
        var cache = new Recorder();
        test.Volume.KernelCache = cache;

        // A slow cloud holds up what was offered first; what comes behind it has to wait.
        using var begun = new SemaphoreSlim(0);
        using var go = new ManualResetEventSlim();
        test.Chunks.Hook = at =>
        {
            if (at != "read" || Thread.CurrentThread.Name != "volume page cache" || go.IsSet)
                return;
            begun.Release();
            go.Wait(TimeSpan.FromMinutes(1));
        };
        await ReadSmallAsync(test, first);
        Assert.True(await begun.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken));
        await ReadSmallAsync(test, file);

        for (var i = 0; i < 40; i++)
        {
            var inode = await test.MakeFileAsync("other" + i);
            await test.SyncAsync();
            test.Volume.Forget(inode, 1);
        }
        var handle = (await test.Volume.OpenAsync(file, OpenOptions.Write, default)).Value.Handle;
        await ReadSmallAsync(test, last);
        go.Set();
        await cache.WaitForAsync(last).WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        test.Volume.Release(file, handle);
        Assert.Equal([first, last], cache.Stored);
        test.Volume.KernelCache = null;
    }

    private static Task ReadSmallAsync(TestVolume test, ulong inode) => test.ReadAsync(inode, FileSize / 2, 4096);

    private sealed class Recorder : IKernelCache
    {
        private readonly List<ulong> _stored = [];

        public List<ulong> Stored
        {
            get
            {
                lock (_stored)
                    return [.. _stored];
            }
        }

        public async Task WaitForAsync(ulong inode)
        {
            while (!Stored.Contains(inode))
                await Task.Delay(10, TestContext.Current.CancellationToken);
        }

        public void StoreInPageCache(ulong inode, long offset, ReadOnlySpan<byte> data)
        {
            lock (_stored)
                _stored.Add(inode);
        }

        public void InvalidateInode(ulong inode, long offset, long length)
        {
        }

        public void InvalidateEntry(ulong parent, ReadOnlySpan<byte> name)
        {
        }
    }
}
