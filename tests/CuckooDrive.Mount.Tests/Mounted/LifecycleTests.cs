using System.Diagnostics;
using System.Globalization;
using CuckooDrive.Mount.Fuse;
using CuckooDrive.Mount.Tests.Support;
using CuckooDrive.Testing.FileSystems;

namespace CuckooDrive.Mount.Tests.Mounted;

/// <summary>Mounting, unmounting, and what goes wrong on the way.</summary>
public sealed class LifecycleTests : IDisposable
{
    private const int Terminate = 15;

    private readonly string _mountPoint = Mounts.NewMountPoint();

    public LifecycleTests() =>
        Assert.SkipWhen(MountedProcess.WhyUnavailable() is not null, MountedProcess.WhyUnavailable() ?? "");

    public void Dispose() => Directory.Delete(_mountPoint, recursive: true);

    [Fact]
    public async Task Unmounting_by_anyone_ends_the_program_cleanly()
    {
        await using var mount = await Mounts.StartAsync(_mountPoint);
        File.WriteAllText(mount.Path("file"), "content");
        Assert.Equal(0, await Shell.RunAsync("umount", _mountPoint));
        await mount.WaitForExitAsync();
        Assert.Equal(0, mount.ExitCode);
        Assert.False(MountTable.IsMountPoint(_mountPoint));
        Assert.Empty(Directory.GetFileSystemEntries(_mountPoint));
    }

    [Fact]
    public async Task A_signal_unmounts_and_ends_the_program_cleanly()
    {
        await using var mount = await Mounts.StartAsync(_mountPoint);
        Assert.Equal(0, Posix.Signal(mount.ProcessId, Terminate));
        await mount.WaitForExitAsync();
        Assert.Equal(0, mount.ExitCode);
        Assert.False(MountTable.IsMountPoint(_mountPoint));
    }

    [Fact]
    public async Task A_mount_in_use_is_not_unmounted_but_a_signal_ends_it_and_loses_nothing_written()
    {
        // So slow that the kernel still holds most of it when the signal comes.
        await using var mount = await Mounts.StartAsync(_mountPoint, "faulty", "slow");
        var file = Posix.Open(mount.Path("file"), Posix.Create | Posix.ReadWrite);
        Assert.NotEqual(0, await Shell.RunAsync("umount", _mountPoint));
        var data = new byte[64 << 20];
        Assert.Equal(data.Length, Posix.Write(file, data));
        Assert.Equal(0, Posix.Signal(mount.ProcessId, Terminate));
        await mount.WaitForExitAsync();
        Assert.Equal(0, mount.ExitCode);
        Assert.Contains($"written {data.Length}", await mount.ErrorsAsync(), StringComparison.Ordinal);
        Assert.False(MountTable.IsMountPoint(_mountPoint));
        Assert.True(Posix.Sync(file) < 0 || Posix.Close(Posix.Open($"/proc/self/fd/{file}", Posix.ReadOnly)) < 0);
        Posix.Close(file);
    }

