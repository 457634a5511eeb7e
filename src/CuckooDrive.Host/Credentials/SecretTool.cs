using System.ComponentModel;
using System.Diagnostics;

namespace CuckooDrive.Host.Credentials;

/// <summary>Runs a small program of the system that keeps secrets.</summary>
internal static class SecretTool
{
    /// <summary>Long enough for somebody to unlock a keyring, short enough for nobody to wait for one that hangs.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    /// <summary>False when it is not installed, fails, or does not end.</summary>
    public static bool TryRun(string program, string input, out string output, params string[] arguments)
    {
        output = "";
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            using var process = Process.Start(start)!;
            var printed = process.StandardOutput.ReadToEndAsync();
            var errors = process.StandardError.ReadToEndAsync();
            process.StandardInput.Write(input);
            process.StandardInput.Close();
            if (!process.WaitForExit(Patience))
            {
                process.Kill(entireProcessTree: true);
                return false;
            }
            output = printed.GetAwaiter().GetResult();
            _ = errors.GetAwaiter().GetResult();
            return process.ExitCode == 0;
        }
        catch (Exception failure) when (failure is Win32Exception or IOException)
        {
            return false; // Not installed, or gone before it had read its input.
        }
    }

    /// <summary>A key as it was stored; null for anything else.</summary>
    public static byte[]? ParseKey(string text)
    {
        var key = new byte[VaultFile.KeyLength];
        return Convert.TryFromBase64String(text.Trim(), key, out var length) && length == key.Length ? key : null;
    }
}
