using CuckooDrive.Core.Placement;

namespace CuckooDrive.Core.Chunks;

/// <summary>All clouds of the drive, and placement over them as they are now. Thread safe.</summary>
internal sealed class CloudLanes(IReadOnlyList<CloudMember> members, ChunkStoreOptions options, TimeProvider time)
{
    private readonly Lock _adding = new();
    private volatile CloudLane[] _lanes = [.. members.Select(member => new CloudLane(member, options, time))];

    public IReadOnlyList<CloudLane> All => _lanes;

    /// <summary>A lane that is none of the drive's before <see cref="Add"/>.</summary>
    public CloudLane Create(CloudMember member) => new(member, options, time);

    /// <summary>Takes in a cloud that the drive has got; placement may choose it from then on.</summary>
    public void Add(CloudLane lane)
    {
        lock (_adding)
            _lanes = [.. _lanes, lane];
    }

    public CloudLane? Find(ushort cloud)
    {
        foreach (var lane in _lanes)
        {
            if (lane.Member.Id == cloud)
                return lane;
        }
        return null;
    }

    public string Name(ushort cloud) => Find(cloud)?.Member.Name ?? (cloud == ShardPlace.Nowhere ? "no cloud" : $"the removed cloud {cloud}");

    /// <summary>Chooses the clouds of a pack that is being sealed; those that answer are preferred. False when too few have room.</summary>
    public bool TryPlace(Pack pack)
    {
        Span<ushort> clouds = stackalloc ushort[pack.Width];
        if (!ShardPlacement.TryChoose(Candidates(answering: true), pack.Ordinal, pack.PaddedLength, clouds) &&
            !ShardPlacement.TryChoose(Candidates(answering: false), pack.Ordinal, pack.PaddedLength, clouds))
            return false;
        for (var shard = 0; shard < clouds.Length; shard++)
            pack.Shards[shard].Cloud = clouds[shard];
        return true;
    }

    /// <summary>Another cloud that answers for one shard, in a failure domain that the pack's other shards do not use; null when there is none. Under the index's gate.</summary>
    public ushort? TryReplace(Pack pack, int shard)
    {
        var occupied = new HashSet<string>(StringComparer.Ordinal);
        for (var other = 0; other < pack.Width; other++)
        {
            if (other != shard && Find(pack.Shards[other].Cloud) is { } lane)
                occupied.Add(lane.Member.FailureDomain);
        }
        var current = pack.Shards[shard].Cloud;
        var candidates = Candidates(answering: true).Where(candidate => candidate.Cloud != current).ToArray();
        return ShardPlacement.TryReplace(candidates, pack.Ordinal, pack.PaddedLength, occupied);
    }

    /// <summary>Waits a little for calls that were cancelled or left behind, so that the end of a store is the end of its effects.</summary>
    public Task WhenIdleAsync(TimeSpan patience) =>
        Task.WhenAny(Task.WhenAll(_lanes.Select(static lane => lane.WhenIdleAsync())), Task.Delay(patience, time));

    private PlacementCandidate[] Candidates(bool answering) =>
    [
        .. _lanes.Where(lane => lane.TakesShards && (!answering || lane.IsReachable))
            .Select(lane => new PlacementCandidate(lane.Member.Id, lane.Member.FailureDomain, lane.Free, lane.Member.Weight)),
    ];
}
