namespace CuckooDrive.Testing.Host;

/// <summary>What drive to make and how to mount it.</summary>
public sealed record MountedDriveOptions
{
    /// <summary>How many folder clouds.</summary>
    public int Clouds { get; init; } = 4;

    /// <summary>Clouds by their addresses, in place of folders; they are the caller's, who empties them.</summary>
    public IReadOnlyList<string>? Addresses { get; init; }

    /// <summary>The lines of a secrets file with the logins of <see cref="Addresses"/>.</summary>
    public string? Secrets { get; init; }

    /// <summary>Further variables of every command; what it starts in the background inherits them.</summary>
    public IReadOnlyDictionary<string, string?> Environment { get; init; } = new Dictionary<string, string?>();

    /// <summary>How many of them may be lost; the program's own choice when null.</summary>
    public int? Survive { get; init; } = 1;

    /// <summary>Further arguments of every mount, such as "--durability", "cloud".</summary>
    public IReadOnlyList<string> MountArguments { get; init; } = [];

    /// <summary>Settings such as StagingLimit = "64MiB"; see docs/operations.md.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <summary>Where the machine keeps the drive's state (CUCKOO_HOME); in the temporary folder when null.</summary>
    public string? Home { get; init; }

    /// <summary>Where the temporary folder is made; the system's when null.</summary>
    public string? ParentFolder { get; init; }
}
