using System.Diagnostics;
using CuckooDrive.Mount.Fuse;

namespace CuckooDrive.Testing.FileSystems;

/// <summary>
/// A mount served by another process, for tests to work on: a process must not touch its own mount. Takes any command
/// that mounts at a folder and stays in the foreground.
/// </summary>
public sealed class MountedProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(20);

    private readonly Process _process;
    private readonly Task<string> _errors;

    private MountedProcess(Process process, string mountPoint)
    {
        _process = process;
        MountPoint = mountPoint;
        _errors = process.StandardError.ReadToEndAsync();
    }

    public string MountPoint { get; }

    public int ProcessId => _process.Id;

    public bool HasExited => _process.HasExited;

    public int ExitCode => _process.ExitCode;

    /// <summary>Why tests on real mounts cannot run here, or null.</summary>
    public static string? WhyUnavailable()
    {
        if (!OperatingSystem.IsLinux())
            return "Mounts are tested on Linux.";
        if (!File.Exists("/dev/fuse"))
            return "There is no /dev/fuse.";
        return Posix.UserId() != 0 && !File.Exists("/usr/bin/fusermount3") ? "Package fuse3 is not installed." : null;
    }

    /// <summary>Starts a program and waits until it has mounted.</summary>
    /// <param name="program">Found in PATH, or absolute.</param>
    /// <param name="arguments">Must mount at <paramref name="mountPoint"/>.</param>
    /// <param name="mountPoint">An empty folder.</param>
    /// <param name="environment">Additional variables.</param>
    /// <exception cref="InvalidOperationException">It ended, or did not mount in a minute; with its error output.</exception>
    public static async Task<MountedProcess> StartAsync(
        string program, IEnumerable<string> arguments, string mountPoint, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        var before = MountTable.Find(mountPoint);
        var process = Process.Start(start) ?? throw new InvalidOperationException($"{program} could not be started.");
        // Nobody reads it, but it must not fill up.
        process.OutputDataReceived += static (_, _) => { };
        process.BeginOutputReadLine();
        var mounted = new MountedProcess(process, mountPoint);
        await mounted.WaitUntilMountedAsync(before).ConfigureAwait(false);
        return mounted;
    }

    public string Path(string name) => System.IO.Path.Combine(MountPoint, name);

    /// <summary>SIGKILL: what a crash leaves.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync().ConfigureAwait(false);
    }

    public async Task WaitForExitAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        await _process.WaitForExitAsync(patience.Token).ConfigureAwait(false);
    }

    /// <summary>What it wrote to standard error; when it has ended.</summary>
    public Task<string> ErrorsAsync() => _errors;

    /// <summary>Unmounts, lazily where something still holds it, and ends the process.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await RunAsync("umount", "-l", MountPoint).ConfigureAwait(false);
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
            try
            {
                await _process.WaitForExitAsync(patience.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                await KillAsync().ConfigureAwait(false);
            }
        }
        else if (MountTable.IsMountPoint(MountPoint))
        {
            await RunAsync("umount", "-l", MountPoint).ConfigureAwait(false);
        }
        _process.Dispose();
    }

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        await process.StandardError.ReadToEndAsync().ConfigureAwait(false);
        await process.WaitForExitAsync().ConfigureAwait(false);
    }

    /// <param name="before">What was mounted there already, stale perhaps.</param>
    private async Task WaitUntilMountedAsync(MountTableEntry? before)
    {
        for (var watch = Stopwatch.StartNew(); MountTable.Find(MountPoint) == before;)
        {
            if (_process.HasExited)
                throw new InvalidOperationException($"The mounting process ended with {_process.ExitCode}: {await _errors.ConfigureAwait(false)}");
            if (watch.Elapsed > Patience)
            {
                await KillAsync().ConfigureAwait(false);
                throw new InvalidOperationException($"Nothing was mounted at {MountPoint}: {await _errors.ConfigureAwait(false)}");
            }
            await Task.Delay(PollInterval).ConfigureAwait(false);
        }
    }
}
