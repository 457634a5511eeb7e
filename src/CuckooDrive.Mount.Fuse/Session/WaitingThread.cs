using System.Globalization;

namespace CuckooDrive.Mount.Fuse.Session;

/// <summary>A thread of another process, as far as it matters to the requests that it waits for.</summary>
internal static class WaitingThread
{
    private const string PendingSignals = "SigPnd:";
    private const ulong KillSignal = 1UL << (9 - 1);

    /// <summary>
    /// Whether the thread dies as soon as its request ends. The kernel turns every signal that ends a process into SIGKILL
    /// for each of its threads, also those that have a harmless use elsewhere, such as SIGINT.
    /// </summary>
    /// <param name="id">As in the request's header; 0 is a thread that this process cannot see.</param>
    /// <returns>False also when that cannot be found out.</returns>
    public static bool IsBeingKilled(uint id)
    {
        if (id == 0)
            return false;
        try
        {
            foreach (var line in File.ReadLines($"/proc/{id.ToString(CultureInfo.InvariantCulture)}/status"))
            {
                if (line.StartsWith(PendingSignals, StringComparison.Ordinal))
                    return (ulong.Parse(line.AsSpan(PendingSignals.Length).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture) & KillSignal) != 0;
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Gone already, or hidden from this user.
        }
        return false;
    }
}
