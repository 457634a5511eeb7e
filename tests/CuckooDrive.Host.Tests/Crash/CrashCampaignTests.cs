using CuckooDrive.Testing.Host;

namespace CuckooDrive.Host.Tests.Crash;

/// <summary>
/// Kills the mounted program at random moments under load: what was fsynced is there bit for bit, what was not is older or
/// shorter but never wrong, the drive is consistent, and the load goes on. CUCKOO_CRASH_CYCLES sets the number of crashes,
/// CUCKOO_CRASH_SEED the moments.
/// </summary>
public sealed class CrashCampaignTests(ITestOutputHelper output)
{
    private static readonly int Cycles = Setting("CUCKOO_CRASH_CYCLES", 20);
    private static readonly int Seed = Setting("CUCKOO_CRASH_SEED", 20141);

    [Fact]
    public async Task Killed_at_random_moments_the_drive_keeps_what_was_fsynced()
    {
        await using var drive = await MountedDrive.CreateAsync(new MountedDriveOptions
        {
            Settings = new Dictionary<string, string> { ["JournalInterval"] = "0.3" },
        });
        using var load = new CrashLoad(drive.MountPoint, workers: 3, Seed);
        load.Prepare();
        var random = new Random(Seed);
        for (var cycle = 1; cycle <= Cycles; cycle++)
        {
            load.Start();
            await Task.Delay(random.Next(50, 1200));
            load.ExpectCrash();
            await drive.KillAsync();
            load.Stop();
            await drive.MountAsync();
            CheckLoad(load, drive, cycle);
            await drive.CheckAsync();
        }
        output.WriteLine($"{Cycles} crashes, {load.Operations} operations, {load.Syncs} fsyncs.");
        await drive.FlushAsync();
        await drive.CheckAsync(thorough: true);
        load.Check();
    }

    [Fact]
    public async Task With_the_machine_lost_as_well_all_is_there_up_to_the_last_flush()
    {
        await using var drive = await MountedDrive.CreateAsync(new MountedDriveOptions
        {
            Settings = new Dictionary<string, string> { ["JournalInterval"] = "0.5" },
        });
        using var load = new CrashLoad(drive.MountPoint, workers: 2, Seed + 1);
        load.Prepare();
        for (var missing = 0; missing < drive.Clouds.Count; missing++)
        {
            load.Start();
            await Task.Delay(800);
            load.Stop();
            await drive.FlushAsync();
            load.MarkDurable();
            load.Start(machineWillBeLost: true);
            await Task.Delay(700);
            load.ExpectCrash();
            await drive.KillAsync();
            load.Stop();

            await drive.LoseMachineAsync();
            var away = drive.Clouds[missing] + ".away";
            Directory.Move(drive.Clouds[missing], away);
            (await drive.AttachAsync()).MustSucceed();
            await drive.MountAsync();
            CheckLoad(load, drive, missing);
            Directory.Move(away, drive.Clouds[missing]);
        }
        await drive.RemountAsync();
        await drive.FlushAsync();
        await drive.CheckAsync(thorough: true);
        load.Check();
    }

    private static void CheckLoad(CrashLoad load, MountedDrive drive, int cycle)
    {
        try
        {
            load.Check();
        }
        catch (Exception failure) when (failure is InvalidOperationException or IOException)
        {
            throw new InvalidOperationException($"Crash {cycle} of seed {Seed}: {failure.Message}\n{LastLines(drive)}", failure);
        }
    }

    private static string LastLines(MountedDrive drive) =>
        File.Exists(drive.LogFile) ? string.Join('\n', File.ReadLines(drive.LogFile).TakeLast(40)) : "There is no log.";

    private static int Setting(string name, int fallback) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), out var value) ? value : fallback;
}
