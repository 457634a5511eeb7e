using System.Diagnostics;
using CuckooDrive.Clouds.Tests.Servers;
using CuckooDrive.Testing.Clouds;
using CuckooDrive.Testing.Emulators;
using CuckooDrive.Testing.Emulators.Nextcloud;
using Xunit;

namespace CuckooDrive.Clouds.Tests.Nextcloud;

/// <summary>Uploads in chunks, and the judgement of Nextcloud's own client.</summary>
public sealed class NextcloudTests : IDisposable
{
    private const int TenMiB = 10 << 20;
    private static readonly byte[] Large = Data(25_000_000);

    private readonly NextcloudEmulator _emulator = new();

    public void Dispose() => _emulator.Dispose();

    [Fact]
    public async Task What_is_large_goes_in_chunks_and_what_is_not_goes_whole()
    {
        await using var storage = Open();
        await storage.WriteAsync("a/small", CloudContent.FromMemory(Large.AsMemory(0, TenMiB)));
        Assert.Equal(0, _emulator.Log.Count("/uploads/"));
        await storage.WriteAsync("a/large", CloudContent.FromMemory(Large));
        Assert.Equal(
            ["MKCOL", "PUT 00001", "PUT 00002", "PUT 00003", "MOVE .file"],
            _emulator.Log.Requests.Where(each => each.Contains("/uploads/", StringComparison.Ordinal)).Select(Short));
        await storage.WriteAsync("a/second", CloudContent.FromMemory(Large.AsMemory(0, TenMiB + 1)));
        Assert.Equal(1, _emulator.Log.Count("capabilities"));
        Assert.Equal(0, _emulator.OpenUploads);
        Assert.Equal(Large, await ReadAsync(storage, "a/large"));
    }

    [Fact]
    public async Task What_exists_is_not_replaced_and_its_chunks_are_removed()
    {
        await using var storage = Open();
        await storage.WriteAsync("a", CloudContent.FromMemory(new byte[3]));
        await Failing.CallAsync(
            () => storage.WriteAsync("a", CloudContent.FromMemory(Large)), CloudErrorKind.AlreadyExists, "exists");
        Assert.Equal(3, (await storage.StatAsync("a"))!.Length);
        Assert.Equal(0, _emulator.OpenUploads);
    }

    [Theory]
    [InlineData("/00002", 503, CloudErrorKind.Transient)]
    [InlineData("/00002", 507, CloudErrorKind.QuotaExceeded)]
    [InlineData("/.file", 423, CloudErrorKind.Transient)]
    [InlineData("capabilities", 503, CloudErrorKind.Transient)]
    public async Task An_upload_that_fails_leaves_no_chunks(string request, int status, CloudErrorKind kind)
    {
        await using var storage = Open();
        Assert.Null(await storage.StatAsync("a"));
        _emulator.Faults.Add(new EmulatorFault { Path = request, Status = status });
        await Failing.CallAsync(() => storage.WriteAsync("a", CloudContent.FromMemory(Large)), kind, "");
        Assert.Equal(0, _emulator.OpenUploads);
        Assert.Null(await storage.StatAsync("a"));
        await storage.WriteAsync("a", CloudContent.FromMemory(Large));
        Assert.Equal(Large.Length, (await storage.StatAsync("a"))!.Length);
    }

    [Fact]
    public async Task A_server_that_does_not_announce_chunks_gets_none()
    {
        _emulator.Chunking = "";
        await using var storage = Open();
        await storage.WriteAsync("a", CloudContent.FromMemory(Large));
        Assert.Equal(0, _emulator.Log.Count("/uploads/"));
        Assert.Equal(Large, await ReadAsync(storage, "a"));
    }

    [Fact]
    public async Task Nextclouds_own_client_accepts_the_emulator()
    {
        using var local = new TemporaryFolder();
        Directory.CreateDirectory(local["files/judge"]);
        var small = Data(5000);
        await File.WriteAllBytesAsync(local["files/judge/small"], small);
        await File.WriteAllBytesAsync(local["files/judge/large"], Large);
        await using var storage = CloudRegistry.Default.Open($"{NextcloudConformance.Address}/judge", _emulator.PasswordOptions() with { CreateRoot = true });
        await storage.WriteAsync("from-provider", CloudContent.FromMemory(Large.AsMemory(0, TenMiB + 7)));
        var chunks = _emulator.Log.Count("/uploads/");

        await SyncAsync(local);
        Assert.True(_emulator.Log.Count("/uploads/") > chunks + 3, "The client sent the large file whole.");
        Assert.Equal(0, _emulator.OpenUploads);
        Assert.Equal(small, await ReadAsync(storage, "small"));
        Assert.Equal(Large, await ReadAsync(storage, "large"));
        Assert.Equal(Large[..(TenMiB + 7)], await File.ReadAllBytesAsync(local["files/judge/from-provider"]));

        await storage.DeleteAsync("small");
        File.Delete(local["files/judge/from-provider"]);
        await SyncAsync(local);
        Assert.False(File.Exists(local["files/judge/small"]));
        Assert.Equal(["large"], await storage.ListAsync("").Select(each => each.Name).ToListAsync());
    }

    private async Task SyncAsync(TemporaryFolder local)
    {
        var start = new ProcessStartInfo("nextcloudcmd")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            ArgumentList =
            {
                "--non-interactive", "--user", NextcloudEmulator.User, "--password", NextcloudEmulator.Password,
                local["files"], _emulator.Address.ToString(),
            },
            Environment = { ["HOME"] = local.Path, ["XDG_CONFIG_HOME"] = local["config"], ["XDG_DATA_HOME"] = local["data"] },
        };
        using var process = Process.Start(start)!;
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        try
        {
            var complaints = process.StandardError.ReadToEndAsync(patience.Token);
            var output = await process.StandardOutput.ReadToEndAsync(patience.Token);
            await process.WaitForExitAsync(patience.Token);
            Assert.True(process.ExitCode == 0, $"nextcloudcmd failed with {process.ExitCode}: {output}{await complaints}");
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
    }

    private ICloudStorage Open() =>
        CloudRegistry.Default.Open(NextcloudConformance.Address + "/nest", _emulator.PasswordOptions() with { CreateRoot = true });

    private static string Short(string request)
    {
        var parts = request.Split('/', StringSplitOptions.TrimEntries);
        return parts.Length > 6 ? $"{parts[0]} {parts[6]}" : parts[0];
    }

    private static byte[] Data(int size)
    {
        var data = new byte[size];
        new Random(size).NextBytes(data);
        return data;
    }

    private static async Task<byte[]> ReadAsync(ICloudStorage storage, string name)
    {
        await using var stream = await storage.OpenReadAsync(name);
        using var data = new MemoryStream();
        await stream.CopyToAsync(data);
        return data.ToArray();
    }
}
