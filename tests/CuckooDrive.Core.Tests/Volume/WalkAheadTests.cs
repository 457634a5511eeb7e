using System.Collections.Concurrent;
using CuckooDrive.Core.Metadata;
using CuckooDrive.Core.Volume;

namespace CuckooDrive.Core.Tests.Volume;

/// <summary>Which directories are loaded ahead of somebody who goes from one to the next, on a volume that has just been mounted.</summary>
public sealed class WalkAheadTests
{
    private const int Directories = 10;
    private const int Patience = 60_000;

    [Fact(Timeout = Patience)]
    public async Task WhoHasLookedIntoTwoDirectoriesFindsTheOthersLoaded()
    {
        await using var test = new TestVolume();
        var directories = await MakeColdAsync(test);
        var scanned = WatchScans(test);
        await test.FindAsync("file", directories[7]);
        await test.FindAsync("file", directories[3]);
        while (directories.Any(each => !scanned.ContainsKey(each)))
            await Task.Delay(5, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task ALookIntoOneDirectoryLoadsNoOther()
    {
        await using var test = new TestVolume();
        var directories = await MakeColdAsync(test);
        var scanned = WatchScans(test);
        var first = await FindFirstAsync(test);
        var looked = directories.First(each => each != first);
        await test.FindAsync("file", looked);
        await Task.Delay(50, TestContext.Current.CancellationToken);
        Assert.Equal([looked], scanned.Keys.Where(directories.Contains));
    }

    [Fact(Timeout = Patience)]
    public async Task AListingOfTheFirstDirectoryIsTheBeginningOfAWalk()
    {
        await using var test = new TestVolume();
        var directories = await MakeColdAsync(test);
        var scanned = WatchScans(test);
        Assert.Equal(FsError.None, await test.Volume.ReadDirectoryAsync(await FindFirstAsync(test), 0, 0, plus: true, new FirstDirectory(), default));
        while (directories.Any(each => !scanned.ContainsKey(each)))
            await Task.Delay(5, TestContext.Current.CancellationToken);
    }

    private static async Task<List<ulong>> MakeColdAsync(TestVolume test)
    {
        var directories = new List<ulong>();
        for (var i = 0; i < Directories; i++)
        {
            var made = await test.Volume.MakeDirectoryAsync(IFileSystem.RootInode, TestVolume.Name($"directory {i}"), 0x1ED, TestVolume.Root, default);
            directories.Add(made.Value.Attributes.Inode);
            await test.MakeFileAsync("file", made.Value.Attributes.Inode);
        }
        await test.SyncAsync();
        await test.RemountAsync();
        // Loads the root with its inodes.
        await test.FindAsync("directory 0");
        return directories;
    }

    private static async Task<ulong> FindFirstAsync(TestVolume test)
    {
        var sink = new FirstDirectory();
        Assert.Equal(FsError.None, await test.Volume.ReadDirectoryAsync(IFileSystem.RootInode, 0, 2, plus: false, sink, default));
        return sink.Inode;
    }

    private static ConcurrentDictionary<ulong, bool> WatchScans(TestVolume test)
    {
        var scanned = new ConcurrentDictionary<ulong, bool>();
        var type = MetadataKey.DirectoryEntries(stackalloc byte[MetadataKey.MaximumLength], 0)[0];
        test.Store.Scanned = key =>
        {
            if (key[0] == type)
                scanned[System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(key.AsSpan(1))] = true;
        };
        return scanned;
    }

    private sealed class FirstDirectory : IDirectorySink
    {
        public ulong Inode { get; private set; }

        public bool TryAdd(ReadOnlySpan<byte> name, ulong cookie, in Entry entry)
        {
            Inode = entry.Attributes.Inode;
            return false;
        }
    }
}
