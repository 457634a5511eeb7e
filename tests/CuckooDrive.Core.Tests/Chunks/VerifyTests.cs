using CuckooDrive.Core.Placement;
using Xunit;

namespace CuckooDrive.Core.Tests.Chunks;

public class VerifyTests
{
    [Fact]
    public async Task A_sound_store_has_no_problems_and_each_kind_of_damage_is_one()
    {
        await using var fixture = new StoreFixture(new Redundancy(2, 1));
        for (var i = 0; i < 30; i++)
            fixture.Add(StoreFixture.Random(40_000));
        await fixture.UploadAllAsync();
        var sound = await fixture.Store.VerifyAsync(askClouds: true, null, CancellationToken.None);
        Assert.Empty(sound.Problems);
        Assert.Equal((30, 30), (sound.Chunks, sound.OpenedChunks));

        File.Delete(fixture.ObjectFiles(0).First());
        File.WriteAllBytes(fixture.ObjectFiles(1).First(), [1]);
        var local = Directory.GetFiles(fixture.Cache).First();
        var bytes = File.ReadAllBytes(local);
        bytes[100] ^= 1;
        File.WriteAllBytes(local, bytes);
        var problems = (await fixture.Store.VerifyAsync(askClouds: true, null, CancellationToken.None)).Problems;
        Assert.Equal(3, problems.Count);
        Assert.Contains(problems, static problem => problem.Contains("missing at cloud0", StringComparison.Ordinal));
        Assert.Contains(problems, static problem => problem.Contains("has 1 bytes at cloud1", StringComparison.Ordinal));
        Assert.Contains(problems, static problem => problem.Contains("damaged on the local disk", StringComparison.Ordinal));
    }
}
