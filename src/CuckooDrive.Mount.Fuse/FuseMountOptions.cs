namespace CuckooDrive.Mount.Fuse;

/// <summary>How to mount.</summary>
public sealed record FuseMountOptions
{
    /// <summary>Shown as the device in mount tables.</summary>
    public string Name { get; init; } = "cuckoo";

    /// <summary>The part of the type after "fuse.".</summary>
    public string Subtype { get; init; } = "cuckoo";

    public bool ReadOnly { get; init; }

    /// <summary>Let users other than the mounting one in; an ordinary user needs user_allow_other in /etc/fuse.conf.</summary>
    public bool AllowOther { get; init; }

    /// <summary>Honour set-user-id bits (root only; ordinary users' mounts never do).</summary>
    public bool AllowSetUserId { get; init; }

    /// <summary>Honour device nodes (root only; ordinary users' mounts never do).</summary>
    public bool AllowDevices { get; init; }

    /// <summary>
    /// Reader threads. More than two serve no purpose: what waits does not hold a reader. On two processors one is better, since the
    /// caller needs the other (docs/decisions/0002).
    /// </summary>
    public int Readers { get; init; } = Environment.ProcessorCount > 2 ? 2 : 1;

    /// <summary>The kernel's read-ahead, raised where permitted (as root).</summary>
    public int ReadAheadKiB { get; init; } = 2048;
}