    [Fact]
    public async Task What_a_killed_program_leaves_is_recognised_and_cleaned()
    {
        await using var mount = await Mounts.StartAsync(_mountPoint);
        // The kernel keeps the attributes of a mount that is used, and shows them when nobody serves it any more.
        File.WriteAllText(mount.Path("file"), "content");
        Assert.Equal(0, Posix.TryStatus(_mountPoint, out _));
        await mount.KillAsync();
        Assert.Equal(0, Posix.TryStatus(_mountPoint, out _));
        Assert.Equal(Minus.ENOTCONN, Posix.TryStatus($"{_mountPoint}/x", out _));
        Assert.True(MountTable.IsMountPoint(_mountPoint));
        Assert.True(MountTable.IsStale(_mountPoint));
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => Mounts.StartAsync(_mountPoint));
        Assert.Contains(nameof(FuseMountFailure.StaleMountPoint), failure.Message, StringComparison.Ordinal);
        MountTable.CleanStale(_mountPoint);
        Assert.False(MountTable.IsMountPoint(_mountPoint));
        await using var again = await Mounts.StartAsync(_mountPoint);
        Assert.False(MountTable.IsStale(_mountPoint));
    }

    [Fact]
    public async Task A_read_only_mount_refuses_changes()
    {
        await using var mount = await Mounts.StartAsync(_mountPoint, "read-only");
        Assert.Equal(Minus.EROFS, Posix.Open(mount.Path("file"), Posix.Create | Posix.WriteOnly));
        Assert.Equal(Minus.EROFS, Posix.MakeDirectory(mount.Path("folder")));
        Assert.Equal(Minus.EROFS, Posix.ChangeMode(_mountPoint, 0x1FF));
        Assert.Empty(Directory.GetFileSystemEntries(_mountPoint));
    }

    [Fact]
    public async Task An_interrupted_caller_does_not_wait_for_an_answer_that_never_comes()
    {
        await using var mount = await Mounts.StartAsync(_mountPoint, "faulty");
        File.WriteAllText(mount.Path("file"), "content");
        using var caller = HelperProcess.Start("get-attribute", mount.Path("file"), FaultyFileSystem.Hang);
        await WaitUntilAsync(() => IsWaitingInKernel(caller.Id));
        Assert.Equal("content", File.ReadAllText(mount.Path("file")));
        caller.Kill();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await caller.WaitForExitAsync(patience.Token);
        Assert.Equal(0, await Shell.RunAsync("umount", _mountPoint));
        await mount.WaitForExitAsync();
        Assert.Equal(0, mount.ExitCode);
    }

    [Fact]
    public async Task A_signal_that_does_not_end_the_caller_interrupts_nothing()
    {
        await using var mount = await Mounts.StartAsync(_mountPoint, "faulty");
        File.WriteAllText(mount.Path("file"), "content");
        using var waiting = HelperProcess.Start("get-attribute", mount.Path("file"), FaultyFileSystem.Wait);
        using var hanging = HelperProcess.Start("get-attribute", mount.Path("file"), FaultyFileSystem.Hang);
        await WaitUntilAsync(() => IsWaitingInKernel(waiting.Id));
        await WaitUntilAsync(() => IsWaitingInKernel(hanging.Id));
        // .NET handles this signal, as databases handle those that they send each other.
        foreach (var caller in new[] { waiting, hanging })
            Assert.Equal(0, await Shell.RunAsync("kill", "-CONT", caller.Id.ToString(CultureInfo.InvariantCulture)));
        Assert.Equal(Minus.ENODATA, Posix.GetAttribute(mount.Path("file"), FaultyFileSystem.Go, new byte[10]));
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await waiting.WaitForExitAsync(patience.Token);
        Assert.Equal(-Minus.ENODATA, waiting.ExitCode);
        // Whoever got a harmless signal first can still be killed.
        Assert.False(hanging.HasExited);
        hanging.Kill();
        await hanging.WaitForExitAsync(patience.Token);
    }

    [Fact]
    public async Task Exceptions_of_the_file_system_are_input_output_errors_and_end_nothing()
    {
        await using var mount = await Mounts.StartAsync(_mountPoint, "faulty");
        File.WriteAllText(mount.Path("file"), "content");
        for (var i = 0; i < 10; i++)
        {
            Assert.Equal(Minus.EIO, Posix.GetAttribute(mount.Path("file"), FaultyFileSystem.Throw, new byte[10]));
            Assert.Equal(Minus.EIO, Posix.GetAttribute(mount.Path("file"), FaultyFileSystem.ThrowLater, new byte[10]));
        }
        Assert.Equal("content", File.ReadAllText(mount.Path("file")));
    }

    [Fact]
    public async Task What_cannot_be_mounted_on_is_refused_with_the_reason()
    {
        await ExpectAsync(FuseMountFailure.MountPointMissing, _mountPoint + "/missing");
        File.WriteAllText(_mountPoint + "/file", "");
        await ExpectAsync(FuseMountFailure.MountPointNotDirectory, _mountPoint + "/file");
        await ExpectAsync(FuseMountFailure.MountPointNotEmpty, _mountPoint);
        File.Delete(_mountPoint + "/file");
        await using var mount = await Mounts.StartAsync(_mountPoint);
        using var second = HelperProcess.StartQuietly("mount", _mountPoint);
        var message = await second.StandardError.ReadToEndAsync();
        await second.WaitForExitAsync();
        Assert.Equal(1, second.ExitCode);
        Assert.StartsWith(nameof(FuseMountFailure.AlreadyMounted), message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_mount_point_may_be_given_as_a_link()
    {
        var link = _mountPoint + "-link";
        Assert.Equal(0, Posix.SymbolicLink(_mountPoint, link));
        try
        {
            await using var mount = await MountedProcess.StartAsync("dotnet", HelperProcess.Arguments("mount", link), _mountPoint);
            Assert.True(MountTable.IsMountPoint(link));
            Assert.Equal(0, Posix.Signal(mount.ProcessId, Terminate));
            await mount.WaitForExitAsync();
            Assert.Equal(0, mount.ExitCode);
            Assert.False(MountTable.IsMountPoint(_mountPoint));
        }
        finally
        {
            Posix.Remove(link);
        }
    }

    private static async Task ExpectAsync(FuseMountFailure failure, string mountPoint)
    {
        var exception = await Assert.ThrowsAsync<InvalidOperationException>(() => Mounts.StartAsync(mountPoint));
        Assert.Contains($"{failure}: ", exception.Message, StringComparison.Ordinal);
    }

    private static async Task WaitUntilAsync(Func<bool> condition)
    {
        for (var watch = Stopwatch.StartNew(); !condition();)
        {
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(30), "what was awaited does not come");
            await Task.Delay(10);
        }
    }

    /// <summary>A FUSE request that waits shows in the kernel function that the main thread sleeps in.</summary>
    private static bool IsWaitingInKernel(int process) =>
        Directory.GetDirectories($"/proc/{process}/task").Any(task => ReadOrEmpty($"{task}/wchan").Contains("request_wait_answer", StringComparison.Ordinal)
            || ReadOrEmpty($"{task}/syscall").StartsWith("192 ", StringComparison.Ordinal));

    private static string ReadOrEmpty(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            return "";
        }
    }
}
