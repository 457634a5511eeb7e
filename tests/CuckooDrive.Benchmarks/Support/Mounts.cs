namespace CuckooDrive.Benchmarks.Support;

/// <summary>Mount points of this machine.</summary>
internal static class Mounts
{
    public static bool IsMounted(string path) =>
        File.ReadLines("/proc/self/mountinfo").Any(line => line.Contains($" {path} ", StringComparison.Ordinal));

    /// <summary>Unmounts; waits while something still has a file open there, and detaches in the end.</summary>
    public static async Task UnmountAsync(string path)
    {
        for (var attempt = 0; IsMounted(path); attempt++)
        {
            var (program, arguments) = (Environment.IsPrivilegedProcess, attempt < 50) switch
            {
                (true, true) => ("umount", new[] { path }),
                (true, false) => ("umount", ["-l", path]),
                (false, true) => ("fusermount3", ["-u", path]),
                (false, false) => ("fusermount3", ["-u", "-z", path]),
            };
            var (status, _, error) = await Tool.TryRunAsync(program, arguments);
            if (status == 0)
                continue;
            if (attempt > 60)
                throw new BenchmarkException($"'{path}' could not be unmounted: {Tool.LastLine(error)}");
            await Task.Delay(100);
        }
    }
}
