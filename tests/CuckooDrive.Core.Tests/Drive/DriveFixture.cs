using System.Collections.Concurrent;
using System.Text;
using CuckooDrive.Clouds;
using CuckooDrive.Clouds.Decorators;
using CuckooDrive.Clouds.Providers.Folder;
using CuckooDrive.Core.Drives;
using CuckooDrive.Core.Metadata;
using CuckooDrive.Core.Volume;
using CuckooDrive.Format;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace CuckooDrive.Core.Tests.Drives;

/// <summary>A drive over folders in a temporary place, each of which can be taken away or made to fail.</summary>
internal sealed class DriveFixture : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, FaultPlan> _plans = new(StringComparer.Ordinal);
    private readonly string _root = Path.Combine(Path.GetTempPath(), "cuckoo-drive-" + Guid.NewGuid().ToString("N"));

    public DriveFixture(int clouds = 4, ILoggerFactory? loggers = null)
    {
        Directory.CreateDirectory(_root);
        CloudFolders = [.. Enumerable.Range(0, clouds).Select(i => Path.Combine(_root, $"cloud{i}"))];
        foreach (var folder in CloudFolders)
            Directory.CreateDirectory(folder);
        Services = new DriveServices
        {
            Clouds = CloudRegistry.Default.With(new CloudProvider("faulty", "faulty:///path", OpenFaulty)),
            Loggers = loggers ?? NullLoggerFactory.Instance,
            Resilience = new ResilientCloudOptions { Retry = null, CircuitBreaker = null, Metrics = false },
        };
    }

    public DriveServices Services { get; }

    public string[] CloudFolders { get; }

    public string State { get; set; } = "state";

    public string StatePath => Path.Combine(_root, State);

    public OpenDriveOptions OpenOptions { get; set; } = new()
    {
        // Tests ship when they say so.
        JournalInterval = TimeSpan.FromHours(1),
        CloseTimeout = TimeSpan.FromSeconds(2),
        Tuning = new DriveTuning
        {
            Chunks = options => options with { InitialBackoff = TimeSpan.FromMilliseconds(20), MaximumBackoff = TimeSpan.FromMilliseconds(100), ReplaceAfter = TimeSpan.FromHours(1) },
        },
    };

    public static Secret Passphrase => Secret.FromPassphrase("correct horse");

    public FaultPlan Plan(int cloud) => _plans.GetOrAdd(CloudFolders[cloud], _ => new FaultPlan(1));

    public IReadOnlyList<CloudChoice> Choices(params int[] clouds) =>
        [.. (clouds.Length == 0 ? Enumerable.Range(0, CloudFolders.Length) : clouds).Select(i => new CloudChoice("faulty://" + CloudFolders[i]))];

    public Task CreateAsync(int? survive = null, params int[] clouds) => Drive.CreateAsync(StatePath, new CreateDriveOptions
    {
        Name = "test",
        Clouds = Choices(clouds),
        Survive = survive,
        DeviceName = "first machine",
        PassphraseCost = Argon2Cost.Minimum,
    }, Passphrase, Services);

    public Task<Drive> OpenAsync() => Drive.OpenAsync(StatePath, Passphrase, OpenOptions, Services);

    public Task<AttachReport> AttachAsync(params int[] clouds) => Drive.AttachAsync(
        StatePath, new AttachDriveOptions { Name = "test", Clouds = Choices(clouds), DeviceName = "second machine" }, Passphrase, Services);

    /// <summary>Loses the machine: its state is gone.</summary>
    public void LoseState() => Directory.Delete(StatePath, recursive: true);

    /// <summary>Changes the closed drive's store behind its back.</summary>
    public void EditStore(Action<SqliteMetadataStore> edit)
    {
        var (_, keys) = HeaderObjects.Unlock([HeaderObjects.ReadLocal(StatePath)], Passphrase);
        using (keys)
        using (var store = SqliteMetadataStore.Open(Path.Combine(StatePath, "metadata"), keys))
            edit(store);
    }

    /// <summary>All clouds as they are now; give it to <see cref="RestoreCloud"/>.</summary>
    public string CopyClouds()
    {
        var copy = Path.Combine(_root, "copy-" + Guid.NewGuid().ToString("N"));
        for (var cloud = 0; cloud < CloudFolders.Length; cloud++)
            CopyFolder(CloudFolders[cloud], Path.Combine(copy, $"{cloud}"));
        return copy;
    }

    /// <summary>Plays an old state of a cloud back.</summary>
    public void RestoreCloud(string copy, int cloud)
    {
        Directory.Delete(CloudFolders[cloud], recursive: true);
        CopyFolder(Path.Combine(copy, $"{cloud}"), CloudFolders[cloud]);
    }

    public void RestoreClouds(string copy)
    {
        for (var cloud = 0; cloud < CloudFolders.Length; cloud++)
            RestoreCloud(copy, cloud);
    }

    /// <summary>The state as a crash at this moment would leave it, under another name.</summary>
    public void CopyState(string name) => CopyFolder(StatePath, Path.Combine(_root, name));

    public void SetOffline(bool offline, params int[] clouds)
    {
        foreach (var cloud in clouds.Length == 0 ? [.. Enumerable.Range(0, CloudFolders.Length)] : clouds)
            Plan(cloud).Offline = offline;
    }

    public string[] Objects(int cloud, string prefix = "") =>
        [.. Directory.EnumerateFiles(CloudFolders[cloud], "*", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(CloudFolders[cloud], path).Replace('\\', '/'))
            .Where(name => name.StartsWith(prefix, StringComparison.Ordinal) && !name.StartsWith(".tmp", StringComparison.Ordinal)).Order()];

    public string PathOf(int cloud, string name) => Path.Combine(CloudFolders[cloud], name);

    public static async Task MakeDirectoryAsync(Drive drive, string name)
    {
        var made = await drive.FileSystem.MakeDirectoryAsync(IFileSystem.RootInode, Encoding.UTF8.GetBytes(name), 0x1ED, new Caller(0, 0), default);
        Assert.Equal(FsError.None, made.Error);
        drive.FileSystem.Forget(made.Value.Attributes.Inode, 1);
    }

    public static async Task<bool> ExistsAsync(Drive drive, string name)
    {
        var found = await drive.FileSystem.LookupAsync(IFileSystem.RootInode, Encoding.UTF8.GetBytes(name), default);
        if (found.Succeeded)
            drive.FileSystem.Forget(found.Value.Attributes.Inode, 1);
        return found.Succeeded;
    }

    public static async Task WriteAsync(Drive drive, string name, byte[] content)
    {
        var fs = drive.FileSystem;
        var created = await fs.CreateAsync(IFileSystem.RootInode, Encoding.UTF8.GetBytes(name), 0x81A4, Core.Volume.OpenOptions.Write, new Caller(0, 0), default);
        Assert.Equal(FsError.None, created.Error);
        var (inode, handle) = (created.Value.Entry.Attributes.Inode, created.Value.Handle);
        for (var at = 0; at < content.Length; at += 128 << 10)
        {
            var part = content.AsMemory(at, Math.Min(128 << 10, content.Length - at));
            Assert.Equal(part.Length, (await fs.WriteAsync(inode, handle, at, part, WriteOptions.None, default)).Value);
        }
        Assert.Equal(FsError.None, await fs.SyncAsync(inode, false, default));
        fs.Release(inode, handle);
        fs.Forget(inode, 1);
    }

    /// <summary>The file's content, or null when there is none of that name.</summary>
    public static async Task<byte[]?> ReadAsync(Drive drive, string name)
    {
        var fs = drive.FileSystem;
        var found = await fs.LookupAsync(IFileSystem.RootInode, Encoding.UTF8.GetBytes(name), default);
        if (found.Error == FsError.NotFound)
            return null;
        Assert.Equal(FsError.None, found.Error);
        var inode = found.Value.Attributes.Inode;
        var opened = await fs.OpenAsync(inode, Core.Volume.OpenOptions.Read, default);
        var content = new byte[found.Value.Attributes.Size];
        for (var at = 0; at < content.Length;)
        {
            var read = await fs.ReadAsync(inode, opened.Value.Handle, at, content.AsMemory(at, Math.Min(128 << 10, content.Length - at)), default);
            Assert.Equal(FsError.None, read.Error);
            at += read.Value;
        }
        fs.Release(inode, opened.Value.Handle);
        fs.Forget(inode, 1);
        return content;
    }

    /// <summary>Waits for what happens in the background; what never does fails the test instead of hanging it.</summary>
    public static async Task WhileAsync(Func<bool> condition, [System.Runtime.CompilerServices.CallerArgumentExpression(nameof(condition))] string what = "")
    {
        for (var tries = 0; condition(); tries++)
        {
            Assert.True(tries < 6000, $"still: {what}");
            await Task.Delay(20);
        }
    }

    public static void AssertHealthy(DoctorReport report) =>
        Assert.DoesNotContain(report.Findings, finding => finding.Severity == DoctorSeverity.Error);

    public static byte[] Content(int seed, int length)
    {
        var content = new byte[length];
        new Random(seed).NextBytes(content);
        return content;
    }

    public async ValueTask DisposeAsync()
    {
        await Task.CompletedTask;
        Directory.Delete(_root, recursive: true);
    }

    private static void CopyFolder(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var folder in Directory.EnumerateDirectories(from, "*", SearchOption.AllDirectories))
            Directory.CreateDirectory(Path.Combine(to, Path.GetRelativePath(from, folder)));
        // The lock is held and empty.
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories).Where(file => Path.GetFileName(file) != "lock"))
        {
            using var source = File.OpenHandle(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var content = new byte[RandomAccess.GetLength(source)];
            RandomAccess.Read(source, content, 0);
            File.WriteAllBytes(Path.Combine(to, Path.GetRelativePath(from, file)), content);
        }
    }

    private ICloudStorage OpenFaulty(CloudAddress address, CloudOpenOptions options)
    {
        var plan = _plans.GetOrAdd(address.Path, _ => new FaultPlan(1));
        var folder = new FolderStorage(address.Path, time: options.Time);
        if (options.CreateRoot)
            folder.CreateRoot();
        return new FaultStorage(folder, plan, options.Time);
    }
}
