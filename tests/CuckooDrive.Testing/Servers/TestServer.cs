using System.Diagnostics;
using Xunit;

namespace CuckooDrive.Testing.Servers;

/// <summary>
/// A real server on loopback, run by a script of tests/servers. It ends with <see cref="Stop"/>, and by itself when this
/// process ends in whatever way, because the script watches its standard input.
/// </summary>
public sealed class TestServer
{
    private const int Tries = 3;
    private static readonly TimeSpan LongestStart = TimeSpan.FromMinutes(5);

    private readonly Process _process;
    private readonly Dictionary<string, string> _values;

    private TestServer(Process process, Dictionary<string, string> values)
    {
        _process = process;
        _values = values;
    }

    /// <summary>What the script told about the server.</summary>
    public string this[string name] => _values[name];

    /// <summary>The repository's folder: where build.sh lies.</summary>
    public static string Repository { get; } = FindRepository();

    /// <summary>Starts tests/servers/NAME.sh and waits until it is ready; a server that cannot start fails the test.</summary>
    public static TestServer Start(string name, params string[] arguments)
    {
        for (var attempt = 1; ; attempt++)
        {
            var (server, trouble) = TryStart(name, arguments);
            if (server is not null)
                return server;
            // Somebody else may have taken the port that was free a moment ago.
            if (attempt == Tries)
                Assert.Fail($"tests/servers/{name}.sh could not start its server. {trouble}");
        }
    }

    public void Stop()
    {
        _process.StandardInput.Close();
        _process.WaitForExit(LongestStart);
        _process.Dispose();
    }

    private static (TestServer? Server, string Trouble) TryStart(string name, string[] arguments)
    {
        var process = Process.Start(new ProcessStartInfo(
            "bash", [Path.Join(Repository, "tests", "servers", $"{name}.sh"), .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var errors = process.StandardError.ReadToEndAsync();
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        // Asks the script to end, which then clears up.
        using var limit = new Timer(
            _ => Process.Start("kill", [$"{process.Id}"]).Dispose(), null, LongestStart, Timeout.InfiniteTimeSpan);
        while (process.StandardOutput.ReadLine() is { } line)
        {
            if (line == "ready")
                return (new TestServer(process, values), "");
            if (line.Split('=', 2) is [var key, var value])
                values[key] = value;
        }
        process.WaitForExit();
        var trouble = errors.GetAwaiter().GetResult();
        process.Dispose();
        return (null, trouble);
    }

    private static string FindRepository()
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Join(folder, "build.sh")))
                return folder;
        }
        throw new InvalidOperationException("The tests run outside their repository, so that the servers' scripts cannot be found.");
    }
}
