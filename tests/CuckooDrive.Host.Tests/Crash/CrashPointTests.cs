using CuckooDrive.Testing.Host;

namespace CuckooDrive.Host.Tests.Crash;

/// <summary>
/// Ends the mounted program between two steps of the write path, for every step: flush, commit, seal, parity, upload,
/// journal, checkpoint, root, removal. CUCKOO_CRASH_ROUNDS repeats it at later and later passages.
/// </summary>
public sealed class CrashPointTests(ITestOutputHelper output)
{
    private static readonly int Rounds = int.TryParse(Environment.GetEnvironmentVariable("CUCKOO_CRASH_ROUNDS"), out var rounds) ? rounds : 1;

    /// <summary>The names of CuckooDrive.Core.CrashStep.</summary>
    private static readonly string[] Steps =
    [
        "DataFlushed", "StagingSynced", "Committed", "CommitSettled", "PackPadded", "ParityWritten", "ShardUploading", "ShardUploaded",
        "PackMovedToCache", "OutboxWritten", "JournalDecided", "SegmentSent", "JournalSent", "JournalDurable", "JournalTrimmed",
        "CheckpointPagesWritten", "CheckpointPagesReferenced", "RootDecided", "RootDurable", "OldJournalRemoved", "ShardDeleted", "PackForgotten",
    ];

    /// <summary>A step that is not reached in this time is not reached at all.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Killed_between_any_two_steps_the_drive_keeps_what_was_fsynced()
    {
        await using var drive = await MountedDrive.CreateAsync(new MountedDriveOptions
        {
            Settings = new Dictionary<string, string> { ["JournalInterval"] = "0.2" },
        });
        using var load = new CrashLoad(drive.MountPoint, workers: 2, seed: 7);
        load.Prepare();
        var notReached = new List<string>();
        for (var round = 0; round < Rounds; round++)
        {
            foreach (var step in Steps)
            {
                // A checkpoint comes once, the others come by again and again.
                var passage = IsOfCheckpoint(step) ? 1 : (round * 3) + 1 + (step.Length % 3);
                await MakeCheckpointDueAsync(drive, step, round);
                if (!await CrashAtAsync(drive, load, $"{step}:{passage}"))
                    notReached.Add($"{step}:{passage}");
                await CheckAfterAsync(drive, load, step);
            }
        }
        output.WriteLine($"{Rounds * Steps.Length} crashes, {load.Operations} operations, {load.Syncs} fsyncs.");
        Assert.Empty(notReached);
        await drive.FlushAsync();
        await drive.CheckAsync(thorough: true);
        load.Check();
    }

    private static bool IsOfCheckpoint(string step) => step is "OldJournalRemoved" ||
        step.StartsWith("Checkpoint", StringComparison.Ordinal) || step.StartsWith("Root", StringComparison.Ordinal);

    /// <summary>A cloud that has lost its journal gets a checkpoint soon after the next mount.</summary>
    private static async Task MakeCheckpointDueAsync(MountedDrive drive, string step, int round)
    {
        if (IsOfCheckpoint(step))
        {
            await drive.FlushAsync();
            await drive.UnmountAsync();
            Directory.Delete(Path.Combine(drive.Clouds[(step.Length + round) % drive.Clouds.Count], "journal"), recursive: true);
            return;
        }
        await drive.KillAsync();
    }

    /// <summary>Mounts and works until the program has ended itself at the point; false when it did not come there.</summary>
    private static async Task<bool> CrashAtAsync(MountedDrive drive, CrashLoad load, string point)
    {
        drive.ExtraEnvironment["CUCKOO_TEST_CRASH_AT"] = point;
        try
        {
            await drive.MountAsync();
        }
        catch (InvalidOperationException)
        {
            // It came to the point before it had mounted.
            return true;
        }
        finally
        {
            drive.ExtraEnvironment.Clear();
        }
        load.Start(crashIsNear: true);
        var ended = drive.WaitForEndAsync();
        var reached = await Task.WhenAny(ended, Task.Delay(Patience)) == ended;
        if (!reached && !ended.IsCompleted)
            await drive.KillAsync();
        await ended;
        load.Stop();
        return reached;
    }

    private static async Task CheckAfterAsync(MountedDrive drive, CrashLoad load, string step)
    {
        await drive.MountAsync();
        try
        {
            load.Check();
            // What a crash breaks stays broken, so not every one of them needs a look at everything.
            if (Array.IndexOf(Steps, step) % 5 == 4)
                await drive.CheckAsync();
        }
        catch (Exception failure) when (failure is InvalidOperationException or IOException)
        {
            throw new InvalidOperationException($"After a crash at {step}: {failure.Message}\n{string.Join('\n', File.ReadLines(drive.LogFile).TakeLast(40))}", failure);
        }
    }
}
