namespace CuckooDrive.Core.Tests.Volume;

/// <summary>What happens to a commit when writers do not wait for it.</summary>
public sealed class VolumeCommitTests
{
    [Fact]
    public async Task AnOverwriteDuringACommitIsMadeDurableByItsOwnSync()
    {
        await using var test = new TestVolume();
        var other = await test.MakeFileAsync("other");
        var file = await test.MakeFileAsync("file");
        await test.WriteAsync(file, 0, [1, 1, 1]);
        await test.SyncAsync();

        // Arrives when the commit has looked for dirty data already, and changes no size.
        var arrived = false;
        test.Chunks.Hook = at =>
        {
            if (at != "append" || arrived)
                return;
            arrived = true;
            test.WriteAsync(file, 0, [2, 2, 2]).GetAwaiter().GetResult();
        };
        await test.WriteAsync(other, 0, [9]);
        await test.SyncAsync();
        Assert.True(arrived);
        await test.SyncAsync();

        await test.CrashAsync();
        Assert.Equal([2, 2, 2], await test.ReadAsync(await test.FindAsync("file"), 0, 3));
    }
}
