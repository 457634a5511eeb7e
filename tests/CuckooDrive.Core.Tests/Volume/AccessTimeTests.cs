using CuckooDrive.Core.Tests.Chunks;
using CuckooDrive.Core.Volume;

namespace CuckooDrive.Core.Tests.Volume;

/// <summary>relatime says when an access time moves; these say when that reaches the store.</summary>
public sealed class AccessTimeTests
{
    private static readonly VolumeOptions Soon = new() { CommitInterval = TimeSpan.FromMilliseconds(5) };

    [Fact]
    public async Task AReadIsNoReasonForACommit()
    {
        await using var test = new TestVolume();
        var (file, before) = await MakeAsync(test, "file");
        var sequence = test.Store.Sequence;

        var read = await ReadAsync(test, file);
        Assert.True(read.CompareTo(before) > 0);
        await test.SyncAsync();
        Assert.Equal(sequence, test.Store.Sequence);

        Assert.Equal(before, await AfterCrashAsync(test, "file"));
    }

    [Fact]
    public async Task ASyncOfTheFileRecordsIt()
    {
        await using var test = new TestVolume();
        var (file, before) = await MakeAsync(test, "file");
        var read = await ReadAsync(test, file);
        Assert.NotEqual(before, read);

        Assert.Equal(FsError.None, await test.Volume.SyncAsync(file, dataOnly: false, default));

        Assert.Equal(read, await AfterCrashAsync(test, "file"));
    }

    [Fact]
    public async Task ItGoesAlongWithAnotherChange()
    {
        await using var test = new TestVolume();
        var (file, _) = await MakeAsync(test, "file");
        var read = await ReadAsync(test, file);
        await test.WriteAsync(file, 0, [2]);
        await test.SyncAsync();

        Assert.Equal(read, await AfterCrashAsync(test, "file"));
    }

    [Fact]
    public async Task TheEndOfTheMountRecordsIt()
    {
        await using var test = new TestVolume();
        var (file, _) = await MakeAsync(test, "file");
        var read = await ReadAsync(test, file);

        await test.RemountAsync();
        Assert.Equal(read, await AccessTimeAsync(test, await test.FindAsync("file")));
    }

    [Fact]
    public async Task ItDoesNotWaitForever()
    {
        await using var test = new TestVolume(Soon with { AccessTimeDelay = TimeSpan.FromMilliseconds(20) });
        await RecordsOfItselfAsync(test, files: 1);
    }

    [Fact]
    public async Task ManyDoNotWait()
    {
        await using var test = new TestVolume(Soon with { ChangedInodeLimit = 8 });
        await RecordsOfItselfAsync(test, files: 4);
    }

    private static async Task RecordsOfItselfAsync(TestVolume test, int files)
    {
        var made = new List<ulong>();
        for (var each = 0; each < files; each++)
            made.Add((await MakeAsync(test, $"file{each}")).File);
        var sequence = test.Store.Sequence;
        var read = default(Timestamp);
        foreach (var file in made)
            read = await ReadAsync(test, file);
        await ChunkStoreTests.WaitUntil(() => test.Store.Sequence > sequence);

        Assert.Equal(read, await AfterCrashAsync(test, $"file{files - 1}"));
    }

    private static async Task<Timestamp> AfterCrashAsync(TestVolume test, string name)
    {
        await test.CrashAsync();
        return await AccessTimeAsync(test, await test.FindAsync(name));
    }

    /// <summary>A file of one byte, committed.</summary>
    private static async Task<(ulong File, Timestamp Accessed)> MakeAsync(TestVolume test, string name)
    {
        var file = await test.MakeFileAsync(name);
        await test.WriteAsync(file, 0, [1]);
        await test.SyncAsync();
        return (file, await AccessTimeAsync(test, file));
    }

    private static async Task<Timestamp> ReadAsync(TestVolume test, ulong file)
    {
        await Task.Delay(1);
        await test.ReadAsync(file, 0, 1);
        return await AccessTimeAsync(test, file);
    }

    private static async Task<Timestamp> AccessTimeAsync(TestVolume test, ulong file) =>
        (await test.Volume.GetAttributesAsync(file, default)).Value.AccessTime;
}
