using CsCheck;
using CuckooDrive.Core.Placement;
using Xunit;

namespace CuckooDrive.Core.Tests.Placement;

public class ShardPlacementTests
{
    private static readonly Gen<PlacementCandidate[]> GenCandidates =
        Gen.Select(Gen.Int[0, 5], Gen.Long[0, 1000], Gen.Double[0, 2])
            .Array[0, 12]
            .Select(items => items.Select((item, i) => new PlacementCandidate((ushort)i, $"d{item.Item1}", item.Item2, item.Item3)).ToArray());

    [Fact]
    public void Chooses_distinct_domains_with_room_exactly_when_there_are_enough() =>
        Gen.Select(GenCandidates, Gen.UInt, Gen.Int[1, 6], Gen.Long[1, 500]).Sample((candidates, pack, width, length) =>
        {
            var target = new ushort[width];
            var chosen = ShardPlacement.TryChoose(candidates, pack, length, target);
            var domains = candidates.Where(c => c.Free >= length).Select(c => c.FailureDomain).Distinct().Count();
            Assert.Equal(domains >= width, chosen);
            if (!chosen)
                return;
            Assert.Equal(width, target.Select(cloud => candidates[cloud].FailureDomain).Distinct().Count());
            Assert.All(target, cloud => Assert.True(candidates[cloud].Free >= length));
        });

    [Fact]
    public void Does_not_depend_on_the_order_of_the_clouds() =>
        Gen.Select(GenCandidates, Gen.UInt, Gen.Int[1, 4], Gen.Int).Sample((candidates, pack, width, seed) =>
        {
            var shuffled = (PlacementCandidate[])candidates.Clone();
            new Random(seed).Shuffle(shuffled);
            var first = new ushort[width];
            var second = new ushort[width];
            Assert.Equal(ShardPlacement.TryChoose(candidates, pack, 1, first), ShardPlacement.TryChoose(shuffled, pack, 1, second));
            Assert.Equal(first, second);
        });

    [Fact]
    public void A_replacement_avoids_the_occupied_domains() =>
        Gen.Select(GenCandidates, Gen.UInt, Gen.Int[0, 5]).Sample((candidates, pack, occupied) =>
        {
            var taken = Enumerable.Range(0, occupied).Select(i => $"d{i}").ToArray();
            var replacement = ShardPlacement.TryReplace(candidates, pack, 10, taken);
            var possible = candidates.Where(c => c.Free >= 10 && !taken.Contains(c.FailureDomain)).Select(c => (ushort?)c.Cloud).ToArray();
            if (possible.Length == 0)
                Assert.Null(replacement);
            else
                Assert.Contains(replacement, possible);
        });

    [Fact]
    public void Clouds_fill_in_proportion_to_their_free_space()
    {
        PlacementCandidate[] candidates = [new(1, "a", 1000), new(2, "b", 2000), new(3, "c", 1000)];
        var counts = new int[4];
        var target = new ushort[1];
        for (uint pack = 0; pack < 20_000; pack++)
        {
            Assert.True(ShardPlacement.TryChoose(candidates, pack, 1, target));
            counts[target[0]]++;
        }
        Assert.InRange(counts[2], 9_500, 10_500);
        Assert.InRange(counts[1], 4_600, 5_400);
    }

    [Fact]
    public void Every_cloud_holds_data_and_parity_in_turn()
    {
        PlacementCandidate[] candidates = [new(1, "a", 1000), new(2, "b", 1000), new(3, "c", 1000), new(4, "d", 1000)];
        var parity = new HashSet<ushort>();
        var target = new ushort[4];
        for (uint pack = 0; pack < 4; pack++)
        {
            Assert.True(ShardPlacement.TryChoose(candidates, pack, 1, target));
            parity.Add(target[3]);
        }
        Assert.Equal(4, parity.Count);
    }
}
