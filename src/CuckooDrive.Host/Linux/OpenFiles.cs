using System.Globalization;

namespace CuckooDrive.Host.Linux;

/// <summary>Finds out which programs keep a mount busy, and with which files.</summary>
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

    /// <summary>
    /// Files below the path that programs have open for writing, or mapped into memory to write there; only of programs that this
    /// user may look at. Each is a name that opens this very file, also after a rename.
    /// </summary>
    public static IReadOnlyCollection<string> WrittenBelow(string path)
    {
        var found = new Dictionary<string, string>();
        foreach (var process in Directory.EnumerateDirectories("/proc").Where(process => Path.GetFileName(process).All(char.IsAsciiDigit)))
        {
            try
            {
                foreach (var link in Directory.EnumerateFileSystemEntries($"{process}/fd"))
                {
                    if (LinkOf(link) is { } file && IsBelow(file, path) && IsForWriting($"{process}/fdinfo/{Path.GetFileName(link)}"))
                        found.TryAdd(file, link);
                }
                foreach (var file in File.ReadLines($"{process}/maps").Select(SharedAndWritten).OfType<string>().Where(file => IsBelow(file, path)))
                    found.TryAdd(file, file);
            }
            catch (Exception failure) when (failure is UnauthorizedAccessException or IOException)
            {
                // Another user's process, or one that has just ended.
            }
        }
        return found.Values;
    }

    private static bool IsForWriting(string descriptorInformation)
    {
        const string Flags = "flags:";
        const int AccessModes = 3;
        try
        {
            var line = File.ReadLines(descriptorInformation).FirstOrDefault(line => line.StartsWith(Flags, StringComparison.Ordinal));
            return line is not null && ((line[^1] - '0') & AccessModes) != 0;
        }
        catch (Exception failure) when (failure is UnauthorizedAccessException or IOException)
        {
            return false; // Closed meanwhile.
        }
    }

    /// <summary>The file of a line of /proc/PID/maps ("address rw-s offset device inode file"), or null.</summary>
    private static string? SharedAndWritten(string line)
    {
        var access = line.IndexOf(' ') + 1;
        return line.IndexOf('/') is > 0 and var start && start > access + 4 && line[access + 1] == 'w' && line[access + 3] == 's' ? line[start..] : null;
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
