using System.Diagnostics;
using CuckooDrive.Testing.Clouds;

namespace CuckooDrive.Testing.Emulators;

/// <summary>
/// The installed rclone, unmodified, talking to an emulator through a <see cref="TlsProxy"/> in the belief that it is the real
/// service. Not thread safe.
/// </summary>
public sealed class Rclone : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly TemporaryFolder _folder = new();
    private readonly TlsProxy _proxy;

    /// <param name="emulator">What it talks to; stays alive.</param>
    /// <param name="remote">The lines of rclone's configuration for the remote <c>cloud:</c>.</param>
    public Rclone(CloudEmulator emulator, params ReadOnlySpan<string> remote)
    {
        _proxy = new TlsProxy(emulator);
        File.WriteAllText(_folder["ca.pem"], _proxy.RootPem);
        File.WriteAllText(_folder["rclone.conf"], "[cloud]\n" + string.Join('\n', remote.ToArray()) + "\n");
    }

    /// <summary>A value of <c>token</c> that never seems to run out.</summary>
    public static string Token(string accessToken) =>
        $$"""{"access_token":"{{accessToken}}","token_type":"bearer","expiry":"0001-01-01T00:00:00Z"}""";

    /// <summary>Runs a command and returns what it wrote; fails with what it complained of.</summary>
    public async Task<byte[]> RunAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo("rclone") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])["--config", _folder["rclone.conf"], "--retries", "1", "--low-level-retries", "3", .. arguments])
            start.ArgumentList.Add(argument);
        start.Environment["HTTPS_PROXY"] = _proxy.Address.ToString();
        start.Environment["NO_PROXY"] = "";
        start.Environment["SSL_CERT_FILE"] = _folder["ca.pem"];
        start.Environment["HOME"] = _folder.Path;
        start.Environment["XDG_CACHE_HOME"] = _folder.Path;

        using var process = Process.Start(start)!;
        using var patience = new CancellationTokenSource(Patience);
        using var output = new MemoryStream();
        var complaints = process.StandardError.ReadToEndAsync(patience.Token);
        try
        {
            await process.StandardOutput.BaseStream.CopyToAsync(output, patience.Token);
            await process.WaitForExitAsync(patience.Token);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
        return process.ExitCode == 0
            ? output.ToArray()
            : throw new InvalidOperationException($"rclone {string.Join(' ', arguments)} failed with {process.ExitCode}: {await complaints}");
    }

    /// <summary>The same, as lines of text in order.</summary>
    public async Task<string[]> LinesAsync(params string[] arguments) =>
        [.. System.Text.Encoding.UTF8.GetString(await RunAsync(arguments)).Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal)];

    public void Dispose()
    {
        _proxy.Dispose();
        _folder.Dispose();
    }
}
