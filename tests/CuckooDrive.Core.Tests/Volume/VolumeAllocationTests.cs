using CuckooDrive.Core.Volume;

namespace CuckooDrive.Core.Tests.Volume;

/// <summary>What is in memory is answered at once, on the caller's thread and without an allocation.</summary>
public sealed class VolumeAllocationTests
{
    private const int Repeats = 2000;

    [Fact]
    public async Task FrequentOperationsOnWhatIsInMemoryAllocateNothing()
    {
        await using var test = new TestVolume();
        var file = await test.MakeFileAsync("file");
        var (name, missing) = ((ReadOnlyMemory<byte>)TestVolume.Name("file"), (ReadOnlyMemory<byte>)TestVolume.Name("missing"));

        AssertFree(() => test.Volume.GetAttributesAsync(file, default).IsCompletedSuccessfully);
        AssertFree(() => test.Volume.LookupAsync(IFileSystem.RootInode, name, default).IsCompletedSuccessfully);
        AssertFree(() => test.Volume.LookupAsync(IFileSystem.RootInode, missing, default).IsCompletedSuccessfully);
    }

    private static void AssertFree(Func<bool> completesAtOnce)
    {
        Assert.True(completesAtOnce());
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < Repeats; i++)
            completesAtOnce();
        // Room for what the runtime itself does now and then, and far from one object each.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4 * Repeats);
    }
}
