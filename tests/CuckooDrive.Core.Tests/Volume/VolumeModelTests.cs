using CsCheck;
using CuckooDrive.Core.Volume;
using CuckooDrive.Testing.FileSystems;

namespace CuckooDrive.Core.Tests.Volume;

/// <summary>
/// Random operations on the volume and on the reference file system in memory, compared step by step, with remounts,
/// crashes and failing disks. A failure prints the shrunk list of steps and the seed (CsCheck_Seed repeats it).
/// CUCKOO_MODEL_SECONDS makes it run longer than the usual minute.
/// </summary>
public sealed class VolumeModelTests
{
    private static readonly int Seconds = int.TryParse(Environment.GetEnvironmentVariable("CUCKOO_MODEL_SECONDS"), out var s) ? s : 20;

    private static readonly long[] Borders = [0, 1, 4095, 4096, 131_071, 131_072, 131_073, 262_144, 1_048_575, 1_048_576, 1_048_577, 1_179_648];

    private static readonly Gen<ScriptStep> Step = Gen.Select(
        Gen.Enum<ScriptAction>(),
        Gen.Int[0, 200],
        Gen.Int[0, 200],
        Gen.OneOf(Gen.Int[0, Borders.Length - 1].Select(i => Borders[i]), Gen.Long[0, 3 << 20]),
        Gen.OneOf(Gen.Int[1, 5000], Gen.Int[1, 400_000], Gen.Int[1, 64].Select(i => i * 4096)),
        Gen.Int[0, 1000],
        (action, path, other, offset, length, seed) => new ScriptStep(action, path, other, offset, length, seed));

    [Fact]
    public Task TheVolumeDoesWhatTheReferenceDoes() =>
        Step.Array[1, 80].SampleAsync(steps => CompareAsync(steps, new VolumeOptions { CommitInterval = TimeSpan.FromHours(1) }), time: Seconds, threads: 2, print: Print);

    [Fact]
    public Task CommitsAndASmallCacheInBetweenChangeNothing() =>
        Step.Array[1, 80].SampleAsync(
            steps => CompareAsync(steps, new VolumeOptions { CommitInterval = TimeSpan.FromMilliseconds(1), InodeCacheLimit = 2, RegionCacheLimit = 0, DirtyLimit = 100_000 }),
            time: Seconds, threads: 2, print: Print);

    [Fact]
    public Task ACrashLeavesExactlyWhatWasCommitted() =>
        Gen.Select(Step.Array[1, 60], Gen.Int[0, 3]).SampleAsync((steps, moment) => CrashAsync(steps, moment), time: Seconds, threads: 2);

    private static string Print(ScriptStep[] steps) => string.Join(",\n", steps.Select(s => s.ToString()));

    private static async Task CompareAsync(ScriptStep[] steps, VolumeOptions options)
    {
        await using var test = new TestVolume(options);
        var reference = new FileSystemScript(new MemoryFileSystem(TimeProvider.System));
        var actual = new FileSystemScript(test.Volume);
        for (var i = 0; i < steps.Length; i++)
        {
            Assert.Equal($"{i}: {await reference.RunAsync(steps[i])}", $"{i}: {await actual.RunAsync(steps[i])}");
            if (steps[i].Action != ScriptAction.Sync || steps[i].Seed % 4 != 0)
                continue;
            reference.CloseAll();
            actual.CloseAll();
            await test.RemountAsync();
            test.Check();
            actual = new FileSystemScript(test.Volume);
            Assert.Equal(await reference.DescribeAsync(), await actual.DescribeAsync());
        }
        Assert.Equal(await reference.DescribeAsync(), await actual.DescribeAsync());
        actual.CloseAll();
        await test.RemountAsync();
        test.Check();
        Assert.Equal(await reference.DescribeAsync(), await new FileSystemScript(test.Volume).DescribeAsync());
    }

    /// <summary>
    /// Runs steps, notes the state at each commit, and loses power: at rest, before the store's commit, after it, or between
    /// the data's sync and the commit.
    /// </summary>
    private static async Task CrashAsync(ScriptStep[] steps, int moment)
    {
        await using var test = new TestVolume();
        var script = new FileSystemScript(test.Volume);
        await test.SyncAsync();
        var committed = await script.DescribeAsync();
        foreach (var step in steps)
        {
            var outcome = await script.RunAsync(step);
            if (step.Action == ScriptAction.Sync && outcome == nameof(FsError.None))
                committed = await script.DescribeAsync();
        }
        var current = await script.DescribeAsync();
        if (moment == 1)
            test.Store.Hook = at => Fail(at == "before");
        if (moment == 2)
            test.Store.Hook = at => Fail(at == "after");
        if (moment == 3)
            test.Chunks.Hook = at => Fail(at == "sync");
        if (moment > 0)
            await test.Volume.SyncAsync(IFileSystem.RootInode, false, default);
        await test.CrashAsync();
        var found = await new FileSystemScript(test.Volume).DescribeAsync();
        Assert.Equal(moment == 2 ? current : committed, found);
        await test.RemountAsync();
        test.Check();
        Assert.Equal(found, await new FileSystemScript(test.Volume).DescribeAsync());
    }

    private static void Fail(bool now)
    {
        if (now)
            throw new IOException("The power fails here.");
    }
}
