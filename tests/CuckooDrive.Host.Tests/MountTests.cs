using CuckooDrive.Testing.Host;

namespace CuckooDrive.Host.Tests;

/// <summary>How a mount begins and ends.</summary>
public sealed class MountTests
{
    private const int HangUp = 1;
    private const int Interrupt = 2;
    private const int Terminate = 15;

    [Fact]
    public async Task What_is_written_is_there_after_unmounting_and_mounting_again()
    {
        await using var drive = await MountedDrive.CreateAsync();
        var content = RandomBytes(3_000_000);
        File.WriteAllBytes(drive.PathOf("photo"), content);
        Directory.CreateDirectory(drive.PathOf("a", "b"));
        File.WriteAllText(drive.PathOf("a", "b", "note"), "hello");
        File.CreateSymbolicLink(drive.PathOf("link"), "a/b/note");

        await drive.RemountAsync();

        Assert.Equal(content, File.ReadAllBytes(drive.PathOf("photo")));
        Assert.Equal("hello", File.ReadAllText(drive.PathOf("link")));
        await drive.CheckAsync();
    }

    [Theory]
    [InlineData(Terminate)]
    [InlineData(Interrupt)]
    [InlineData(HangUp)]
    public async Task A_signal_ends_a_mount_in_the_background_cleanly(int signal)
    {
        await using var drive = await MountedDrive.CreateAsync();
        File.WriteAllText(drive.PathOf("a"), "written just before");

        await drive.SignalAsync(signal);
        await drive.WaitForEndAsync();

        Assert.Empty(Directory.EnumerateFileSystemEntries(drive.MountPoint));
        await drive.CheckAsync();
        await drive.MountAsync();
        Assert.Equal("written just before", File.ReadAllText(drive.PathOf("a")));
    }

    [Theory]
    [InlineData(Terminate)]
    [InlineData(Interrupt)]
    public async Task A_signal_ends_a_mount_in_the_foreground_with_success(int signal)
    {
        await using var drive = await MountedDrive.CreateUnmountedAsync();
        using var process = CuckooProcess.Start(
            CuckooProcess.Executable, drive.Environment, "mount", MountedDrive.Name, drive.MountPoint, "--foreground");
        Assert.Contains("Mounted 'test'", await process.StandardOutput.ReadLineAsync(), StringComparison.Ordinal);
        File.WriteAllText(drive.PathOf("a"), "hello");

        (await CuckooProcess.ToolAsync("kill", $"-{signal}", $"{process.Id}")).MustSucceed();
        var result = await CuckooProcess.WaitAsync(process, "mount --foreground");

        Assert.Equal(0, result.ExitStatus);
        Assert.Empty(result.Error);
        await drive.MountAsync();
        Assert.Equal("hello", File.ReadAllText(drive.PathOf("a")));
    }

    [Fact]
    public async Task A_signal_takes_the_mount_away_from_a_program_that_uses_it_and_keeps_what_it_wrote()
    {
        await using var drive = await MountedDrive.CreateAsync();
        await using (var file = new FileStream(drive.PathOf("open"), FileMode.CreateNew, FileAccess.Write))
        {
            file.Write("handed over"u8);
            file.Flush();

            await drive.SignalAsync(Terminate);
            await drive.WaitForEndAsync();
        }

        await drive.MountAsync();
        Assert.Equal("handed over", File.ReadAllText(drive.PathOf("open")));
    }

    [Fact]
    public async Task After_a_kill_the_stale_mount_point_is_cleaned_and_what_was_synced_is_there()
    {
        await using var drive = await MountedDrive.CreateAsync();
        var content = RandomBytes(500_000);
        await using (var file = new FileStream(drive.PathOf("synced"), FileMode.CreateNew))
        {
            file.Write(content);
            file.Flush(flushToDisk: true);
        }

        await drive.KillAsync();
        Assert.Throws<IOException>(() => Directory.GetFileSystemEntries(drive.MountPoint));
        var mounted = (await drive.RunAsync("mount", MountedDrive.Name, drive.MountPoint)).MustSucceed();

        Assert.Contains("left-over mount", mounted.Error, StringComparison.Ordinal);
        Assert.Equal(content, File.ReadAllBytes(drive.PathOf("synced")));
        await drive.CheckAsync();
        await drive.UnmountAsync();
    }

    [Fact]
    public async Task A_stale_mount_point_can_be_unmounted()
    {
        await using var drive = await MountedDrive.CreateAsync();
        await drive.KillAsync();

        var result = (await drive.RunAsync("unmount", drive.MountPoint)).MustSucceed();

        Assert.Contains("left-over", result.Output, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(drive.MountPoint));
    }

    /// <summary>A crash leaves behind where its drive was mounted.</summary>
    [Fact]
    public async Task A_drive_is_unmounted_from_where_another_one_crashed()
    {
        await using var drive = await MountedDrive.CreateAsync();
        (await drive.RunAsync("create", "zebra", "--cloud", $"file://{drive.Root}/zebra")).MustSucceed();
        await drive.KillAsync();
        (await drive.RunAsync("mount", "zebra", drive.MountPoint)).MustSucceed();

        var unmounted = (await drive.RunAsync("unmount", drive.MountPoint)).MustSucceed();

        Assert.Contains("Unmounted 'zebra'", unmounted.Output, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(drive.MountPoint));
    }

    [Fact]
    public async Task A_second_mount_is_refused_and_says_where_the_first_is()
    {
        await using var drive = await MountedDrive.CreateAsync();
        var second = Directory.CreateDirectory(Path.Combine(drive.Root, "second")).FullName;

        var result = await drive.RunAsync("mount", MountedDrive.Name, second);

        result.MustFail(1, drive.MountPoint, "cuckoo unmount");
        Assert.Empty(Directory.EnumerateFileSystemEntries(second));
    }

