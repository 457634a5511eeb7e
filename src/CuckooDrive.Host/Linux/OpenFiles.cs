using System.Globalization;

namespace CuckooDrive.Host.Linux;

/// <summary>Finds out which programs keep a mount busy.</summary>
internal static class OpenFiles
{
    /// <summary>
    /// Programs with a file, working folder or mapping below the path, as "name (process 123)"; only those that this user
    /// may look at. Reads links in /proc and never the mount itself.
    /// </summary>
    public static IReadOnlyList<string> UsersOf(string path)
    {
        var users = new List<string>();
        var own = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        foreach (var process in Directory.EnumerateDirectories("/proc"))
        {
            var id = Path.GetFileName(process);
            if (id.All(char.IsAsciiDigit) && id != own && Uses(process, path))
                users.Add($"{NameOf(process)} (process {id})");
        }
        return users;
    }

    private static bool Uses(string process, string path)
    {
        try
        {
            return IsBelow(LinkOf($"{process}/cwd"), path)
                || IsBelow(LinkOf($"{process}/exe"), path)
                || Directory.EnumerateFileSystemEntries($"{process}/fd").Any(link => IsBelow(LinkOf(link), path))
                || File.ReadLines($"{process}/maps").Any(line => line.IndexOf('/') is >= 0 and var start && IsBelow(line[start..], path));
        }
        catch (Exception failure) when (failure is UnauthorizedAccessException or IOException)
        {
            return false; // Another user's process, or one that has just ended.
        }
    }

    private static string? LinkOf(string link)
    {
        try
        {
            return new FileInfo(link).LinkTarget;
        }
        catch (Exception failure) when (failure is UnauthorizedAccessException or IOException)
        {
            return null;
        }
    }

    private static bool IsBelow(string? file, string path) =>
        file is not null && (file == path || file.StartsWith(path + "/", StringComparison.Ordinal));

    private static string NameOf(string process)
    {
        try
        {
            return File.ReadAllText($"{process}/comm").Trim();
        }
        catch (IOException)
        {
            return "a program";
        }
    }
}
