using System.Globalization;

namespace CuckooDrive.Mount.Fuse.Mounting;

/// <summary>
/// How much of the kernel's limit for dirty pages (about a fifth of the memory) a mount may take, and gets for certain. At three quarters of
/// that the kernel begins to hand pages over, down to half, and slows writers down meanwhile (docs/decisions/0002).
/// </summary>
internal static class DirtyShare
{
    private const int Usual = 8;
    private const int Most = 50;

    /// <summary>On small machines: enough for neighbouring pages to join, and for all requests that the kernel has under way at a time.</summary>
    private const long LeastBytes = 64L << 20;

    /// <summary>In percent, for a limit of so many bytes.</summary>
    public static int Of(long limit) => limit <= 0 ? Usual : (int)Math.Clamp(((LeastBytes * 100) + limit - 1) / limit, Usual, Most);

    /// <summary>In percent, for this machine as it is now.</summary>
    public static int OfThisMachine()
    {
        try
        {
            return Of(ReadLimit(File.ReadLines("/proc/vmstat")));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return Usual;
        }
    }

    /// <summary>The limit in bytes; 0 when the kernel does not tell.</summary>
    internal static long ReadLimit(IEnumerable<string> statistics)
    {
        const string Name = "nr_dirty_threshold ";
        var line = statistics.FirstOrDefault(static line => line.StartsWith(Name, StringComparison.Ordinal));
        return line is not null && long.TryParse(line.AsSpan(Name.Length), CultureInfo.InvariantCulture, out var pages) ? pages * Environment.SystemPageSize : 0;
    }
}
