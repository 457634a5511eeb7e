using System.Globalization;
using System.Text.Json;

namespace CuckooDrive.Testing.Host;

/// <summary>
/// A real drive over temporary folders, mounted by the real program in a process of its own. Disposing it unmounts for
/// sure and deletes everything. Not thread safe, but the mount may be used by many threads.
/// </summary>
/// <example><code>
/// await using var drive = await MountedDrive.CreateAsync();
/// File.WriteAllText(drive.PathOf("a.txt"), "hello");
/// await drive.KillAsync();
/// await drive.MountAsync();
/// </code></example>
public sealed class MountedDrive : IAsyncDisposable
{
    public const string Name = "test";
    public const string Passphrase = "a passphrase of the tests, äöü";
    private const int Killed = 9;
    private readonly MountedDriveOptions _options;

    private MountedDrive(MountedDriveOptions options, string root)
    {
        _options = options;
        Root = root;
        Clouds = options.Addresses is null
            ? [.. Enumerable.Range(1, options.Clouds).Select(number => Path.Combine(root, $"cloud{number}"))]
            : [];
    }

    /// <summary>The temporary folder that holds everything.</summary>
    public string Root { get; }

    /// <summary>The machine's memory of the drive (CUCKOO_HOME).</summary>
    public string Home => _options.Home ?? Path.Combine(Root, "home");

    public string MountPoint => Path.Combine(Root, "mnt");

    /// <summary>The folders that play the clouds; none where the clouds were given by their addresses.</summary>
    public IReadOnlyList<string> Clouds { get; }

    /// <summary>The process that serves the mount, or 0.</summary>
    public int ProcessId { get; private set; }

    private string SecretsFile => Path.Combine(Root, "secrets");

    /// <summary>The daemon's log.</summary>
    public string LogFile => Path.Combine(Home, "state", "drives", Name, "log", "cuckoo.log");

    /// <summary>Variables that the next commands get as well; what they start in the background inherits them.</summary>
    public Dictionary<string, string?> ExtraEnvironment { get; } = [];

    /// <summary>What every command is run with.</summary>
    public IReadOnlyDictionary<string, string?> Environment
    {
        get
        {
            var environment = new Dictionary<string, string?>
            {
                ["CUCKOO_HOME"] = Home,
                ["CUCKOO_PASSPHRASE"] = Passphrase,
                ["CUCKOO_TEST_CHEAP_PASSPHRASE"] = "1",
            };
            foreach (var (setting, value) in _options.Settings)
                environment["CUCKOO_SETTING_" + setting] = value;
            foreach (var (name, value) in _options.Environment.Concat(ExtraEnvironment))
                environment[name] = value;
            return environment;
        }
    }

    /// <summary>Makes a drive and mounts it.</summary>
    public static async Task<MountedDrive> CreateAsync(MountedDriveOptions? options = null)
    {
        var drive = await CreateUnmountedAsync(options);
        try
        {
            await drive.MountAsync();
            return drive;
        }
        catch
        {
            await drive.DisposeAsync();
            throw;
        }
    }

