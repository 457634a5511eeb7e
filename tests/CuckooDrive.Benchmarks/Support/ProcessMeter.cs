using System.Globalization;

namespace CuckooDrive.Benchmarks.Support;

/// <summary>What the kernel knows about a process, from /proc.</summary>
internal static class ProcessMeter
{
    /// <summary>USER_HZ, a constant of the kernel's interface.</summary>
    private const double TicksPerSecond = 100;

    private const int FieldsBeforeState = 2;
    private const int UserTicks = 13 - FieldsBeforeState;
    private const int SystemTicks = 14 - FieldsBeforeState;

    /// <summary>Processor time so far, user and system, of all its threads.</summary>
    public static double CpuSeconds(int process)
    {
        var stat = File.ReadAllText($"/proc/{process}/stat");
        // The second field, the program's name in parentheses, may hold spaces.
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return (Parse(fields[UserTicks]) + Parse(fields[SystemTicks])) / TicksPerSecond;
    }

    /// <summary>The largest resident set so far (or since <see cref="ResetPeak"/>), in bytes.</summary>
    public static long PeakResidentBytes(int process) => ReadStatus(process, "VmHWM:");

    public static long ResidentBytes(int process) => ReadStatus(process, "VmRSS:");

    /// <summary>Starts the peak anew at the present resident set.</summary>
    public static void ResetPeak(int process) => File.WriteAllText($"/proc/{process}/clear_refs", "5");

    /// <summary>A zombie counts as gone.</summary>
    public static bool Exists(int process)
    {
        try
        {
            return !File.ReadLines($"/proc/{process}/status").Any(line => line.StartsWith("State:\tZ", StringComparison.Ordinal));
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static long ReadStatus(int process, string field)
    {
        var line = File.ReadLines($"/proc/{process}/status").First(line => line.StartsWith(field, StringComparison.Ordinal));
        return Parse(line[field.Length..].Replace("kB", "", StringComparison.Ordinal).Trim()) * 1024;
    }

    private static long Parse(string number) => long.Parse(number, CultureInfo.InvariantCulture);
}
