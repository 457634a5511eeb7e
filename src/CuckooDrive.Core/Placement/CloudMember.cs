using CuckooDrive.Clouds;

namespace CuckooDrive.Core.Placement;

/// <summary>What the drive may do with one of its clouds.</summary>
public enum CloudMemberState : byte
{
    /// <summary>Takes new shards and serves its old ones.</summary>
    Active = 1,
    /// <summary>Serves its shards but gets no new ones: it is being emptied.</summary>
    Draining = 2,
    /// <summary>Removed or lost: nothing is read from it, written to it or deleted at it.</summary>
    Removed = 3,
}

/// <summary>One cloud of a drive. Immutable; whether it answers at the moment is known only to the chunk store.</summary>
/// <param name="Id">Its number in the drive, never used again for another cloud.</param>
/// <param name="Name">What the user calls it; unique in the drive.</param>
/// <param name="Storage">How to reach it; owned by whoever composed the drive.</param>
/// <param name="FailureDomain">Clouds of one domain are counted as lost together; a pack has at most one shard in it.</param>
/// <param name="CapacityLimit">At most this many bytes of ours may be stored there; null for as much as it has.</param>
public sealed record CloudMember(
    ushort Id,
    string Name,
    ICloudStorage Storage,
    string FailureDomain,
    long? CapacityLimit = null,
    CloudMemberState State = CloudMemberState.Active)
{
    /// <summary>Preference among clouds with equal free space; 1 is normal, 0 means only when nothing else is left.</summary>
    public double Weight { get; init; } = 1;
}
