using System.Globalization;
using System.Runtime.InteropServices;

namespace CuckooDrive.Benchmarks.Support;

/// <summary>What figures depend on.</summary>
internal static class Machine
{
    public static string Processor => Field("/proc/cpuinfo", "model name") ?? RuntimeInformation.ProcessArchitecture.ToString();

    public static string Kernel => File.ReadAllText("/proc/sys/kernel/osrelease").Trim();

    public static string Runtime => RuntimeInformation.FrameworkDescription;

    public static long Memory => Kilobytes("MemTotal");

    public static long AvailableMemory => Kilobytes("MemAvailable");

    /// <summary>What is not even used for caches.</summary>
    public static long FreeMemory => Kilobytes("MemFree");

    /// <summary>Processes that ran or waited for a disk, over the last minute.</summary>
    public static double Load => double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[0], CultureInfo.InvariantCulture);

    public static string FileSystemOf(string path) => new DriveInfo(path).DriveFormat;

    public static string Describe() => string.Create(CultureInfo.InvariantCulture,
        $"{Processor}, {Environment.ProcessorCount} processors, {Memory >> 30} GiB of memory, Linux {Kernel}, {Runtime}");

    private static long Kilobytes(string field) =>
        long.Parse(Field("/proc/meminfo", field)!.Split(' ')[0], CultureInfo.InvariantCulture) * 1024;

    private static string? Field(string file, string name) => File.ReadLines(file)
        .Where(line => line.StartsWith(name, StringComparison.Ordinal))
        .Select(line => line[(line.IndexOf(':') + 1)..].Trim())
        .FirstOrDefault();
}
