using CsCheck;
using CuckooDrive.Clouds.Decorators;
using CuckooDrive.Core.Drives;
using CuckooDrive.Core.Volume;
using CuckooDrive.Testing.FileSystems;

namespace CuckooDrive.Core.Tests.Drives;

/// <summary>
/// Random operations on a whole drive whose clouds fail in every way, compared with the reference file system in memory:
/// step by step, over remounts, crashes and the loss of the machine. A failure prints the shrunk list of steps and the seed
/// (CsCheck_Seed repeats it). CUCKOO_MODEL_SECONDS makes it run longer.
/// </summary>
public sealed class HostileModelTests
{
    private static readonly int Seconds = int.TryParse(Environment.GetEnvironmentVariable("CUCKOO_MODEL_SECONDS"), out var s) ? s : 15;

    private static readonly long[] Borders = [0, 1, 4096, 131_071, 131_072, 262_144, 1_048_575, 1_048_576];

    private static readonly Gen<ScriptStep> Step = Gen.Select(
        Gen.Enum<ScriptAction>(),
        Gen.Int[0, 200],
        Gen.Int[0, 200],
        Gen.OneOf(Gen.Int[0, Borders.Length - 1].Select(i => Borders[i]), Gen.Long[0, 1 << 20]),
        Gen.OneOf(Gen.Int[1, 5000], Gen.Int[1, 300_000]),
        Gen.Int[0, 1000],
        (action, path, other, offset, length, seed) => new ScriptStep(action, path, other, offset, length, seed));

    private static readonly Gen<(ScriptStep[] Steps, int[] Faults)> Case = Gen.Select(Step.Array[1, 60], Gen.Int[0, 9].Array[4]);

    [Fact]
    public Task WithFaultyCloudsADriveDoesWhatTheReferenceDoes() =>
        Case.SampleAsync(each => CompareAsync(each.Steps, each.Faults), time: Seconds, threads: 1, print: Print);

    [Fact]
    public Task WithFaultyCloudsACrashLeavesWhatWasSyncedAndALostMachineWhatWasFlushed() =>
        Case.SampleAsync(each => CrashAsync(each.Steps, each.Faults), time: Seconds, threads: 1, print: Print);

    private static string Print((ScriptStep[] Steps, int[] Faults) each) =>
        $"faults [{string.Join(", ", each.Faults)}]\n{string.Join(",\n", each.Steps.Select(step => step.ToString()))}";

    private static async Task CompareAsync(ScriptStep[] steps, int[] faults)
    {
        await using var hostile = await HostileDrive.CreateAsync();
        var reference = new FileSystemScript(new MemoryFileSystem(TimeProvider.System));
        var actual = new FileSystemScript(hostile.Drive!.FileSystem);
        for (var i = 0; i < steps.Length; i++)
        {
            if (i % 8 == 0)
                Spoil(hostile, faults, i / 8, mayBeFull: false);
            var expected = await reference.RunAsync(steps[i]);
            Assert.Equal($"{i}: {expected}", $"{i}: {await actual.RunAsync(steps[i])}");
            // A step whose path does not exist has synced nothing, and a crash may take what was not.
            if (steps[i].Action != ScriptAction.Sync || expected != nameof(FsError.None) || steps[i].Seed % 3 != 0)
                continue;
            reference.CloseAll();
            actual.CloseAll();
            await (steps[i].Seed % 2 == 0 ? hostile.ReopenAsync() : hostile.CrashAsync());
            actual = new FileSystemScript(hostile.Drive!.FileSystem);
            Spoil(hostile, faults, i / 8, mayBeFull: false);
            Assert.Equal(await reference.DescribeAsync(), await actual.DescribeAsync());
        }
        reference.CloseAll();
        actual.CloseAll();
        await AttachFromThreeAsync(hostile, faults, await reference.DescribeAsync());
    }

    private static async Task CrashAsync(ScriptStep[] steps, int[] faults)
    {
        await using var hostile = await HostileDrive.CreateAsync();
        var script = new FileSystemScript(hostile.Drive!.FileSystem);
        await script.FileSystem.SyncAsync(IFileSystem.RootInode, false, default);
        var synced = await script.DescribeAsync();
        for (var i = 0; i < steps.Length; i++)
        {
            if (i % 8 == 0)
                Spoil(hostile, faults, i / 8, mayBeFull: true);
            var outcome = await script.RunAsync(steps[i]);
            if (steps[i].Action == ScriptAction.Sync && outcome == nameof(FsError.None))
                synced = await script.DescribeAsync();
        }
        await hostile.CrashAsync();
        script = new FileSystemScript(hostile.Drive!.FileSystem);
        Assert.Equal(synced, await script.DescribeAsync());
        await AttachFromThreeAsync(hostile, faults, synced);
    }

    /// <summary>With healed clouds: flushes, finds nothing wrong, loses the machine, and finds the flushed state from three clouds.</summary>
    private static async Task AttachFromThreeAsync(HostileDrive hostile, int[] faults, string expected)
    {
        Heal(hostile);
        await hostile.FlushAsync();
        if (faults[1] % 2 == 0)
            await hostile.Drive!.CheckpointAsync();
        await hostile.FlushAsync();
        var report = await hostile.Drive!.CheckAsync(thorough: true);
        Assert.Empty(report.Findings.Where(finding => finding.Severity == DoctorSeverity.Error).Select(finding => finding.Message));
        var missing = faults[0] % hostile.CloudCount;
        await hostile.AttachAsync([.. Enumerable.Range(0, hostile.CloudCount).Where(cloud => cloud != missing)]);
        await hostile.OpenAsync();
        Assert.Equal(expected, await new FileSystemScript(hostile.Drive!.FileSystem).DescribeAsync());
    }

    /// <summary>
    /// One cloud fails as badly as can be; all may fail now and then while they are written to. A full cloud is a full drive
    /// here, of which the reference knows nothing.
    /// </summary>
    private static void Spoil(HostileDrive hostile, int[] faults, int time, bool mayBeFull)
    {
        Heal(hostile);
        foreach (var plan in hostile.Plans)
        {
            plan.Only = static request => request.Operation is CloudOperation.Write or CloudOperation.Delete;
            plan.FailBeforeShare = faults[1] / 20.0;
            plan.FailAfterShare = faults[2] / 20.0;
            plan.TornWriteShare = faults[3] / 40.0;
        }
        var worst = hostile.Plans[(faults[0] + time) % hostile.CloudCount];
        worst.Only = null;
        switch ((faults[0] + (faults[1] * time)) % 8)
        {
            case 0:
                worst.Hang = true;
                break;
            case 1:
                worst.Offline = true;
                break;
            case 2:
                worst.RefuseWrites = true;
                break;
            case 3 when mayBeFull:
                worst.Full = true;
                break;
            case 4:
                worst.CorruptShare = 0.5;
                break;
            case 5:
                worst.LostShare = 0.5;
                break;
            case 6:
                worst.BreakStreamShare = 0.5;
                worst.StaleLists = true;
                break;
            default:
                worst.Delay = TimeSpan.FromMilliseconds(2);
                break;
        }
    }

    private static void Heal(HostileDrive hostile)
    {
        foreach (var plan in hostile.Plans)
        {
            plan.Hang = plan.Offline = plan.RefuseWrites = plan.Full = plan.StaleLists = false;
            plan.CorruptShare = plan.LostShare = plan.BreakStreamShare = 0;
            plan.FailBeforeShare = plan.FailAfterShare = plan.TornWriteShare = 0;
            plan.Delay = TimeSpan.Zero;
            plan.Only = null;
        }
    }
}
