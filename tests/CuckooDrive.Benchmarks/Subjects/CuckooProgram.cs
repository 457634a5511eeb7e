namespace CuckooDrive.Benchmarks.Subjects;

/// <summary>Which build of the program is measured.</summary>
internal static class CuckooProgram
{
    /// <summary>Must be called before the first use; null for the one that was built with this.</summary>
    public static void Choose(string? path)
    {
        if (path is not null)
            Environment.SetEnvironmentVariable("CUCKOO_EXECUTABLE", Path.GetFullPath(path));
    }
}
