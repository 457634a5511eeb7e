namespace CuckooDrive.Core.Drives;

/// <summary>A drive at one moment. Sizes are bytes.</summary>
public sealed record DriveStatus
{
    public required string Name { get; init; }

    /// <summary>The drive's public identity, in hex.</summary>
    public required string DriveId { get; init; }

    public bool ReadOnly { get; init; }

    /// <summary>Why the drive refuses to write although it was opened for writing; null in health.</summary>
    public string? WriteStopped { get; init; }

    public required RedundancyStatus Redundancy { get; init; }

    public required IReadOnlyList<CloudStatus> Clouds { get; init; }

    public required QueueStatus Queue { get; init; }

    public required JournalStatus Journal { get; init; }

    /// <summary>Space for user data after redundancy.</summary>
    public long CapacityTotal { get; init; }

    public long CapacityFree { get; init; }

    /// <summary>One of <see cref="DriveProtection"/>: how safe everything is that was written so far.</summary>
    public DriveProtection Protection { get; init; }

    /// <summary>Things to know or do, one sentence each; empty in health.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];
}

/// <summary>How safe all that was written is.</summary>
public enum DriveProtection
{
    /// <summary>All of it survives the promised loss of clouds, and the loss of this machine.</summary>
    Protected,
    /// <summary>Some of it is still on its way.</summary>
    Uploading,
    /// <summary>Some of it survives fewer losses than promised, since clouds are away or full.</summary>
    Degraded,
    /// <summary>Some of it can be read neither here nor from the clouds; a warning says how much.</summary>
    Damaged,
}

/// <summary>k data shards, m parity shards; any <see cref="Survives"/> clouds may be lost.</summary>
public sealed record RedundancyStatus(int DataShards, int ParityShards, int Survives);

public sealed record CloudStatus
{
    public required int Id { get; init; }

    public required string Name { get; init; }

    public required string Address { get; init; }

    public required string FailureDomain { get; init; }

    public required bool Reachable { get; init; }

    public long? SpaceTotal { get; init; }

    public long? SpaceFree { get; init; }

    /// <summary>The limit that the user set, if any.</summary>
    public long? Capacity { get; init; }

    public long Shards { get; init; }

    public long ShardBytes { get; init; }

    /// <summary>The last thing that went wrong, if it has not worked since.</summary>
    public string? LastError { get; init; }
}

/// <summary>What is waiting to be uploaded.</summary>
public sealed record QueueStatus(long Packs, long Bytes);

/// <summary>How far the clouds' view of the metadata is behind this machine's.</summary>
/// <param name="Batches">Commits that the clouds do not have.</param>
/// <param name="Bytes">Their size here.</param>
/// <param name="Seconds">Age of the oldest of them; 0 when there is none.</param>
/// <param name="Sequence">The last commit that enough clouds hold.</param>
public sealed record JournalStatus(long Batches, long Bytes, double Seconds, long Sequence);

/// <summary>How safe one file is: the state of its least safe part.</summary>
public enum FileProtection
{
    /// <summary>Only on this machine.</summary>
    Local,
    /// <summary>Partly on the clouds.</summary>
    Uploading,
    /// <summary>Survives the promised loss of clouds, and the loss of this machine.</summary>
    Protected,
    /// <summary>Some of it, or what was stored together with it, can be read neither here nor from the clouds.</summary>
    Damaged,
}

/// <summary>Progress of <see cref="Drive.FlushAsync"/>.</summary>
/// <param name="PacksLeft">Packs that some cloud lacks a shard of.</param>
/// <param name="BytesLeft">What there is of them to upload.</param>
/// <param name="JournalLeft">Whether the clouds lack commits.</param>
/// <param name="CloudsAway">Names of the clouds that cannot be reached and may be waited for.</param>
public readonly record struct FlushProgress(long PacksLeft, long BytesLeft, bool JournalLeft, IReadOnlyList<string> CloudsAway);

/// <summary>Progress of <see cref="Drive.AttachAsync"/>.</summary>
/// <param name="Step">What is being done, for people.</param>
/// <param name="Done">Steps of this kind done so far.</param>
/// <param name="Total">Steps of this kind, or 0 when not known.</param>
public readonly record struct AttachProgress(string Step, long Done, long Total);
