using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using CuckooDrive.Host.CommandLine;
using CuckooDrive.Mount.Fuse;

namespace CuckooDrive.Host.Demo;

/// <summary>The demonstration, step by step. Everything happens in one temporary folder, which is deleted at the end.</summary>
internal sealed class DemoRun
{
    private const int CloudCount = 4;
    private const int Destroyed = 2;
    private const string Name = "demo";
    private readonly Terminal _terminal;
    private readonly SourceTree _sdk;
    private readonly CancellationToken _cancellation;
    private readonly string _root = Path.Combine(Path.GetTempPath(), $"cuckoo-demo-{RandomNumberGenerator.GetHexString(8, lowercase: true)}");
    private readonly DemoShell _shell;

    public DemoRun(Terminal terminal, SourceTree sdk, CancellationToken cancellation)
    {
        _terminal = terminal;
        _sdk = sdk;
        _cancellation = cancellation;
        Clouds = [.. Enumerable.Range(1, CloudCount).Select(number => Path.Combine(_root, $"cloud{number}"))];
        _shell = new DemoShell(terminal, Home, RandomNumberGenerator.GetHexString(32));
    }

    private string Home => Path.Combine(_root, "machine");

    private string MountPointPath => Path.Combine(_root, "drive");

    private string Oddities => Path.Combine(_root, "oddities");

    private IReadOnlyList<string> Clouds { get; }

    public async Task RunAsync()
    {
        try
        {
            Directory.CreateDirectory(MountPointPath);
            await CreateAsync();
            await FillAsync();
            await ShowCloudsAsync();
            DestroyOneCloud();
            Compare(5, "Every file is read back from the other three and compared with the original.");
            await LoseMachineAsync();
            Compare(7, "Every file is compared once more, on the new machine.");
            await _shell.RunAsync(_cancellation, "unmount", MountPointPath);
            _terminal.Line();
            _terminal.Line("Done: one cloud and the machine were lost, and not one byte of the files.");
        }
        finally
        {
            await CleanUpAsync();
        }
    }

    private async Task CreateAsync()
    {
        Step(1, "Four empty folders play the clouds. A drive over them survives the loss of any one.");
        foreach (var cloud in Clouds)
            Directory.CreateDirectory(cloud);
        await _shell.RunAsync(_cancellation, ["create", Name, .. CloudArguments(Clouds), "--survive", "1"]);
        await _shell.RunAsync(_cancellation, "mount", Name, MountPointPath);
    }

    private async Task FillAsync()
    {
        Step(2, $"Real files are copied in: {_sdk.Folder}, {Plural.Of(_sdk.Files, "file")}, {Terminal.Size(_sdk.Bytes)}.");
        OddFiles.Make(Oddities);
        var watch = Stopwatch.StartNew();
        TreeCopy.Run(_sdk.Folder, Path.Combine(MountPointPath, "sdk"), _cancellation);
        TreeCopy.Run(Oddities, Path.Combine(MountPointPath, "oddities"), _cancellation);
        Say($"Copied in {Seconds(watch)}, with hidden files, symbolic links, modes and times.");
        watch.Restart();
        await _shell.RunAsync(_cancellation, "flush", Name);
        Say($"That took {Seconds(watch)} more.");
    }

    private Task ShowCloudsAsync()
    {
        Step(3, "This is all that the clouds see:");
        foreach (var cloud in Clouds)
            Say($"{Path.GetFileName(cloud)}  {CloudInventory.Of(cloud)}");
        var stored = Clouds.Sum(cloud => CloudInventory.Of(cloud).Bytes);
        Say(string.Create(CultureInfo.InvariantCulture, $"Together {Terminal.Size(stored)} for {Terminal.Size(_sdk.Bytes)} of files: {(double)stored / _sdk.Bytes:0.00} bytes for each byte, redundancy included."));
        string[] secrets = ["System.Private.CoreLib", "Microsoft.CSharp", OddFiles.KnownText];
        var leaks = Clouds.Sum(cloud => CloudInventory.CountContaining(cloud, secrets, _cancellation));
        if (leaks > 0)
            throw new UserException($"The demonstration failed: {Plural.Of(leaks, "object")} on the clouds contain names or contents of files in plain.");
        Say("No name and no content of a file was found in any of them.");
        return Task.CompletedTask;
    }

    private void DestroyOneCloud()
    {
        var victim = Clouds[Destroyed];
        Step(4, $"One cloud is destroyed while the drive is mounted: {Path.GetFileName(victim)}.");
        Directory.Delete(victim, recursive: true);
        Say($"$ rm -rf {victim}");
    }

    private async Task LoseMachineAsync()
    {
        Step(6, "The machine is lost as well: its state and caches are deleted. A new one has the passphrase and three clouds.");
        await _shell.RunAsync(_cancellation, "unmount", MountPointPath);
        Directory.Delete(Home, recursive: true);
        Say($"$ rm -rf {Home}");
        await _shell.RunAsync(_cancellation, ["attach", Name, .. CloudArguments(Clouds.Where(Directory.Exists))]);
        await _shell.RunAsync(_cancellation, "mount", Name, MountPointPath);
    }

    private void Compare(int step, string title)
    {
        Step(step, title);
        var watch = Stopwatch.StartNew();
        CompareFolder(_sdk.Folder, "sdk");
        CompareFolder(Oddities, "oddities");
        Say($"Compared in {Seconds(watch)}.");
    }

    private void CompareFolder(string original, string name)
    {
        var result = TreeComparison.Run(original, Path.Combine(MountPointPath, name), _cancellation);
        foreach (var difference in result.Differences.Take(20))
            Say($"DIFFERENT  {name}/{difference}");
        if (result.Differences.Count > 0)
            throw new UserException($"The demonstration failed: {Plural.Of(result.Differences.Count, "difference")} between the original and what the drive gives back.");
        Say($"{name}: {Plural.Of(result.Files, "file")} ({Terminal.Size(result.Bytes)}) equal byte for byte; {result.Others} folders and links equal in kind, mode and target.");
    }

    private async Task CleanUpAsync()
    {
        if (MountTable.IsMountPoint(MountPointPath) && !await _shell.TryAsync("unmount", MountPointPath))
            MountTable.CleanStale(MountPointPath);
        if (MountTable.IsMountPoint(MountPointPath))
            throw new UserException($"'{MountPointPath}' could not be unmounted; remove it with 'umount -l {MountPointPath}' and delete {_root}.");
        if (Directory.Exists(_root))
            Directory.Delete(_root, recursive: true);
    }

    private void Step(int number, string title)
    {
        _cancellation.ThrowIfCancellationRequested();
        _terminal.Line();
        _terminal.Line($"[{number}/7] {title}");
    }

    private void Say(string text) => _terminal.Line($"      {text}");

    private static string Seconds(Stopwatch watch) => string.Create(CultureInfo.InvariantCulture, $"{watch.Elapsed.TotalSeconds:0.0} s");

    private static IEnumerable<string> CloudArguments(IEnumerable<string> folders) =>
        folders.SelectMany(folder => new[] { "--cloud", $"file://{folder}" });
}
