using System.Diagnostics;
using CuckooDrive.Testing.Servers;

namespace CuckooDrive.Benchmarks.Clouds;

/// <summary>WebDAV servers (lighttpd), each behind a line of its own. Disposing ends them; their files are the folder's owner's.</summary>
internal sealed class CloudFarm : IDisposable
{
    private const int PieceLength = 1 << 20;
    private readonly List<(TestServer Server, Relay Line)> _clouds = [];

    /// <param name="folder">Where the servers keep their files.</param>
    public CloudFarm(string folder, int count, LineShape line)
    {
        try
        {
            for (var number = 1; number <= count; number++)
            {
                var server = TestServer.Start("webdav", Path.Combine(folder, $"cloud{number}"));
                _clouds.Add((server, new Relay(server["address"].Split('@')[1], line)));
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public const string User = "user";

    public string Password => _clouds[0].Server["password"];

    /// <summary>Host and port of a cloud's near end of the line.</summary>
    public string HostOf(int cloud) => _clouds[cloud].Line.Host;

    /// <summary>For `cuckoo create`: a folder that is not there yet at each cloud.</summary>
    public IReadOnlyList<string> AddressesOf(string folder) =>
        [.. _clouds.Select((cloud, index) => $"webdav://{User}@{cloud.Line.Host}/dav/{folder}?domain=cloud{index + 1}")];

    /// <summary>A client of the first cloud, for what is compared with.</summary>
    public HttpClient OpenClient()
    {
        var login = Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes($"{User}:{Password}"));
        return new HttpClient
        {
            BaseAddress = new Uri($"http://{HostOf(0)}/dav/"),
            DefaultRequestHeaders = { { "Authorization", $"Basic {login}" } },
        };
    }

    /// <summary>What a line carries with so many connections at once, in bytes a second, and the processor seconds that it took here for each GB.</summary>
    public async Task<(double Up, double Down, double Cpu)> MeasureLineAsync(int connections, long bytes, CancellationToken cancellation)
    {
        using var client = OpenClient();
        var piece = new byte[PieceLength];
        var each = (int)(bytes / connections / PieceLength);
        var before = Process.GetCurrentProcess().TotalProcessorTime;
        var up = await RateAsync(connections, number => client.PutAsync(
            $"line-{number}", new StreamContent(new RepeatedStream(piece, each)), cancellation));
        var down = await RateAsync(connections, number => client.GetAsync($"line-{number}", cancellation));
        var cpu = Process.GetCurrentProcess().TotalProcessorTime - before;
        return (up, down, cpu.TotalSeconds / (2.0 * connections * each * PieceLength / 1e9));

        async Task<double> RateAsync(int count, Func<int, Task<HttpResponseMessage>> transfer)
        {
            var clock = Stopwatch.StartNew();
            await Task.WhenAll(Enumerable.Range(0, count).Select(async number =>
            {
                using var response = await transfer(number);
                response.EnsureSuccessStatusCode();
            }));
            return count * (double)each * PieceLength / clock.Elapsed.TotalSeconds;
        }
    }

    public void Dispose()
    {
        foreach (var (server, line) in _clouds)
        {
            line.Dispose();
            server.Stop();
        }
    }
}
