namespace CuckooDrive.Core.Placement;

/// <summary>What placement needs to know about a cloud at the moment of the decision.</summary>
/// <param name="Free">Bytes that still fit after all that is already queued for it.</param>
public readonly record struct PlacementCandidate(ushort Cloud, string FailureDomain, long Free, double Weight = 1);

/// <summary>
/// Decides which cloud holds which shard: a pure function, so that the same inputs give the same answer on every machine.
/// Clouds are drawn by weighted rendezvous hashing: over many packs each gets shards in proportion to its free space, and
/// one that is added or goes away moves no other.
/// </summary>
public static class ShardPlacement
{
    /// <summary>
    /// Chooses a cloud for each of <paramref name="target"/>'s shards, all in different failure domains, and returns true;
    /// or false, with the target untouched, when there are not enough domains with room for a shard.
    /// </summary>
    /// <param name="pack">The pack's ordinal: spreads packs, and rotates data and parity over the chosen clouds.</param>
    /// <param name="shardLength">Bytes of one shard; a candidate with less free space is passed over.</param>
    public static bool TryChoose(ReadOnlySpan<PlacementCandidate> candidates, uint pack, long shardLength, Span<ushort> target)
    {
        var best = BestOfEachDomain(candidates, pack, shardLength, []);
        if (best.Count < target.Length)
            return false;
        best.Sort(static (a, b) => b.Score != a.Score ? b.Score.CompareTo(a.Score) : a.Cloud.CompareTo(b.Cloud));
        best.RemoveRange(target.Length, best.Count - target.Length);
        best.Sort(static (a, b) => a.Cloud.CompareTo(b.Cloud));
        for (var shard = 0; shard < target.Length; shard++)
            target[shard] = best[(int)((shard + pack) % (uint)target.Length)].Cloud;
        return true;
    }

    /// <summary>
    /// Another home for one shard of a pack whose other shards stay where they are, outside of
    /// <paramref name="occupiedDomains"/>; null when no domain is left.
    /// </summary>
    public static ushort? TryReplace(ReadOnlySpan<PlacementCandidate> candidates, uint pack, long shardLength, IReadOnlyCollection<string> occupiedDomains)
    {
        (ushort Cloud, double Score)? winner = null;
        foreach (var candidate in BestOfEachDomain(candidates, pack, shardLength, occupiedDomains))
        {
            if (winner is null || candidate.Score > winner.Value.Score)
                winner = candidate;
        }
        return winner?.Cloud;
    }

    private static List<(ushort Cloud, double Score)> BestOfEachDomain(
        ReadOnlySpan<PlacementCandidate> candidates, uint pack, long shardLength, IReadOnlyCollection<string> occupiedDomains)
    {
        var best = new SortedDictionary<string, (ushort Cloud, double Score)>(StringComparer.Ordinal);
        foreach (ref readonly var candidate in candidates)
        {
            if (candidate.Free < shardLength || occupiedDomains.Contains(candidate.FailureDomain))
                continue;
            var score = Score(candidate, pack);
            if (!best.TryGetValue(candidate.FailureDomain, out var other) || score > other.Score ||
                (score == other.Score && candidate.Cloud < other.Cloud))
                best[candidate.FailureDomain] = (candidate.Cloud, score);
        }
        return [.. best.Values];
    }

    // Weighted rendezvous: with u uniform in (0, 1) for each pack and cloud, the cloud of the largest -share / ln(u) is
    // drawn with a probability proportional to its share.
    private static double Score(in PlacementCandidate candidate, uint pack)
    {
        var uniform = ((Mix(((ulong)candidate.Cloud << 32) | pack) >> 11) + 0.5) * (1.0 / (1UL << 53));
        var share = Math.Max(candidate.Weight, 1e-9) * Math.Max(candidate.Free, 1);
        return -share / Math.Log(uniform);
    }

    // The finalizer of SplitMix64: every input bit changes every output bit with a probability near one half.
    private static ulong Mix(ulong value)
    {
        value += 0x9E3779B97F4A7C15;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
