using System.ComponentModel;
using System.Diagnostics;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;

namespace CuckooDrive.Clouds.Providers.Rclone;

/// <summary>
/// A running <c>rclone rcd</c> on a loopback port of its own choice, which only who knows a random password can use. It ends
/// with <see cref="Dispose"/>, and by itself when this process ends in whatever way.
/// </summary>
internal sealed class RcloneProcess : IDisposable
{
    // Waits until the pipe from our process closes, and then ends rclone.
    private const string Guard =
        """
        "$@" < /dev/null &
        child=$!
        exec 2> /dev/null
        cat > /dev/null
        kill "$child"
        wait "$child"
        """;

    private const string Ready = "Serving remote control on ";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly Process _process;
    private volatile bool _hasEnded;

    private RcloneProcess(Process process, string password)
    {
        _process = process;
        Login = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.ASCII.GetBytes($"cuckoo:{password}")));
    }

    public Uri Address { get; private set; } = new("http://127.0.0.1/");

    public AuthenticationHeaderValue Login { get; }

    public bool HasEnded => _hasEnded;

    public static async Task<RcloneProcess> StartAsync(CancellationToken cancellationToken)
    {
        string[] command = ["rclone", "rcd", "--rc-addr", "127.0.0.1:0", "--rc-serve", "--retries", "1", "--low-level-retries", "1"];
        var password = RandomNumberGenerator.GetHexString(32);
        var start = OperatingSystem.IsWindows()
            ? new ProcessStartInfo(command[0], command[1..])
            : new ProcessStartInfo("/bin/sh", ["-c", Guard, "sh", .. command]);
        start.RedirectStandardInput = true;
        start.RedirectStandardError = true;
        // Not as arguments, which everybody on the machine can see.
        start.Environment["RCLONE_RC_USER"] = "cuckoo";
        start.Environment["RCLONE_RC_PASS"] = password;
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (Win32Exception exception)
        {
            throw NotInstalled(exception);
        }
        var rclone = new RcloneProcess(process, password);
        try
        {
            await rclone.WaitUntilReadyAsync(cancellationToken).ConfigureAwait(false);
            return rclone;
        }
        catch
        {
            rclone.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        _hasEnded = true;
        _process.StandardInput.Close();
        if (OperatingSystem.IsWindows() || !_process.WaitForExit(Patience))
            _process.Kill(entireProcessTree: true);
        _process.Dispose();
    }

    private static CloudException NotInstalled(Exception? cause) => new(
        CloudErrorKind.Other, "rclone is not installed; install it (apt install rclone, or see https://rclone.org/install).", cause);

    private async Task WaitUntilReadyAsync(CancellationToken cancellationToken)
    {
        var last = "";
        while (await _process.StandardError.ReadLineAsync(cancellationToken).ConfigureAwait(false) is { } line)
        {
            last = line;
            var at = line.IndexOf(Ready, StringComparison.Ordinal);
            if (at >= 0 && Uri.TryCreate(line[(at + Ready.Length)..].Trim(), UriKind.Absolute, out var address))
            {
                Address = address;
                _ = DrainAsync();
                return;
            }
        }
        throw last.Contains("not found", StringComparison.Ordinal)
            ? NotInstalled(null)
            : new CloudException(CloudErrorKind.Other, $"rclone did not start: {last.TrimEnd('.')}.");
    }

    // A full pipe would stop rclone; its end is how its death is noticed, for the guard lives on.
    private async Task DrainAsync()
    {
        try
        {
            var buffer = new char[4096];
            while (await _process.StandardError.ReadAsync(buffer).ConfigureAwait(false) > 0)
            {
            }
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // Disposed meanwhile.
        }
        _hasEnded = true;
    }
}
