using CuckooDrive.Core.Drives;
using CuckooDrive.Format;
using CuckooDrive.Host.Daemon;

namespace CuckooDrive.Host.Output;

/// <summary>What `cuckoo status --json` prints for one drive. Members may be added, never renamed.</summary>
internal sealed record StatusOutput
{
    public required string Name { get; init; }

    public required bool Mounted { get; init; }

    public string? MountPoint { get; init; }

    public int? ProcessId { get; init; }

    public string? DriveId { get; init; }

    public bool? ReadOnly { get; init; }

    public string? WriteStopped { get; init; }

    public DriveProtection? Protection { get; init; }

    public RedundancyStatus? Redundancy { get; init; }

    public long? CapacityTotal { get; init; }

    public long? CapacityFree { get; init; }

    public QueueStatus? Queue { get; init; }

    public JournalStatus? Journal { get; init; }

    public IReadOnlyList<CloudStatus>? Clouds { get; init; }

    public IReadOnlyList<string>? Warnings { get; init; }

    /// <summary>Only when paths were given.</summary>
    public IReadOnlyList<FileOutput>? Files { get; init; }

    /// <param name="name">The name on this machine.</param>
    /// <param name="mounted">Null when the drive is not mounted.</param>
    public static StatusOutput From(string name, MountedStatus? mounted)
    {
        var status = new StatusOutput
        {
            Name = name,
            Mounted = mounted is not null,
            MountPoint = mounted?.MountPoint,
            ProcessId = mounted?.ProcessId,
        };
        return mounted is null ? status : status.With(mounted.Drive);
    }

    public StatusOutput With(DriveStatus drive) => this with
    {
        DriveId = drive.DriveId,
        ReadOnly = drive.ReadOnly,
        WriteStopped = drive.WriteStopped,
        Protection = drive.Protection,
        Redundancy = drive.Redundancy,
        CapacityTotal = drive.CapacityTotal,
        CapacityFree = drive.CapacityFree,
        Queue = drive.Queue,
        Journal = drive.Journal,
        Clouds = drive.Clouds,
        Warnings = drive.Warnings,
    };
}

/// <param name="Path">As it was given.</param>
/// <param name="Protection">Null when there is no such file.</param>
internal sealed record FileOutput(string Path, FileProtection? Protection);

internal sealed record StatusListOutput(IReadOnlyList<StatusOutput> Drives);

internal sealed record CloudListOutput(string Name, IReadOnlyList<CloudStatus> Clouds);

internal sealed record KeyListOutput(string Name, IReadOnlyList<KeyOutput> Keys);

/// <param name="Slot">Its number, as key remove takes it; no other key ever has it.</param>
internal sealed record KeyOutput(int Slot, SecretKind Kind, string Label)
{
    public static KeyOutput From(KeySlotInfo slot) => new(slot.Number, slot.Kind, slot.Label);
}

/// <param name="Added">The new slot.</param>
/// <param name="RecoveryKey">The printable key, the only time that it is shown; null for other kinds.</param>
internal sealed record KeyAddOutput(string Name, KeyOutput Added, string? RecoveryKey);

/// <param name="Healthy">Whether nothing is wrong.</param>
/// <param name="Checks">What was looked at on this machine.</param>
/// <param name="Drive">What the check of the drive found, when one was named.</param>
internal sealed record DoctorOutput(bool Healthy, IReadOnlyList<MachineCheck> Checks, DoctorReport? Drive);

/// <param name="Name">What was looked at.</param>
/// <param name="Ok">Whether it is as it should be.</param>
/// <param name="Message">What was found, with what to do when it is not ok.</param>
internal sealed record MachineCheck(string Name, bool Ok, string Message);
