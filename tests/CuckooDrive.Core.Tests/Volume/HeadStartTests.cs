using System.Buffers.Binary;
using System.Collections.Concurrent;
using CuckooDrive.Core.Metadata;
using CuckooDrive.Core.Volume;

namespace CuckooDrive.Core.Tests.Volume;

/// <summary>What is loaded right after a mount, before anybody asks.</summary>
public sealed class HeadStartTests
{
    private const int Patience = 60_000;

    [Fact(Timeout = Patience)]
    public async Task ASmallTreeIsLoadedWhole()
    {
        await using var test = new TestVolume();
        var directories = new List<ulong>();
        await MakeTreeAsync(test, IFileSystem.RootInode, depth: 3, directories);
        await test.RemountAsync();
        var scanned = WatchScans(test);
        test.Volume.BeginHeadStart();
        while (directories.Any(each => !scanned.ContainsKey(each)))
            await Task.Delay(5, TestContext.Current.CancellationToken);
    }

    [Fact(Timeout = Patience)]
    public async Task DirectoriesThatAreNotLoadedWholeAreLeftAlone()
    {
        await using var test = new TestVolume();
        var large = await MakeDirectoryAsync(test, IFileSystem.RootInode, "a large one");
        for (var i = 0; i < 600; i++)
            await test.MakeFileAsync($"file {i}", large);
        var small = await MakeDirectoryAsync(test, IFileSystem.RootInode, "small");
        await test.MakeFileAsync("file", small);
        await test.SyncAsync();
        await test.RemountAsync();
        var scanned = WatchScans(test);
        test.Volume.BeginHeadStart();
        // The large one comes before it.
        while (!scanned.ContainsKey(small))
            await Task.Delay(5, TestContext.Current.CancellationToken);
        Assert.False(scanned.ContainsKey(large));
        Assert.True((await test.Volume.LookupAsync(large, TestVolume.Name("file 599"), default)).Succeeded);
    }

    [Fact(Timeout = Patience)]
    public async Task AnEmptyDriveAndOneThatIsClosedMeanwhileAreNoTrouble()
    {
        await using (var test = new TestVolume())
            test.Volume.BeginHeadStart();
        await using (var test = new TestVolume())
        {
            await MakeTreeAsync(test, IFileSystem.RootInode, depth: 4, []);
            await test.RemountAsync();
            test.Volume.BeginHeadStart();
        }
    }

    private static async Task MakeTreeAsync(TestVolume test, ulong parent, int depth, List<ulong> directories)
    {
        await test.MakeFileAsync("file", parent);
        directories.Add(parent);
        for (var i = 0; i < 3 && depth > 0; i++)
            await MakeTreeAsync(test, await MakeDirectoryAsync(test, parent, $"directory {i}"), depth - 1, directories);
        if (parent == IFileSystem.RootInode)
            await test.SyncAsync();
    }

    private static ConcurrentDictionary<ulong, bool> WatchScans(TestVolume test)
    {
        var scanned = new ConcurrentDictionary<ulong, bool>();
        var type = MetadataKey.DirectoryEntries(stackalloc byte[MetadataKey.MaximumLength], 0)[0];
        test.Store.Scanned = key =>
        {
            if (key[0] == type)
                scanned[BinaryPrimitives.ReadUInt64BigEndian(key.AsSpan(1))] = true;
        };
        return scanned;
    }

    private static async Task<ulong> MakeDirectoryAsync(TestVolume test, ulong parent, string name)
    {
        var made = await test.Volume.MakeDirectoryAsync(parent, TestVolume.Name(name), 0x1ED, TestVolume.Root, default);
        Assert.True(made.Succeeded);
        return made.Value.Attributes.Inode;
    }
}
