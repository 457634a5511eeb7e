using CuckooDrive.Core.Drives;

namespace CuckooDrive.Host.Daemon;

/// <summary>What to mount and how.</summary>
internal sealed record MountRequest
{
    public required string Name { get; init; }

    /// <summary>Absolute, without symbolic links.</summary>
    public required string MountPoint { get; init; }

    public bool ReadOnly { get; init; }

    public bool AllowOther { get; init; }

    public Durability Durability { get; init; }
}
