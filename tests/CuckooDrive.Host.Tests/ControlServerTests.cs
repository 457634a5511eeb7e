using System.Net.Sockets;
using CuckooDrive.Host.Daemon;
using CuckooDrive.Host.State;
using CuckooDrive.Testing.Host;
using Microsoft.Extensions.Logging.Abstractions;
using MountedDrive = CuckooDrive.Testing.Host.MountedDrive;

namespace CuckooDrive.Host.Tests;

/// <summary>Clients that do not behave, and a system that has no more to give.</summary>
public sealed class ControlServerTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    /// <summary>As one that was suspended with Ctrl-Z.</summary>
    [Fact]
    public async Task A_client_that_does_not_take_its_answer_does_not_hold_up_the_end()
    {
        using var folder = new TemporaryFolder();
        var folders = new DriveFolders("photos", folder.Sub("photos"));
        folders.Prepare();
        var handler = new LongAnswer();
        var server = new ControlServer(folders, handler, NullLogger<ControlServer>.Instance);
        server.Start();
        using var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await client.ConnectAsync(new UnixDomainSocketEndPoint(folders.ControlSocket));
        await client.SendAsync("{\"command\":\"status\"}\n"u8.ToArray());
        await handler.Asked.Task.WaitAsync(Patience);
        // The first of it is there, so the rest is on its way.
        Assert.Equal(1, await client.ReceiveAsync(new byte[1]).WaitAsync(Patience));

        await server.DisposeAsync().AsTask().WaitAsync(Patience);
    }

    /// <summary>Progress is told twice a second, for as long as the client is suspended.</summary>
    [Fact]
    public async Task A_client_that_takes_no_progress_blocks_one_thread_and_no_more()
    {
        using var folder = new TemporaryFolder();
        var folders = new DriveFolders("photos", folder.Sub("photos"));
        folders.Prepare();
        var handler = new LongWork();
        var server = new ControlServer(folders, handler, NullLogger<ControlServer>.Instance);
        server.Start();
        using var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await client.ConnectAsync(new UnixDomainSocketEndPoint(folders.ControlSocket));
        await client.SendAsync("{\"command\":\"flush\"}\n"u8.ToArray());
        var progress = await handler.Begun.Task.WaitAsync(Patience);
        var first = Task.Run(() => progress.Report(new ControlProgress(new string('a', 16 << 20), 0, 0)));
        Assert.Equal(1, await client.ReceiveAsync(new byte[1]).WaitAsync(Patience));

        await Task.Run(() => progress.Report(new ControlProgress("more", 0, 0))).WaitAsync(Patience);

        Assert.False(first.IsCompleted);
        await server.DisposeAsync().AsTask().WaitAsync(Patience);
        await first.WaitAsync(Patience);
    }

    /// <summary>One that fails, or is just being closed, must not hide the others.</summary>
    [Fact]
    public async Task All_drives_are_listed_when_one_of_them_cannot_tell_its_status()
    {
        await using var drive = await MountedDrive.CreateUnmountedAsync();
        (await drive.RunAsync("create", "other", "--cloud", $"file://{drive.Root}/other")).MustSucceed();
        var folders = new DriveFolders("other", Path.Combine(drive.Home, "state", "drives", "other"));
        folders.Prepare();
        await using var server = new ControlServer(folders, new Closing(), NullLogger<ControlServer>.Instance);
        server.Start();

        var listed = (await drive.RunAsync("status")).MustSucceed();

        Assert.Contains("other", listed.Output, StringComparison.Ordinal);
        Assert.Contains(MountedDrive.Name, listed.Output, StringComparison.Ordinal);
        Assert.Contains("'other'", listed.Error, StringComparison.Ordinal);
    }

    /// <summary>The next mount may come before the process that has answered is gone, and is not to lose its own socket with it.</summary>
    [Fact]
    public async Task A_drive_counts_as_mounted_no_more_when_its_unmount_is_answered()
    {
        using var folder = new TemporaryFolder();
        var folders = new DriveFolders("photos", folder.Sub("photos"));
        folders.Prepare();
        var server = new ControlServer(folders, new Unmounting(), NullLogger<ControlServer>.Instance);
        server.Start();
        using var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await client.ConnectAsync(new UnixDomainSocketEndPoint(folders.ControlSocket));
        await client.SendAsync("{\"command\":\"unmount\"}\n"u8.ToArray());

        Assert.Equal(1, await client.ReceiveAsync(new byte[1]).WaitAsync(Patience));
        Assert.False(File.Exists(folders.ControlSocket));

        await using var next = new ControlServer(folders, new Unmounting(), NullLogger<ControlServer>.Instance);
        next.Start();
        await server.DisposeAsync().AsTask().WaitAsync(Patience);
        Assert.True(File.Exists(folders.ControlSocket));
    }

    [Fact]
    public async Task A_process_without_descriptors_waits_before_it_accepts_again()
    {
        await using var drive = await MountedDrive.CreateAsync();
        using var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

        (await CuckooProcess.ToolAsync("prlimit", "--pid", $"{drive.ProcessId}", "--nofile=3:")).MustSucceed();
        await client.ConnectAsync(new UnixDomainSocketEndPoint(ControlSocketOf(drive)));
        for (var tries = 0; Refusals(drive) == 0; tries++)
        {
            Assert.True(tries < 600, "It accepts without descriptors.");
            await Task.Delay(100);
        }
        await Task.Delay(TimeSpan.FromSeconds(3));
        (await CuckooProcess.ToolAsync("prlimit", "--pid", $"{drive.ProcessId}", "--nofile=4096:")).MustSucceed();

        using var status = await drive.StatusAsync();
        Assert.Equal(drive.ProcessId, status.RootElement.GetProperty("processId").GetInt32());
        Assert.InRange(Refusals(drive), 1, 50);
    }

    private static string ControlSocketOf(MountedDrive drive) =>
        Path.Combine(drive.Home, "state", "drives", MountedDrive.Name, "run", "control");

    private static int Refusals(MountedDrive drive) =>
        File.ReadLines(drive.LogFile).Count(line => line.Contains("could not be accepted", StringComparison.Ordinal));

    private sealed class Unmounting : IControlHandler
    {
        public Task<ControlReply> HandleAsync(ControlRequest control, IProgress<ControlProgress> progress, CancellationToken cancellation) =>
            Task.FromResult(new ControlReply(new ControlResponse { Ok = true }, AfterSent: static () => { }));
    }

    private sealed class LongWork : IControlHandler
    {
        public TaskCompletionSource<IProgress<ControlProgress>> Begun { get; } = new();

        public async Task<ControlReply> HandleAsync(ControlRequest request, IProgress<ControlProgress> progress, CancellationToken cancellation)
        {
            Begun.TrySetResult(progress);
            await Task.Delay(Timeout.Infinite, cancellation);
            throw new InvalidOperationException();
        }
    }

    private sealed class Closing : IControlHandler
    {
        public Task<ControlReply> HandleAsync(ControlRequest request, IProgress<ControlProgress> progress, CancellationToken cancellation) =>
            throw new ObjectDisposedException("store");
    }

    private sealed class LongAnswer : IControlHandler
    {
        public TaskCompletionSource Asked { get; } = new();

        public Task<ControlReply> HandleAsync(ControlRequest request, IProgress<ControlProgress> progress, CancellationToken cancellation)
        {
            Asked.TrySetResult();
            return Task.FromResult(ControlReply.Failed(new string('a', 16 << 20)));
        }
    }
}
