using CsCheck;
using CuckooDrive.Core.Drives;
using CuckooDrive.Core.Metadata;
using Xunit;

namespace CuckooDrive.Core.Tests.Drives;

/// <summary>Checkpoint pages: what is cut is joined again, and a small change moves few borders.</summary>
public sealed class PageTests
{
    private static readonly Gen<(byte[] Key, byte[] Value)[]> Rows =
        Gen.Select(Gen.Byte.Array[1, 25], Gen.Frequency((20, Gen.Int[0, 600]), (1, Gen.Int[0, 300_000])).Select(length => new byte[length])).Array[0, 800];

    [Fact]
    public void PagesJoinToTheRowsThatWereCut() => Rows.Sample(rows =>
    {
        var pages = Cut(rows);
        Assert.All(pages, page => Assert.InRange(page.Length, 1, PageCutter.MaximumLength));
        var joined = new List<(byte[] Key, byte[] Value)>();
        var joiner = new PageJoiner(batch =>
        {
            foreach (var operation in MetadataBatch.Read(batch.Encoded))
                joined.Add((operation.Key.ToArray(), operation.Value.ToArray()));
        });
        foreach (var page in pages)
            joiner.Add(page);
        joiner.Finish();
        Assert.Equal(rows.Length, joined.Count);
        for (var i = 0; i < rows.Length; i++)
        {
            Assert.Equal(rows[i].Key, joined[i].Key);
            Assert.True(rows[i].Value.AsSpan().SequenceEqual(joined[i].Value));
        }
    }, iter: 30, threads: 1);

    [Fact]
    public void AChangedRowChangesFewPages()
    {
        var random = new Random(5);
        var rows = Enumerable.Range(0, 20_000).Select(i =>
        {
            var value = new byte[random.Next(50, 300)];
            random.NextBytes(value);
            return (Key: BitConverter.GetBytes(i).Reverse().ToArray(), Value: value);
        }).ToArray();
        var before = Cut(rows).Select(Convert.ToHexString).ToHashSet();
        Assert.True(before.Count > 20);
        rows[9_000].Value = new byte[3_000];
        var after = Cut([.. rows[..5_000], .. rows[5_001..]]).Select(Convert.ToHexString).ToList();
        Assert.InRange(after.Count(page => !before.Contains(page)), 1, 8);
    }

    [Fact]
    public void ACheckpointCutWithinARowIsRefused()
    {
        var pages = Cut([([1], new byte[1000])]);
        var joiner = new PageJoiner(_ => { });
        joiner.Add(pages[0].AsSpan(0, 500));
        Assert.Throws<InvalidDataException>(joiner.Finish);
    }

    private static List<byte[]> Cut((byte[] Key, byte[] Value)[] rows)
    {
        var pages = new List<byte[]>();
        var cutter = new PageCutter(page => pages.Add(page.ToArray()));
        foreach (var (key, value) in rows)
            cutter.Add(key, value);
        cutter.Finish();
        return pages;
    }
}
