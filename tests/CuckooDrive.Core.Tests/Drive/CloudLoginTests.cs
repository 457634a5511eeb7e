using System.Collections.Concurrent;
using System.Text;
using CuckooDrive.Clouds;
using CuckooDrive.Clouds.Decorators;
using CuckooDrive.Clouds.Providers.Folder;
using CuckooDrive.Core.Drives;
using CuckooDrive.Format;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace CuckooDrive.Core.Tests.Drives;

/// <summary>A drive over clouds that demand a password, and give a new one whenever it is used for the first time by somebody.</summary>
public sealed class CloudLoginTests : IDisposable
{
    private readonly string _root = Path.Combine(Path.GetTempPath(), "cuckoo-login-" + Guid.NewGuid().ToString("N"));
    private readonly ConcurrentDictionary<string, string> _passwords = new(StringComparer.Ordinal);
    private readonly DriveServices _services;

    public CloudLoginTests()
    {
        for (var cloud = 0; cloud < 4; cloud++)
        {
            Directory.CreateDirectory(FolderOf(cloud));
            _passwords[FolderOf(cloud)] = $"first password of {cloud}";
        }
        _services = new DriveServices
        {
            Clouds = CloudRegistry.Default.With(new CloudProvider("locked", "locked:///path", Open)),
            Loggers = NullLoggerFactory.Instance,
            Resilience = new ResilientCloudOptions { Retry = null, CircuitBreaker = null, Metrics = false },
        };
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task PasswordsAreKeptAndTheirRenewalsToo()
    {
        await CreateAsync("one");
        for (var round = 0; round < 3; round++)
        {
            await using var drive = await OpenAsync("one");
            await DriveFixture.WriteAsync(drive, $"file{round}", DriveFixture.Content(round, 50_000));
            await drive.FlushAsync();
            Assert.All(drive.GetStatus().Clouds, cloud => Assert.True(cloud.Reachable, cloud.LastError));
        }
    }

    [Fact]
    public async Task EveryMachineSignsInByItself()
    {
        await CreateAsync("one");
        await using (var drive = await OpenAsync("one"))
        {
            await DriveFixture.WriteAsync(drive, "file", DriveFixture.Content(1, 50_000));
            await drive.FlushAsync();
        }

        var none = await Assert.ThrowsAsync<DriveException>(() => AttachAsync("two", choice => choice));
        Assert.Contains("no password", none.Message, StringComparison.Ordinal);
        await AttachAsync("two", WithPassword);

        await using var attached = await OpenAsync("two");
        Assert.Equal(DriveFixture.Content(1, 50_000), await DriveFixture.ReadAsync(attached, "file"));
        await attached.FlushAsync();
    }

    [Fact]
    public async Task AnAddedCloudHasItsOwnPassword()
    {
        await CreateAsync("one", clouds: 3);
        await using (var drive = await OpenAsync("one"))
        {
            await Assert.ThrowsAsync<DriveException>(() => drive.AddCloudAsync(Choice(3)));
            await drive.AddCloudAsync(WithPassword(Choice(3)));
            await drive.FlushAsync();
        }
        await using var again = await OpenAsync("one");
        await again.FlushAsync();
        Assert.All(again.GetStatus().Clouds, cloud => Assert.True(cloud.Reachable, cloud.LastError));
    }

    [Fact]
    public async Task ALoginThatEndedIsRenewedWhileTheDriveIsOpen()
    {
        await CreateAsync("one");
        await using var drive = await OpenAsync("one");
        await drive.FlushAsync();
        _passwords[FolderOf(1)] = "changed by the user";
        await DriveFixture.WriteAsync(drive, "file", DriveFixture.Content(1, 50_000));
        await DriveFixture.WhileAsync(() => drive.GetStatus().Clouds[1].Reachable);

        using (var logins = await DriveLogins.OpenAsync(StateOf("one"), DriveFixture.Passphrase, _services))
        {
            var cloud = logins.Find($"locked://{FolderOf(1)}/");
            Assert.Equal(logins.Clouds[1], cloud);
            await logins.WriteAsync(cloud, Password("changed by the user"));
            Assert.Throws<DriveException>(() => logins.Find("nothing"));
        }

        await FlushToAllAsync(drive);
    }

    [Fact]
    public async Task NoPasswordLiesOpenAnywhere()
    {
        await CreateAsync("one");
        await using (var drive = await OpenAsync("one"))
            await drive.FlushAsync();

        var files = Directory.EnumerateFiles(_root, "*", SearchOption.AllDirectories).ToList();
        Assert.Contains(files, file => file.EndsWith("credentials/0000", StringComparison.Ordinal));
        foreach (var file in files)
        {
            var content = await File.ReadAllBytesAsync(file);
            Assert.True(content.AsSpan().IndexOf("password"u8) < 0, file);
        }
        foreach (var file in files.Where(file => file.Contains("/credentials/", StringComparison.Ordinal)))
        {
            if (!OperatingSystem.IsWindows())
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        }
    }

    [Fact]
    public async Task ADamagedLoginIsToldAndCanBeReplaced()
    {
        await CreateAsync("one");
        var file = Path.Combine(StateOf("one"), "credentials", "0002");
        var content = await File.ReadAllBytesAsync(file);
        content[^20] ^= 1;
        await File.WriteAllBytesAsync(file, content);

        await using var drive = await OpenAsync("one");
        await DriveFixture.WriteAsync(drive, "file", DriveFixture.Content(1, 50_000));
        await DriveFixture.WhileAsync(() => drive.GetStatus().Clouds[2].Reachable);
        Assert.Contains("credentials", drive.GetStatus().Clouds[2].LastError, StringComparison.Ordinal);

        using (var logins = await DriveLogins.OpenAsync(StateOf("one"), DriveFixture.Passphrase, _services))
            await logins.WriteAsync(logins.Clouds[2], Password(_passwords[FolderOf(2)]));
        await FlushToAllAsync(drive);
    }

    /// <summary>A flush does not wait for a cloud that has not answered yet; it comes back by itself.</summary>
    private static async Task FlushToAllAsync(Drive drive)
    {
        await drive.FlushAsync();
        await DriveFixture.WhileAsync(() => drive.GetStatus().Clouds.Any(cloud => !cloud.Reachable));
    }

    private Task CreateAsync(string machine, int clouds = 4) => Drive.CreateAsync(StateOf(machine), new CreateDriveOptions
    {
        Name = "test",
        Clouds = [.. Enumerable.Range(0, clouds).Select(cloud => WithPassword(Choice(cloud)))],
        PassphraseCost = Argon2Cost.Minimum,
    }, DriveFixture.Passphrase, _services);

    private Task<Drive> OpenAsync(string machine) => Drive.OpenAsync(StateOf(machine), DriveFixture.Passphrase, new OpenDriveOptions
    {
        JournalInterval = TimeSpan.FromHours(1),
        CloseTimeout = TimeSpan.FromSeconds(2),
        Tuning = new DriveTuning
        {
            Chunks = options => options with { InitialBackoff = TimeSpan.FromMilliseconds(20), MaximumBackoff = TimeSpan.FromMilliseconds(100), QuotaInterval = TimeSpan.FromMilliseconds(100) },
        },
    }, _services);

    private Task<AttachReport> AttachAsync(string machine, Func<CloudChoice, CloudChoice> change) => Drive.AttachAsync(
        StateOf(machine),
        new AttachDriveOptions { Name = "test", Clouds = [.. Enumerable.Range(0, 4).Select(cloud => change(Choice(cloud)))] },
        DriveFixture.Passphrase,
        _services);

    private CloudChoice Choice(int cloud) => new($"locked://{FolderOf(cloud)}") { FailureDomain = $"domain{cloud}" };

    private CloudChoice WithPassword(CloudChoice choice) =>
        choice with { Credential = Password(_passwords[choice.Address["locked://".Length..]]) };

    private static CloudCredential Password(string value) => new([new(CloudSecret.Password, value)]);

    private string FolderOf(int cloud) => Path.Combine(_root, $"cloud{cloud}");

    private string StateOf(string machine) => Path.Combine(_root, machine);

    private LockedStorage Open(CloudAddress address, CloudOpenOptions options) =>
        new(new FolderStorage(address.Path, time: options.Time), address.Path, _passwords, options.Credentials);

    /// <summary>The folder behind a password that works once for each storage opened: the first call gets the next one.</summary>
    private sealed class LockedStorage(ICloudStorage inner, string account, ConcurrentDictionary<string, string> passwords, ICredentialStore? store)
        : InterceptingStorage(inner)
    {
        private readonly SemaphoreSlim _turn = new(1, 1);
        private string? _session;

        protected override async ValueTask<TResult> InvokeAsync<TState, TResult>(
            CloudRequest request, TState state, Func<TState, CancellationToken, ValueTask<TResult>> call, CancellationToken cancellationToken)
        {
            await SignInAsync(cancellationToken);
            return await call(state, cancellationToken);
        }

        private async Task SignInAsync(CancellationToken cancellationToken)
        {
            await _turn.WaitAsync(cancellationToken);
            try
            {
                if (_session == passwords[account])
                    return;
                var credential = store is null ? null : await store.ReadAsync(cancellationToken);
                if (credential?[CloudSecret.Password] is not { } password)
                    throw new CloudException(CloudErrorKind.Unauthorized, $"There is no password for {account}.");
                var next = $"next password {Guid.NewGuid():N}";
                if (!passwords.TryUpdate(account, next, password))
                    throw new CloudException(CloudErrorKind.Unauthorized, $"{account} does not know this password.");
                await store!.WriteAsync(credential.With(CloudSecret.Password, next), cancellationToken);
                _session = next;
            }
            finally
            {
                _turn.Release();
            }
        }
    }
}
