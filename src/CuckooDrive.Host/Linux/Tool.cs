using System.ComponentModel;
using System.Diagnostics;

namespace CuckooDrive.Host.Linux;

/// <summary>Runs a small program of the system.</summary>
internal static class Tool
{
    private const int NotFoundStatus = 127;

    /// <summary>Its exit status and what it printed, in one line; 127 when there is no such program.</summary>
    public static (int Status, string Output) Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (Win32Exception)
        {
            return (NotFoundStatus, $"{program} is not installed");
        }
        using (process)
        {
            var errors = process.StandardError.ReadToEndAsync();
            var output = process.StandardOutput.ReadToEnd() + errors.GetAwaiter().GetResult();
            process.WaitForExit();
            return (process.ExitCode, output.ReplaceLineEndings(" ").Trim());
        }
    }
}
