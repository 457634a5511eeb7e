using CuckooDrive.Host.CommandLine;
using CuckooDrive.Testing.Host;

namespace CuckooDrive.Host.Tests;

/// <summary>Whoever presses Ctrl-C finds things as they were when the command has returned, and also later.</summary>
public sealed class InterruptTests
{
    private const string Background = "--background-child";

    [Fact]
    public async Task A_mount_that_is_interrupted_leaves_neither_a_mount_nor_a_process()
    {
        await using var drive = await MountedDrive.CreateUnmountedAsync();

        foreach (var moment in new[] { 0, 200, 400, 800 })
        {
            using var process = CuckooProcess.Start(CuckooProcess.Executable, drive.Environment, "mount", MountedDrive.Name, drive.MountPoint);
            process.StandardInput.Close();
            while (!process.HasExited && ChildrenOf(drive).Count == 0)
                await Task.Delay(10);
            await Task.Delay(moment);
            // It may have been faster.
            await CuckooProcess.ToolAsync("kill", "-INT", $"{process.Id}");
            var result = await CuckooProcess.WaitAsync(process, "mount");

            if (result.ExitStatus == 0)
            {
                await drive.UnmountAsync();
                continue;
            }
            result.MustFail(1, "nothing was lost", "again");
            Assert.Empty(ChildrenOf(drive));
            Assert.False(IsMounted(drive));
        }

        await drive.MountAsync();
        await drive.UnmountAsync();
    }

    [Fact]
    public async Task A_background_process_that_is_told_to_end_before_it_has_the_passphrase_does_not_mount()
    {
        await using var drive = await MountedDrive.CreateUnmountedAsync();
        using var process = CuckooProcess.Start(
            CuckooProcess.Executable, drive.Environment, "mount", MountedDrive.Name, drive.MountPoint, Background);
        while (!HandlesTermination(process.Id))
            await Task.Delay(10);

        (await CuckooProcess.ToolAsync("kill", $"{process.Id}")).MustSucceed();
        using (var passphrase = SecretInput.FromText(MountedDrive.Passphrase))
            await passphrase.WriteToAsync(process.StandardInput.BaseStream, CancellationToken.None);
        process.StandardInput.Close();
        var result = await CuckooProcess.WaitAsync(process, "mount in the background");

        Assert.NotEqual(0, result.ExitStatus);
        Assert.False(IsMounted(drive));
    }

    [Fact]
    public async Task A_background_process_whose_parent_has_gone_takes_its_mount_away()
    {
        await using var drive = await MountedDrive.CreateUnmountedAsync();
        using var process = CuckooProcess.Start(
            CuckooProcess.Executable, drive.Environment, "mount", MountedDrive.Name, drive.MountPoint, Background);
        process.StandardOutput.Close();

        using (var passphrase = SecretInput.FromText(MountedDrive.Passphrase))
            await passphrase.WriteToAsync(process.StandardInput.BaseStream, CancellationToken.None);
        process.StandardInput.Close();
        await process.WaitForExitAsync();

        Assert.NotEqual(0, process.ExitCode);
        Assert.False(IsMounted(drive));
    }

    private static bool IsMounted(MountedDrive drive) =>
        File.ReadLines("/proc/self/mounts").Any(line => line.Contains($" {drive.MountPoint} ", StringComparison.Ordinal));

    private static List<string> ChildrenOf(MountedDrive drive) => [.. Directory.EnumerateDirectories("/proc")
        .Where(process => CommandLineOf(process) is var command && command.Contains(Background) && command.Contains(drive.MountPoint))];

    private static string[] CommandLineOf(string process)
    {
        try
        {
            return File.ReadAllText($"{process}/cmdline").Split('\0');
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return []; // Not a process, or one that has ended.
        }
    }

    /// <summary>Whether SIGTERM no longer ends the process at once.</summary>
    private static bool HandlesTermination(int process)
    {
        const string Caught = "SigCgt:\t";
        const ulong Terminate = 1UL << 14;
        var line = File.ReadLines($"/proc/{process}/status").First(line => line.StartsWith(Caught, StringComparison.Ordinal));
        return (Convert.ToUInt64(line[Caught.Length..], 16) & Terminate) != 0;
    }
}
