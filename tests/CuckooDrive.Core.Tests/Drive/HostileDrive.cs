using System.Globalization;
using CuckooDrive.Clouds;
using CuckooDrive.Clouds.Decorators;
using CuckooDrive.Clouds.Providers.Memory;
using CuckooDrive.Core.Drives;
using CuckooDrive.Format;
using CuckooDrive.Testing.FileSystems;
using Microsoft.Extensions.Logging;

namespace CuckooDrive.Core.Tests.Drives;

/// <summary>
/// A drive over clouds in memory whose objects can be changed, swapped, rolled back and withheld behind its back, that can
/// crash, and whose machine can be lost. Nothing is cached, so that what is read comes from the clouds.
/// </summary>
internal sealed class HostileDrive : IAsyncDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("cuckoo-hostile-").FullName;
    private readonly MemoryStorage[] _clouds;
    private readonly int _survive;
    private FaultPlan[] _plans;
    private int _machine;

    public HostileDrive(int clouds = 4, int survive = 1)
    {
        _clouds = [.. Enumerable.Range(0, clouds).Select(_ => new MemoryStorage())];
        _plans = MakePlans();
        _survive = survive;
    }

    /// <summary>What the clouds do wrong to the machine of now; a crash leaves the faults to the machine before.</summary>
    public IReadOnlyList<FaultPlan> Plans => _plans;

    public int CloudCount => _clouds.Length;

    public LogLines Log { get; } = new();

    /// <summary>Null while the drive is closed.</summary>
    public Drive? Drive { get; private set; }

    public string StatePath => Path.Combine(_root, $"machine{_machine}");

    public bool UseCaches { get; set; }

    public static Secret Passphrase => Secret.FromPassphrase(PassphraseText);

    public const string PassphraseText = "the passphrase of a hostile drive";

    /// <summary>Makes and opens a drive.</summary>
    public static async Task<HostileDrive> CreateAsync(int clouds = 4, int survive = 1, bool useCaches = false)
    {
        var drive = new HostileDrive(clouds, survive) { UseCaches = useCaches };
        await Drive.CreateAsync(drive.StatePath, new CreateDriveOptions
        {
            Name = "hostile",
            Clouds = drive.Choices(),
            Survive = survive,
            DeviceName = "first machine",
            PassphraseCost = Argon2Cost.Minimum,
        }, Passphrase, drive.Services());
        await drive.OpenAsync();
        return drive;
    }

    public async Task OpenAsync() => Drive = await Drive.OpenAsync(StatePath, Passphrase, Options(), Services());

    public async Task CloseAsync()
    {
        if (Drive is { } drive)
            await drive.DisposeAsync();
        Drive = null;
    }

    public async Task ReopenAsync()
    {
        await CloseAsync();
        await OpenAsync();
    }

    /// <summary>Loses the machine and attaches the drive on a new one from these clouds (all when none is given), without opening it.</summary>
    public async Task<AttachReport> AttachAsync(int[]? clouds = null, bool acceptLoss = false)
    {
        await CloseAsync();
        _machine++;
        return await Drive.AttachAsync(StatePath, new AttachDriveOptions
        {
            Name = "hostile",
            Clouds = Choices(clouds),
            DeviceName = $"machine {_machine}",
            AcceptLoss = acceptLoss,
        }, Passphrase, Services());
    }

    /// <summary>
    /// Kills the machine as SIGKILL does, by going on from a copy of its files: the clouds are stopped in the middle of
    /// their calls, the copy is taken when nothing moves any more, and the old machine never reaches the clouds again.
    /// </summary>
    public async Task CrashAsync()
    {
        var (old, plans) = (Drive!, _plans);
        foreach (var plan in plans)
            plan.Hang = true;
        var (from, to) = (StatePath, Path.Combine(_root, $"machine{++_machine}"));
        CopyWhenStill(from, to);
        _plans = MakePlans();
        foreach (var plan in plans)
        {
            plan.Only = null;
            plan.Offline = true;
            plan.Hang = false;
        }
        await old.DisposeAsync();
        Drive = null;
        await OpenAsync();
    }

    /// <summary>Flushes; a flush that does not end fails the test with what the drive says of itself.</summary>
    public async Task FlushAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        try
        {
            await Drive!.FlushAsync(cancellationToken: patience.Token);
        }
        catch (OperationCanceledException)
        {
            var status = Drive!.GetStatus();
            throw new TimeoutException(
                $"The flush does not end: {status.Queue}, {status.Journal}, {string.Join(" ", status.Warnings)} {string.Join(" ", status.Clouds)}\n" +
                $"Outbox: {string.Join(' ', Directory.EnumerateFiles(Path.Combine(StatePath, "outbox")).Select(Path.GetFileName))}\n" +
                string.Join('\n', Log.Lines.TakeLast(30).Select(line => line.Text)));
        }
    }

    /// <summary>The names of a cloud's objects, sorted.</summary>
    public async Task<List<string>> ObjectsAsync(int cloud, string prefix = "")
    {
        var names = new List<string>();
        await foreach (var item in _clouds[cloud].ListAsync(prefix))
            names.Add(item.Name);
        names.Sort(StringComparer.Ordinal);
        return names;
    }

    public async Task<byte[]> GetAsync(int cloud, string name)
    {
        await using var stream = await _clouds[cloud].OpenReadAsync(name);
        using var content = new MemoryStream();
        await stream.CopyToAsync(content);
        return content.ToArray();
    }

    /// <summary>Replaces an object; null removes it.</summary>
    public async Task SetAsync(int cloud, string name, byte[]? content)
    {
        await _clouds[cloud].DeleteAsync(name);
        if (content is not null)
            await _clouds[cloud].WriteAsync(name, CloudContent.FromMemory(content));
    }

    /// <summary>All objects of a cloud.</summary>
    public async Task<Dictionary<string, byte[]>> SnapshotAsync(int cloud)
    {
        var objects = new Dictionary<string, byte[]>();
        foreach (var name in await ObjectsAsync(cloud))
            objects.Add(name, await GetAsync(cloud, name));
        return objects;
    }

    /// <summary>Makes a cloud hold exactly these objects.</summary>
    public async Task RestoreAsync(int cloud, Dictionary<string, byte[]> objects)
    {
        foreach (var name in await ObjectsAsync(cloud))
            await _clouds[cloud].DeleteAsync(name);
        foreach (var (name, content) in objects)
            await SetAsync(cloud, name, content);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var plan in _plans)
            plan.Hang = false;
        await CloseAsync();
        Directory.Delete(_root, recursive: true);
    }

    private DriveServices Services() => new()
    {
        Clouds = CloudRegistry.Default.With(new CloudProvider("hostile", "hostile:n", (address, options) =>
        {
            var number = int.Parse(address.Path, CultureInfo.InvariantCulture);
            return new FaultStorage(_clouds[number], _plans[number], options.Time);
        })),
        Loggers = Log,
        Resilience = new ResilientCloudOptions
        {
            Retry = new RetryOptions { Retries = 2, FirstDelay = TimeSpan.FromMilliseconds(1), LongestDelay = TimeSpan.FromMilliseconds(4) },
            Timeout = new TimeoutOptions { Answer = TimeSpan.FromMilliseconds(400), SlowestTransfer = 8 << 20 },
            CircuitBreaker = null,
            Metrics = false,
        },
    };

    private OpenDriveOptions Options() => new()
    {
        // Tests ship when they say so.
        JournalInterval = TimeSpan.FromHours(1),
        CloseTimeout = TimeSpan.FromMilliseconds(50),
        DiskCacheLimit = UseCaches ? 64 << 20 : 0,
        MemoryCacheLimit = UseCaches ? 64 << 20 : 0,
        Tuning = new DriveTuning
        {
            Chunks = options => options with
            {
                ShardCapacity = 512 << 10,
                InitialBackoff = TimeSpan.FromMilliseconds(20),
                MaximumBackoff = TimeSpan.FromMilliseconds(100),
                ReplaceAfter = TimeSpan.FromHours(1),
                // Longer than all tries of a call, or the first that a busy machine holds up is the last.
                ReadTimeout = TimeSpan.FromSeconds(5),
                HedgeAfter = TimeSpan.FromMilliseconds(20),
            },
            Volume = options => options with { CommitInterval = TimeSpan.FromHours(1) },
        },
    };

    private IReadOnlyList<CloudChoice> Choices(int[]? clouds = null) =>
        [.. (clouds ?? [.. Enumerable.Range(0, _clouds.Length)]).Select(i => new CloudChoice($"hostile:{i}") { FailureDomain = $"domain{i}" })];

    private FaultPlan[] MakePlans() => [.. Enumerable.Range(0, _clouds.Length).Select(i => new FaultPlan((_machine * 16) + i))];

    private static void CopyWhenStill(string from, string to)
    {
        for (var before = Describe(from); ;)
        {
            // Times of files are coarse: what is written from now on has another one than what was seen.
            Thread.Sleep(20);
            if (Directory.Exists(to))
                Directory.Delete(to, recursive: true);
            foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
            {
                var copy = Path.Combine(to, Path.GetRelativePath(from, file));
                Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
                CopyShared(file, copy);
            }
            var after = Describe(from);
            if (after == before)
                return;
            before = after;
        }
    }

    private static string Describe(string folder) => string.Join('\n', new DirectoryInfo(folder)
        .EnumerateFiles("*", SearchOption.AllDirectories).Select(file => $"{file.FullName} {file.Length} {file.LastWriteTimeUtc.Ticks}").Order());

    /// <summary>A file that the drive may have open and locked.</summary>
    public static byte[] ReadShared(string path)
    {
        var file = Posix.Open(path, Posix.ReadOnly);
        try
        {
            using var content = new MemoryStream();
            var buffer = new byte[64 << 10];
            int read;
            while ((read = (int)Posix.Read(file, buffer)) > 0)
                content.Write(buffer, 0, read);
            return content.ToArray();
        }
        finally
        {
            Posix.Close(file);
        }
    }

    /// <summary>By bare system calls: the runtime's own would respect the locks of the drive that is about to die.</summary>
    private static void CopyShared(string from, string to)
    {
        var source = Posix.Open(from, Posix.ReadOnly);
        using var target = new FileStream(to, FileMode.Create);
        try
        {
            var buffer = new byte[64 << 10];
            int read;
            while ((read = (int)Posix.Read(source, buffer)) > 0)
            {
                // Staging files are sparse.
                if (buffer.AsSpan(0, read).ContainsAnyExcept((byte)0))
                    target.Write(buffer, 0, read);
                else
                    target.Seek(read, SeekOrigin.Current);
            }
            target.SetLength(target.Position);
        }
        finally
        {
            Posix.Close(source);
        }
    }
}

/// <summary>Collects what is logged as a warning or worse.</summary>
internal sealed class LogLines : ILoggerFactory, ILogger
{
    private readonly List<(LogLevel Level, string Text)> _lines = [];

    public IReadOnlyList<(LogLevel Level, string Text)> Lines
    {
        get
        {
            lock (_lines)
                return [.. _lines];
        }
    }

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel))
            return;
        lock (_lines)
            _lines.Add((logLevel, formatter(state, exception)));
    }

    public void Dispose()
    {
    }
}