    [Fact]
    public async Task State_that_another_process_holds_is_refused()
    {
        await using var drive = await MountedDrive.CreateAsync();
        File.WriteAllText(drive.PathOf("a"), "hello");
        // As after a change of the folder's name or a copied home: the socket is not found, the lock is.
        File.Delete(Path.Combine(drive.Home, "state", "drives", MountedDrive.Name, "run", "control"));
        var second = Directory.CreateDirectory(Path.Combine(drive.Root, "second")).FullName;

        var mount = await drive.RunAsync("mount", MountedDrive.Name, second);
        var flush = await drive.RunAsync("flush", MountedDrive.Name);

        mount.MustFail(1, "process");
        flush.MustFail(1, "process");
        Assert.Equal("hello", File.ReadAllText(drive.PathOf("a")));
        await drive.SignalAsync(Terminate);
        await drive.WaitForEndAsync();
    }

    [Fact]
    public async Task An_unmount_from_outside_ends_the_process_cleanly()
    {
        await using var drive = await MountedDrive.CreateAsync();
        File.WriteAllText(drive.PathOf("a"), "hello");

        var unmount = Environment.IsPrivilegedProcess
            ? await CuckooProcess.ToolAsync("umount", drive.MountPoint)
            : await CuckooProcess.ToolAsync("fusermount3", "-u", drive.MountPoint);
        unmount.MustSucceed();
        await drive.WaitForEndAsync();

        await drive.CheckAsync();
        await drive.MountAsync();
        Assert.Equal("hello", File.ReadAllText(drive.PathOf("a")));
    }

    [Fact]
    public async Task Unmounting_a_mount_in_use_names_the_program_and_changes_nothing()
    {
        await using var drive = await MountedDrive.CreateAsync();
        await using (var file = new FileStream(drive.PathOf("open"), FileMode.CreateNew, FileAccess.Write))
        {
            var refused = await drive.RunAsync("unmount", drive.MountPoint);

            refused.MustFail(1, "in use by", $"process {Environment.ProcessId}", "close");
            file.Write("still writing"u8);
        }

        Assert.Equal("still writing", File.ReadAllText(drive.PathOf("open")));
        await drive.UnmountAsync();
    }

    [Fact]
    public async Task A_drive_mounted_read_only_takes_no_writes()
    {
        await using var drive = await MountedDrive.CreateAsync();
        File.WriteAllText(drive.PathOf("a"), "hello");

        await drive.RemountAsync("--read-only");

        Assert.Equal("hello", File.ReadAllText(drive.PathOf("a")));
        var failure = Assert.Throws<IOException>(() => File.WriteAllText(drive.PathOf("b"), "x"));
        Assert.Contains("Read-only file system", failure.Message, StringComparison.Ordinal);
        using var status = await drive.StatusAsync();
        Assert.True(status.RootElement.GetProperty("readOnly").GetBoolean());
    }

    [Fact]
    public async Task It_works_as_dotnet_cuckoo_dll_too()
    {
        await using var drive = await MountedDrive.CreateUnmountedAsync();
        var program = CuckooProcess.Executable + ".dll";

        using var process = CuckooProcess.Start("dotnet", drive.Environment, program, "mount", MountedDrive.Name, drive.MountPoint);
        (await CuckooProcess.WaitAsync(process, "dotnet cuckoo.dll mount")).MustSucceed();

        File.WriteAllText(drive.PathOf("a"), "hello");
        await drive.UnmountAsync();
    }

    [Fact]
    public async Task A_mount_reached_through_a_symbolic_link_is_the_same_mount()
    {
        await using var drive = await MountedDrive.CreateUnmountedAsync();
        var link = Path.Combine(drive.Root, "link");
        Directory.CreateSymbolicLink(link, drive.Root);

        (await drive.RunAsync("mount", MountedDrive.Name, Path.Combine(link, "mnt"))).MustSucceed();
        File.WriteAllText(drive.PathOf("a"), "hello");

        (await drive.RunAsync("unmount", Path.Combine(link, "mnt", "."))).MustSucceed();
    }

    [Fact]
    public async Task Systemd_is_told_when_the_drive_is_usable()
    {
        await using var drive = await MountedDrive.CreateUnmountedAsync();
        var address = Path.Combine(drive.Root, "notify");
        using var socket = new System.Net.Sockets.Socket(
            System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Dgram, System.Net.Sockets.ProtocolType.Unspecified);
        socket.Bind(new System.Net.Sockets.UnixDomainSocketEndPoint(address));
        var environment = new Dictionary<string, string?>(drive.Environment) { ["NOTIFY_SOCKET"] = address };

        using var process = CuckooProcess.Start(
            CuckooProcess.Executable, environment, "mount", MountedDrive.Name, drive.MountPoint, "--foreground");
        var buffer = new byte[256];
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        var received = await socket.ReceiveAsync(buffer, patience.Token);

        Assert.Equal("READY=1", System.Text.Encoding.ASCII.GetString(buffer, 0, received));
        File.WriteAllText(drive.PathOf("a"), "usable");
        (await CuckooProcess.ToolAsync("kill", $"{process.Id}")).MustSucceed();
        Assert.Equal(0, (await CuckooProcess.WaitAsync(process, "mount")).ExitStatus);
    }

    private static byte[] RandomBytes(int length)
    {
        var bytes = new byte[length];
        new Random(42).NextBytes(bytes);
        return bytes;
    }
}
