using System.Text.Json;
using System.Text.Json.Serialization;
using CuckooDrive.Core.Drives;

namespace CuckooDrive.Host.Daemon;

/// <summary>What a client may ask a mounted drive. The wire form is one line of JSON.</summary>
internal sealed record ControlRequest(string Command)
{
    public const string Status = "status";
    public const string Flush = "flush";
    public const string Unmount = "unmount";
    public const string Protection = "protection";
    public const string Check = "check";
    public const string AddCloud = "addCloud";

    /// <summary>For <see cref="Protection"/>: relative to the drive's root.</summary>
    public IReadOnlyList<string> Paths { get; init; } = [];

    /// <summary>For <see cref="Check"/>: read and verify every shard.</summary>
    public bool Thorough { get; init; }

    /// <summary>For <see cref="AddCloud"/>.</summary>
    public ControlCloud? Cloud { get; init; }
}

/// <summary>
/// One line of an answer: any number of lines with <see cref="Progress"/>, then one with <see cref="Ok"/>.
/// </summary>
internal sealed record ControlResponse
{
    public ControlProgress? Progress { get; init; }

    public bool? Ok { get; init; }

    /// <summary>One sentence; set when <see cref="Ok"/> is false.</summary>
    public string? Error { get; init; }

    /// <summary>To an unmount: programs use the mount, so nothing was done.</summary>
    public bool? Busy { get; init; }

    public MountedStatus? Status { get; init; }

    public IReadOnlyList<PathProtection>? Protection { get; init; }

    public DoctorReport? Report { get; init; }

    /// <summary>The cloud that was added.</summary>
    public CloudStatus? Cloud { get; init; }
}

/// <summary>A cloud to add. Its secrets pass only through the socket, which none but its user can open.</summary>
/// <param name="Address">Its address.</param>
/// <param name="Name">What to call it; made from the address when null.</param>
/// <param name="Capacity">The most to store there, in bytes.</param>
/// <param name="Secrets">By their names; null when it needs none.</param>
internal sealed record ControlCloud(string Address, string? Name, long? Capacity, IReadOnlyDictionary<string, string>? Secrets)
{
    public override string ToString() => Address;
}

/// <param name="Step">What is being done, for people.</param>
/// <param name="Left">What is left, or what is done when <paramref name="Total"/> is set.</param>
/// <param name="Total">All there is to do, or 0 when not known.</param>
internal sealed record ControlProgress(string Step, long Left, long Total);

/// <summary>A mounted drive.</summary>
internal sealed record MountedStatus(string MountPoint, int ProcessId, DriveStatus Drive);

/// <param name="Path">As it was asked.</param>
/// <param name="Protection">Null when there is no such file.</param>
internal sealed record PathProtection(string Path, FileProtection? Protection);

/// <summary>Left in the drive's folder while it is mounted, so that other commands can say where.</summary>
internal sealed record MountRecord(string MountPoint, int ProcessId, DateTimeOffset Since, bool ReadOnly);

/// <summary>What a mount in the background tells the command that started it.</summary>
internal sealed record StartupReport(bool Ready, string? Error = null, int ExitStatus = 0, string? Details = null);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ControlRequest))]
[JsonSerializable(typeof(ControlResponse))]
[JsonSerializable(typeof(MountRecord))]
[JsonSerializable(typeof(StartupReport))]
internal sealed partial class ControlJson : JsonSerializerContext;
