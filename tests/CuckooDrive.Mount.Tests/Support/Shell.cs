using System.Diagnostics;

namespace CuckooDrive.Mount.Tests.Support;

/// <summary>Shell commands, also as another user.</summary>
internal static class Shell
{
    public static Task<int> RunAsNobodyAsync(string command) =>
        RunAsync("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "sh", "-c", command);

    public static async Task<int> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        })!;
        var errors = process.StandardError.ReadToEndAsync();
        await process.StandardOutput.ReadToEndAsync();
        await errors;
        await process.WaitForExitAsync();
        return process.ExitCode;
    }
}
