using CuckooDrive.Host.CommandLine;

namespace CuckooDrive.Host.State;

/// <summary>
/// Where things lie: the XDG directories on Linux, the usual folders elsewhere, or everything below CUCKOO_HOME.
/// </summary>
/// <param name="Configuration">Settings that a person edits.</param>
/// <param name="State">Drives: metadata, what is not yet on the clouds, logs.</param>
internal sealed record CuckooPaths(string Configuration, string State)
{
    public const string HomeVariable = "CUCKOO_HOME";

    /// <summary>The optional settings file.</summary>
    public string SettingsFile => Path.Combine(Configuration, "settings.json");

    public string Drives => Path.Combine(State, "drives");

    public static CuckooPaths FromEnvironment()
    {
        var home = Environment.GetEnvironmentVariable(HomeVariable);
        if (!string.IsNullOrEmpty(home))
        {
            home = Path.GetFullPath(home);
            return new CuckooPaths(Path.Combine(home, "config"), Path.Combine(home, "state"));
        }
        if (!OperatingSystem.IsLinux())
        {
            var local = Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData);
            return new CuckooPaths(Path.Combine(local, "CuckooDrive", "config"), Path.Combine(local, "CuckooDrive", "state"));
        }
        return new CuckooPaths(
            Path.Combine(Xdg("XDG_CONFIG_HOME", ".config"), "cuckoo"),
            Path.Combine(Xdg("XDG_STATE_HOME", ".local/state"), "cuckoo"));
    }

    /// <summary>The folders of a drive whose name is checked here; they need not exist.</summary>
    public DriveFolders Drive(string name) => new(DriveName.Check(name), Path.Combine(Drives, name));

    /// <summary>The folders of a drive that exists, or a sentence that it does not.</summary>
    public DriveFolders ExistingDrive(string name)
    {
        var folders = Drive(name);
        return folders.Exists
            ? folders
            : throw new UserException(
                $"There is no drive '{name}' on this machine; make one with 'cuckoo create' or fetch an existing one with 'cuckoo attach' ('cuckoo status' lists those that exist).");
    }

    /// <summary>All drives of this user, by name.</summary>
    public IReadOnlyList<DriveFolders> AllDrives()
    {
        if (!Directory.Exists(Drives))
            return [];
        return [.. Directory.EnumerateDirectories(Drives)
            .Select(path => Path.GetFileName(path))
            .Where(DriveName.IsValid)
            .Select(Drive)
            .Where(folders => folders.Exists)
            .OrderBy(folders => folders.Name, StringComparer.Ordinal)];
    }

    private static string Xdg(string variable, string fallback)
    {
        // The specification says that a relative path in these variables is to be ignored.
        var given = Environment.GetEnvironmentVariable(variable);
        if (!string.IsNullOrEmpty(given) && Path.IsPathRooted(given))
            return given;
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        return home.Length > 0
            ? Path.Combine(home, fallback)
            : throw new UserException($"The home folder is not known; set HOME or {HomeVariable}.");
    }
}