    /// <summary>Makes a drive without mounting it.</summary>
    public static async Task<MountedDrive> CreateUnmountedAsync(MountedDriveOptions? options = null)
    {
        options ??= new MountedDriveOptions();
        var root = Path.Combine(options.ParentFolder ?? Path.GetTempPath(), "cuckoo-test-" + Guid.NewGuid().ToString("N")[..12]);
        var drive = new MountedDrive(options, root);
        try
        {
            Directory.CreateDirectory(drive.MountPoint);
            foreach (var cloud in drive.Clouds)
                Directory.CreateDirectory(cloud);
            if (options.Secrets is not null)
            {
                await File.WriteAllTextAsync(drive.SecretsFile, options.Secrets);
                if (!OperatingSystem.IsWindows())
                    File.SetUnixFileMode(drive.SecretsFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            }
            List<string> arguments = ["create", Name];
            arguments.AddRange(drive.CloudArguments());
            if (options.Survive is { } survive)
                arguments.AddRange(["--survive", survive.ToString(CultureInfo.InvariantCulture)]);
            (await drive.RunAsync([.. arguments])).MustSucceed();
            return drive;
        }
        catch
        {
            await drive.DisposeAsync();
            throw;
        }
    }

    /// <summary>A path inside the mount.</summary>
    public string PathOf(params string[] names) => Path.Combine([MountPoint, .. names]);

    /// <summary>Runs the program against this drive's home.</summary>
    public Task<CuckooResult> RunAsync(params string[] arguments) => CuckooProcess.RunAsync(Environment, arguments);

    /// <summary>Mounts in the background, with the arguments of the options and these.</summary>
    public async Task MountAsync(params string[] arguments)
    {
        (await RunAsync(["mount", Name, MountPoint, .. _options.MountArguments, .. arguments])).MustSucceed();
        using var status = await StatusAsync();
        ProcessId = status.RootElement.GetProperty("processId").GetInt32();
    }

    /// <summary>Unmounts by the program: local state is safe on return.</summary>
    public async Task UnmountAsync()
    {
        (await RunAsync("unmount", MountPoint)).MustSucceed();
        ProcessId = 0;
    }

    /// <summary>Unmounts and mounts again: nothing is left in the kernel's caches.</summary>
    public async Task RemountAsync(params string[] arguments)
    {
        await UnmountAsync();
        await MountAsync(arguments);
    }

    /// <summary>Waits until everything is protected.</summary>
    public async Task FlushAsync() => (await RunAsync("flush", Name)).MustSucceed();

    /// <summary>What `status --json` says.</summary>
    public async Task<JsonDocument> StatusAsync() =>
        JsonDocument.Parse((await RunAsync("status", Name, "--json")).MustSucceed().Output);

    /// <summary>Fails the test with the findings unless `doctor` finds the drive consistent.</summary>
    public async Task CheckAsync(bool thorough = false) =>
        (await RunAsync(thorough ? ["doctor", Name, "--thorough"] : ["doctor", Name])).MustSucceed();

    /// <summary>SIGKILL, as a crash or a loss of power; the dead mount stays for the next mount to clean up.</summary>
    public async Task KillAsync()
    {
        await SignalAsync(Killed);
        await WaitForEndAsync();
    }

    /// <summary>Sends a signal to the process that serves the mount.</summary>
    public async Task SignalAsync(int signal)
    {
        // To kill, 0 means everybody around the caller.
        var process = ProcessId > 0 ? ProcessId : throw new InvalidOperationException("No process serves the mount.");
        (await CuckooProcess.ToolAsync("kill", $"-{signal.ToString(CultureInfo.InvariantCulture)}", process.ToString(CultureInfo.InvariantCulture))).MustSucceed();
    }

    /// <summary>Waits until the process that serves the mount is gone.</summary>
    public async Task WaitForEndAsync()
    {
        for (var waited = 0; ProcessExists(ProcessId); waited++)
        {
            if (waited > 6000)
                throw new TimeoutException($"Process {ProcessId} does not end; its log is {LogFile}.");
            await Task.Delay(10);
        }
        ProcessId = 0;
    }

    /// <summary>
    /// Loses this machine: kills the process, removes the mount and deletes state and cache. The clouds stay;
    /// <see cref="AttachAsync"/> makes a new machine.
    /// </summary>
    public async Task LoseMachineAsync()
    {
        if (ProcessId != 0)
            await KillAsync();
        await RemoveMountAsync();
        Directory.Delete(Home, recursive: true);
    }

    /// <summary>Attaches the drive on a new machine from the clouds given, or those whose folders still exist; mounts nothing.</summary>
    public async Task<CuckooResult> AttachAsync() => await RunAsync(["attach", Name, .. CloudArguments()]);

    /// <summary>Deletes what the disk cache holds of data that is on the clouds as well; nothing may be mounted.</summary>
    public void DropDiskCache()
    {
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Home, "state", "drives", Name, "volume", "cache")))
            File.Delete(file);
    }

    /// <summary>Deletes a cloud's folder with all that is in it.</summary>
    /// <param name="index">From 0.</param>
    public void DestroyCloud(int index)
    {
        // Out of the way of a drive that is just storing something there.
        var gone = Clouds[index] + ".gone";
        Directory.Move(Clouds[index], gone);
        Directory.Delete(gone, recursive: true);
    }

    public async ValueTask DisposeAsync()
    {
        if (ProcessId != 0 && ProcessExists(ProcessId))
        {
            var unmounted = await RunAsync("unmount", MountPoint);
            if (unmounted.ExitStatus != 0 && ProcessExists(ProcessId))
                await KillAsync();
        }
        await RemoveMountAsync();
        if (Directory.Exists(Root))
            Directory.Delete(Root, recursive: true);
    }

    private IEnumerable<string> CloudArguments()
    {
        var addresses = _options.Addresses ?? [.. Clouds.Where(Directory.Exists).Select(folder => "file://" + folder)];
        var arguments = addresses.SelectMany(address => new[] { "--cloud", address });
        return _options.Secrets is null ? arguments : [.. arguments, "--secrets-file", SecretsFile];
    }

    /// <summary>Removes what a killed process left mounted; nothing happens where nothing is mounted.</summary>
    private async Task RemoveMountAsync()
    {
        if (!File.ReadLines("/proc/self/mountinfo").Any(line => line.Contains(" " + MountPoint + " ", StringComparison.Ordinal)))
            return;
        if (System.Environment.IsPrivilegedProcess)
            await CuckooProcess.ToolAsync("umount", "-l", MountPoint);
        else
            await CuckooProcess.ToolAsync("fusermount3", "-u", "-z", MountPoint);
    }

    /// <summary>
    /// A zombie counts as gone: its parent, the reaper of orphans, may be slow. But its last thread must be gone too: until
    /// then its files are open.
    /// </summary>
    public static bool ProcessExists(int id)
    {
        try
        {
            return Directory.GetDirectories($"/proc/{id}/task").Length > 1
                || !File.ReadLines($"/proc/{id}/status").Any(line => line.StartsWith("State:\tZ", StringComparison.Ordinal));
        }
        catch (IOException)
        {
            return false;
        }
    }
}
