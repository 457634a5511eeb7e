using System.Globalization;
using System.Net.Sockets;
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

            // One that has said so is ended by the signal as every program, and leaves the mount.
            if (result.ExitStatus == 0 || result.Output.Contains("Mounted 'test'", StringComparison.Ordinal))
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
        while (!LeadsItsSession(process.Id))
            await Task.Delay(10);

        (await CuckooProcess.ToolAsync("kill", $"{process.Id}")).MustSucceed();
        using (var passphrase = SecretInput.FromText(MountedDrive.Passphrase))
            await passphrase.WriteToAsync(process.StandardInput.BaseStream, CancellationToken.None);
        process.StandardInput.Close();
        var result = await CuckooProcess.WaitAsync(process, "mount in the background");

        Assert.NotEqual(0, result.ExitStatus);
        Assert.False(IsMounted(drive));
    }

    /// <summary>It cannot be told of progress any more, and the mount lives on.</summary>
    [Fact]
    public async Task A_client_that_dies_while_it_waits_for_a_flush_does_no_harm()
    {
        await using var drive = await MountedDrive.CreateAsync(new MountedDriveOptions { Clouds = 3 });
        drive.DestroyCloud(1);
        File.WriteAllBytes(drive.PathOf("a"), new byte[100_000]);
        var control = Path.Combine(drive.Home, "state", "drives", MountedDrive.Name, "run", "control");

        using (var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            await client.ConnectAsync(new UnixDomainSocketEndPoint(control));
            await client.SendAsync("{\"command\":\"flush\"}\n"u8.ToArray());
            Assert.True(await client.ReceiveAsync(new byte[1]) > 0);
            // Deaf but not gone, so that the process goes on telling it: twice a second.
            client.Shutdown(SocketShutdown.Receive);
            await Task.Delay(1500);
        }

        using var status = await drive.StatusAsync();
        Assert.Equal(drive.ProcessId, status.RootElement.GetProperty("processId").GetInt32());
        Assert.Equal(100_000, File.ReadAllBytes(drive.PathOf("a")).Length);
    }

    [Fact]
    public async Task A_mount_whose_last_step_fails_is_taken_away()
    {
        await using var drive = await MountedDrive.CreateUnmountedAsync();
        var crashFile = Path.Combine(Path.GetDirectoryName(drive.LogFile)!, "crash.log");
        Directory.CreateDirectory(crashFile);

        var result = await drive.RunAsync("mount", MountedDrive.Name, drive.MountPoint);

        result.MustFail(1, crashFile);
        Assert.False(IsMounted(drive));
        Directory.Delete(crashFile);
        await drive.MountAsync();
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

    /// <summary>By then it is about to read the passphrase, and whatever ends it must be noticed afterwards.</summary>
    private static bool LeadsItsSession(int process)
    {
        const int Session = 3;
        var line = File.ReadAllText($"/proc/{process}/stat");
        return int.Parse(line[(line.LastIndexOf(')') + 2)..].Split(' ')[Session], CultureInfo.InvariantCulture) == process;
    }
}
