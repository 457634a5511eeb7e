using System.ComponentModel;
using System.Diagnostics;

namespace CuckooDrive.Host.Credentials;

/// <summary>The system's browser.</summary>
internal static class Browser
{
    /// <summary>Whether this machine is likely to show one to whoever runs the command.</summary>
    public static bool IsLikely => !OperatingSystem.IsLinux() || IsSet("DISPLAY") || IsSet("WAYLAND_DISPLAY");

    /// <summary>Opens a page, as far as there is a browser. The address was printed, so a failure is none.</summary>
    public static void Open(Uri page)
    {
        try
        {
            using var process = Process.Start(OperatingSystem.IsWindows()
                ? new ProcessStartInfo(page.AbsoluteUri) { UseShellExecute = true }
                : new ProcessStartInfo(OperatingSystem.IsMacOS() ? "open" : "xdg-open", [page.AbsoluteUri])
                {
                    // What browsers print is of no use here.
                    RedirectStandardOutput = true,
                    RedirectStandardError = true,
                });
        }
        catch (Win32Exception)
        {
            // No such program: the user opens the printed address.
        }
    }

    private static bool IsSet(string variable) => !string.IsNullOrEmpty(Environment.GetEnvironmentVariable(variable));
}
