using CuckooDrive.Testing.Host;

namespace CuckooDrive.Host.Tests;

/// <summary>Programs that are started without some of the standard streams, as a shell's ">&amp;-" does.</summary>
public sealed class StandardStreamTests
{
    [Fact]
    public async Task Storing_a_closed_standard_input_fails_and_stores_nothing()
    {
        using var folder = new TemporaryFolder();
        var cloud = folder.Sub("cloud");

        (await RunAsync(folder.Environment, $"storage put - file://{cloud} name <&-")).MustFail(2, "standard input is closed");

        Assert.Empty(Directory.EnumerateFiles(cloud, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task Printing_an_object_to_a_closed_standard_output_fails()
    {
        using var folder = new TemporaryFolder();
        var cloud = folder.Sub("cloud");
        File.WriteAllText(Path.Combine(cloud, "name"), "hello");

        (await RunAsync(folder.Environment, $"storage cat file://{cloud} name >&-")).MustFail(1, "standard output is closed");
    }

    [Theory]
    [InlineData(">&-")]
    [InlineData("<&- >&- 2>&-")]
    public async Task A_command_without_them_does_its_work(string redirection)
    {
        await using var drive = await MountedDrive.CreateUnmountedAsync();

        (await RunAsync(drive.Environment, $"mount {MountedDrive.Name} {drive.MountPoint} {redirection}")).MustSucceed();
        File.WriteAllText(drive.PathOf("a"), "hello");
        (await RunAsync(drive.Environment, $"flush {MountedDrive.Name} --verbose {redirection}")).MustSucceed();
        (await RunAsync(drive.Environment, $"unmount {drive.MountPoint} {redirection}")).MustSucceed();

        await drive.MountAsync();
        Assert.Equal("hello", File.ReadAllText(drive.PathOf("a")));
        await drive.CheckAsync();
    }

    [Fact]
    public async Task A_flush_that_cannot_tell_of_its_progress_does_its_work()
    {
        await using var drive = await MountedDrive.CreateUnmountedAsync();

        (await RunAsync(drive.Environment, $"flush {MountedDrive.Name} 2>/dev/full")).MustSucceed();
    }

    /// <summary>What a later file got the number of would be written to by the console.</summary>
    [Theory]
    [InlineData(">&-")]
    [InlineData("<&- >&- 2>&-")]
    public async Task A_mount_in_the_foreground_without_them_opens_no_file_in_their_place(string redirection)
    {
        await using var drive = await MountedDrive.CreateUnmountedAsync();
        using var process = CuckooProcess.Start(
            "sh", drive.Environment, "-c", $"exec '{CuckooProcess.Executable}' mount {MountedDrive.Name} {drive.MountPoint} --foreground {redirection}");
        try
        {
            while (!process.HasExited && !File.ReadLines("/proc/self/mounts").Any(line => line.Contains($" {drive.MountPoint} ", StringComparison.Ordinal)))
                await Task.Delay(20, TestContext.Current.CancellationToken);
            File.WriteAllText(drive.PathOf("a"), "hello");
            (await drive.RunAsync("flush", MountedDrive.Name)).MustSucceed();

            for (var descriptor = 0; descriptor < 3; descriptor++)
                Assert.DoesNotContain(drive.Root, File.ResolveLinkTarget($"/proc/{process.Id}/fd/{descriptor}", returnFinalTarget: false)?.FullName ?? "", StringComparison.Ordinal);
        }
        finally
        {
            await drive.RunAsync("unmount", drive.MountPoint);
            if (!process.WaitForExit(TimeSpan.FromMinutes(1)))
                process.Kill();
        }
    }

    private static async Task<CuckooResult> RunAsync(IReadOnlyDictionary<string, string?> environment, string arguments)
    {
        using var process = CuckooProcess.Start("sh", environment, "-c", $"exec '{CuckooProcess.Executable}' {arguments}");
        process.StandardInput.Close();
        return await CuckooProcess.WaitAsync(process, arguments);
    }
}
